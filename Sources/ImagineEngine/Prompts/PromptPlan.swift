internal import ImagineModels
internal import ImagineText

/// What of a request's prompts a model reads: settled before anything is run.
struct PromptPlan: Sendable {
  /// A prompt, or one of the parts that it is made of, over all calls of the denoiser.
  struct Line: Sendable {
    /// How much it counts among the parts.
    let weight: Float
    /// What each encoder reads.
    fileprivate(set) var readings: [Reading]

    /// Sequences of every text, as many for each encoder.
    fileprivate(set) var sequences: Int
    var isEdited: Bool { readings.contains { $0.texts.count > 1 } }
  }

  /// What one encoder reads of a line.
  struct Reading: Sendable {
    let schedule: TextSchedule
    /// Of each text of the schedule, as many for one as for another.
    fileprivate(set) var texts: [[PromptChunk]]
  }

  /// The parts of the prompt, at least one.
  private(set) var positive: [Line]
  /// Nil where only the prompt is run.
  private(set) var negative: Line?
  /// What each encoder runs, each sequence once, whatever it counts.
  let sequences: [[PromptChunk]]
  /// Tokens of each part of the prompt.
  let positiveTokens: Int
  /// What words that are textual inversions stand for.
  let vectors: PromptVectors

  /// - Throws: `EngineError` for weights that cannot be meant, and textual inversions that cannot be read.
  init(
    _ request: PictureRequest, _ prompts: RequestPrompts, for model: OpenedModel, _ tokenizer: CLIPTokenizer,
    _ timing: EditTiming
  ) throws {
    let encoders = model.model.conditioning.texts.count
    let vectors = PromptVectors(request.embeddings, for: model.model.conditioning)
    let vocabulary = vectors.vocabulary(tokenizer)
    var chunks: [String: [PromptChunk]] = [:]
    func divided(_ text: String) throws -> [PromptChunk] {
      if let known = chunks[text] { return known }
      let pieces = try EngineError.translating { try PromptPiece.pieces(of: text, request.syntax) }
      let divided = try tokenizer.chunks(pieces, request.syntax, vocabulary)
      chunks[text] = divided
      return divided
    }
    func line(_ prompt: RequestPrompts.Reading, part: Int) throws -> Line {
      let readings = try (0..<encoders).map { encoder in
        let parts = prompt.prompt(ofEncoder: encoder, of: encoders).parts
        let schedule = TextSchedule(parts[min(part, parts.count - 1)].text, timing)
        return Reading(schedule: schedule, texts: try schedule.texts.map(divided))
      }
      let weight = prompt.first.parts[part].weight.map { Float($0.value) } ?? 1
      let sequences = readings.flatMap { $0.texts.map(\.count) }.max() ?? 0
      return Line(weight: weight, readings: readings, sequences: sequences)
    }
    var positive = try prompts.positive.first.parts.indices.map { try line(prompts.positive, part: $0) }
    var negative = request.isGuided(by: model) ? try line(prompts.negative, part: 0) : nil
    // Where prompts are not made equally long, each has as many sequences as its longest text.
    let common = request.levelsPrompts ? (positive + [negative].compactMap { $0 }).map(\.sequences).max() : nil
    for index in positive.indices { positive[index].level(to: common ?? positive[index].sequences) }
    if let own = negative?.sequences { negative?.level(to: common ?? own) }

    let lines = [negative].compactMap { $0 } + positive
    sequences = (0..<encoders).map { encoder in
      let texts = lines.flatMap { $0.readings[encoder].texts }
      var distinct = texts.joined().distinctTokens
      if request.emphasis == .comfy, texts.joined().contains(where: \.isWeighted), !distinct.contains(.empty) {
        distinct.append(.empty)
      }
      return distinct
    }
    (self.positive, self.negative) = (positive, negative)
    self.vectors = vectors
    positiveTokens = (positive.map(\.sequences).max() ?? 0) * CLIPTokenizer.sequenceLength
  }

  /// How a call runs the denoiser at most: rows of equal length are run at once.
  var largestRun: (rows: Int, tokens: Int) {
    guard let negative else { return (positive.count, positiveTokens) }
    let tokens = negative.sequences * CLIPTokenizer.sequenceLength
    if tokens == positiveTokens { return (positive.count + 1, tokens) }
    return positive.count == 1 ? (1, max(tokens, positiveTokens)) : (positive.count, positiveTokens)
  }
}

extension PromptPlan.Line {
  /// Gives all texts the same number of sequences: those that are short of some get empty ones.
  fileprivate mutating func level(to count: Int) {
    for reading in readings.indices {
      for text in readings[reading].texts.indices {
        let missing = max(count - readings[reading].texts[text].count, 0)
        readings[reading].texts[text] += Array(repeating: .empty, count: missing)
      }
    }
    sequences = count
  }
}

extension Sequence where Element == PromptChunk {
  /// Each sequence of tokens once, without its weights.
  fileprivate var distinctTokens: [PromptChunk] {
    var known: Set<[Int32]> = []
    return compactMap { known.insert($0.tokens).inserted ? $0.unweighted : nil }
  }
}
