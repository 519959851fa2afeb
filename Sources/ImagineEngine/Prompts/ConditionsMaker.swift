internal import ImagineGraph
internal import ImagineModels
internal import ImagineSampling
internal import ImagineText

/// Carries out a model's recipe for its conditions.
struct ConditionsMaker {
  let model: DiffusionModel
  let runner: NetworkRunner
  let policy: MemoryPolicy
  let report: NetworkRunner.Report

  /// Encodes all texts that the prompts go through, each sequence once.
  ///
  /// - Parameter recorder: notes what the first call is told, of prompts that are the same at every call.
  func make(
    _ request: PictureRequest, _ prompts: RequestPrompts, _ plan: PromptPlan, _ recorder: TensorRecorder?
  ) throws -> Conditions {
    let recipe = model.conditioning
    guard !recipe.texts.isEmpty else { throw GraphError("the model has no text encoder") }
    let encoders = try recipe.texts.indices.map { try encode(plan.sequences[$0], $0, request) }
    func line(_ line: PromptPlan.Line, isNegative: Bool) -> Conditions.Line {
      var encoded = line.readings.indices.map { encoders[$0].encoded(line.readings[$0], request.emphasis) }
      if isNegative, recipe.zeroesEmptyNegative, request.zeroesEmptyNegative, prompts.negative.isEmpty {
        encoded = encoded.map(\.zeroed)
      }
      return Conditions.Line(
        weight: line.weight, encoded: encoded, constants: constants(request, isNegative: isNegative),
        tokens: isNegative ? line.sequences * CLIPTokenizer.sequenceLength : plan.positiveTokens)
    }
    let conditions = Conditions(
      positive: plan.positive.map { line($0, isNegative: false) },
      negative: plan.negative.map { line($0, isNegative: true) })
    recorder?.add(plan, conditions, recipe)
    return conditions
  }

  private func constants(_ request: PictureRequest, isNegative: Bool) -> [String: HostTensor] {
    let recipe = model.conditioning
    var constants: [String: HostTensor] = [:]
    if !recipe.numbers.isEmpty {
      constants["time_ids"] = HostTensor(
        [1, recipe.numbers.count], recipe.numbers.map { request.value($0, isNegative: isNegative) })
    }
    if let width = recipe.guidanceWidth {
      constants["timestep_cond"] = HostTensor(
        [1, width], guidanceEmbedding(scale: request.guidance.scale, width: width))
    }
    return constants
  }

  /// - Parameter index: of the encoder.
  private func encode(
    _ sequences: [PromptChunk], _ index: Int, _ request: PictureRequest
  ) throws -> EncodedSequences {
    let recipe = model.conditioning, text = recipe.texts[index]
    let ids = sequences.map { $0.ids(padding: text.padding) }
    var shape = NetworkShape(rows: ids.count)
    shape.skippedLayers = try request.skippedLayers(of: text)
    var inputs = ["ids": HostTensor([ids.count, CLIPTokenizer.sequenceLength], ids.flatMap { $0 })]
    if recipe.pooled == index {
      // A row of weights that picks the vector at the end of the text.
      let rows = ids.map { row in
        let end = row.firstIndex(of: CLIPTokenizer.endOfText) ?? row.count - 1
        return row.indices.map { Float($0 == end ? 1 : 0) }
      }
      inputs["pooling"] = HostTensor([ids.count, 1, CLIPTokenizer.sequenceLength], rows.flatMap { $0 })
    }
    let results = try runner.run(text.role, shape, inputs, policy, report: report)
    return EncodedSequences(
      sequences, hidden: results[0], pooled: recipe.pooled == index && results.count > 1 ? results[1] : nil)
  }
}

/// What an encoder made of the sequences it was given.
private struct EncodedSequences {
  private let places: [[Int32]: Int]
  /// [sequences, 77, D]
  private let hidden: [Float]
  private let width: Int
  /// [sequences, P]
  private let pooled: HostTensor?

  init(_ sequences: [PromptChunk], hidden: HostTensor, pooled: HostTensor?) {
    places = Dictionary(zip(sequences.map(\.tokens), sequences.indices)) { first, _ in first }
    (self.hidden, width, self.pooled) = (hidden.floats, hidden.shape.last, pooled)
  }

  /// [77, D]; empty for a sequence that was not encoded.
  private func hidden(of chunk: PromptChunk) -> [Float] {
    guard let place = places[chunk.tokens] else { return [] }
    let count = CLIPTokenizer.sequenceLength * width
    return Array(hidden[place * count..<(place + 1) * count])
  }

  /// All texts of a line with their weights; as one vector each is its first sequence, whatever it counts.
  func encoded(_ reading: PromptPlan.Reading, _ emphasis: Emphasis) -> Conditions.Line.Encoded {
    let rule = EmphasisRule(emphasis: emphasis, empty: emphasis == .comfy ? hidden(of: .empty) : [])
    let texts = reading.texts.map { $0.map { (chunk: $0, hidden: hidden(of: $0)) } }
    let tensors = rule.weighed(texts, reading.schedule).map { sequences in
      HostTensor([1, sequences.count * CLIPTokenizer.sequenceLength, width], sequences.flatMap { $0 })
    }
    let vectors = pooled.map { pooled in
      let size = pooled.shape.last, values = pooled.floats
      return reading.texts.map { text in
        let place = text.first.flatMap { places[$0.tokens] } ?? 0
        return HostTensor([1, size], Array(values[place * size..<(place + 1) * size]))
      }
    }
    return Conditions.Line.Encoded(schedule: reading.schedule, hidden: tensors, pooled: vectors)
  }
}

extension Conditions.Line.Encoded {
  /// What models that were trained so take for a negative prompt of nothing.
  fileprivate var zeroed: Self {
    func zeros(_ tensor: HostTensor) -> HostTensor {
      HostTensor(tensor.shape, [Float](repeating: 0, count: tensor.shape.count))
    }
    var zeroed = self
    zeroed.hidden = hidden.map(zeros)
    zeroed.pooled = pooled.map { $0.map(zeros) }
    return zeroed
  }
}

extension TensorRecorder {
  /// Notes tokens, vectors and pooled vectors of prompts that are one text each.
  fileprivate func add(_ plan: PromptPlan, _ conditions: Conditions, _ recipe: Conditioning) {
    let rows = conditions.rows(at: 0)
    for (name, lines, row) in [
      ("positive", plan.positive, rows.positive[0]), ("negative", [plan.negative].compactMap { $0 }, rows.negative),
    ] {
      guard lines.count == 1, !lines[0].isEdited, let row else { continue }
      for (encoder, reading) in lines[0].readings.enumerated() {
        let ids = reading.texts[0].flatMap { $0.ids(padding: recipe.texts[encoder].padding) }
        add(encoder == 0 ? "tokens.\(name)" : "tokens_\(encoder + 1).\(name)", [1, ids.count], ids)
      }
      for (input, noted) in [("context", "context"), ("text_embeds", "pooled")] {
        if let tensor = row.inputs[input] { add("\(noted).\(name)", tensor.shape.dimensions, tensor.floats) }
      }
    }
  }
}
