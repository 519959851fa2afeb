internal import ImagineGraph
internal import ImagineText

/// What a denoiser is told beside the noisy latents, at every call of a run.
struct Conditions: Sendable {
  /// A prompt, or a part of one, with all that it is on the way.
  struct Line: Sendable {
    /// What one encoder makes of it.
    struct Encoded: Sendable {
      let schedule: TextSchedule
      /// Of each text of the schedule: [1, T, D].
      var hidden: [HostTensor]
      /// Of each text, as one vector: [1, P]; nil of encoders that give none.
      var pooled: [HostTensor]?
    }

    let weight: Float
    /// By encoder.
    let encoded: [Encoded]
    /// Inputs that are the same at every call.
    let constants: [String: HostTensor]
    /// As many as the longest part of the prompt has: shorter ones repeat their last vector, as in AUTOMATIC1111.
    let tokens: Int

    func row(at call: Int) -> StepConditions.Row {
      var inputs = constants
      for one in encoded {
        let text = one.schedule.text(at: call)
        inputs["context"] = inputs["context"].map { $0.joinedChannels(with: one.hidden[text]) } ?? one.hidden[text]
        if let pooled = one.pooled { inputs["text_embeds"] = pooled[text] }
      }
      inputs["context"] = inputs["context"]?.repeatingLastRow(to: tokens)
      return StepConditions.Row(inputs: inputs, tokens: tokens, weight: weight)
    }
  }

  let positive: [Line]
  let negative: Line?

  /// What the denoiser is told at a call of the model.
  ///
  /// - Parameter call: from 0, of the whole run: prompts that change count in calls, as in AUTOMATIC1111.
  func rows(at call: Int) -> StepConditions {
    StepConditions(positive: positive.map { $0.row(at: call) }, negative: negative?.row(at: call))
  }
}

/// What a denoiser is told beside the noisy latents at one call.
struct StepConditions: Sendable {
  /// What it is told for one of the prompts that it runs for.
  struct Row: Sendable {
    /// By the names of the denoiser's inputs, one row each: `context` [1, T, D], `text_embeds` [1, P], `time_ids` [1, n],
    /// `timestep_cond` [1, W].
    var inputs: [String: HostTensor]
    var tokens: Int
    /// Of a part of the prompt.
    var weight: Float
  }

  /// The prompt's parts, at least one.
  var positive: [Row]
  /// Nil where only the prompt is run.
  var negative: Row?
}

extension HostTensor {
  /// [..., C] and [..., D] -> [..., C + D]
  func joinedChannels(with other: HostTensor) -> HostTensor {
    let first = shape.last, second = other.shape.last, rows = shape.count / first
    let (a, b) = (floats, other.floats)
    var values: [Float] = []
    values.reserveCapacity(rows * (first + second))
    for row in 0..<rows {
      values += a[row * first..<(row + 1) * first]
      values += b[row * second..<(row + 1) * second]
    }
    return HostTensor(shape.replacing(axis: shape.rank - 1, with: first + second), values)
  }

  /// [1, T, D] -> [1, count, D]
  fileprivate func repeatingLastRow(to count: Int) -> HostTensor {
    guard shape[1] < count else { return self }
    let values = floats, last = values.suffix(shape.last)
    return HostTensor([1, count, shape.last], values + (shape[1]..<count).flatMap { _ in last })
  }
}
