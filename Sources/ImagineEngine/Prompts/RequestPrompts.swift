internal import ImagineText

extension PictureRequest {
  /// - Throws: `EngineError` for brackets, weights or parts of the prompts that cannot be meant.
  package func requirePrompts() throws { _ = try RequestPrompts(self) }
}

extension PictureRequest {
  /// The textual inversions that the prompts name and the model reads.
  package func namedEmbeddings(by model: OpenedModel) throws -> [String] {
    try PromptPlan(self, RequestPrompts(self), for: model, CLIPTokenizer(), editTiming).vectors.used
  }
}

/// A request's prompts, read in their language.
struct RequestPrompts: Sendable {
  /// One prompt as text encoders read it.
  struct Reading: Sendable {
    let first: ParsedPrompt
    /// For the last of several encoders; nil if it reads the same.
    let second: ParsedPrompt?

    /// What an encoder reads.
    func prompt(ofEncoder index: Int, of count: Int) -> ParsedPrompt {
      count > 1 && index == count - 1 ? second ?? first : first
    }

    /// Whether there is nothing to draw in it, or to stay away from.
    var isEmpty: Bool {
      [first, second].compactMap { $0 }.allSatisfy { $0.parts.allSatisfy { $0.text.nodes.isEmpty } }
    }
  }

  /// What each model of a request, or of one of its passes, reads of the prompts.
  ///
  /// - Throws: `EngineError` for weights that cannot be meant, and textual inversions that cannot be read.
  func plans(
    for request: PictureRequest, _ models: [OpenedModel], _ tokenizer: CLIPTokenizer
  ) throws -> [PromptPlan] {
    try models.map { try PromptPlan(request, self, for: $0, tokenizer, request.editTiming) }
  }

  /// The most parts of a prompt: the denoiser runs for all of them at every call.
  static let mostParts = 64

  let positive: Reading
  let negative: Reading

  /// - Throws: `EngineError` for brackets, weights or parts that cannot be meant.
  init(_ request: PictureRequest) throws {
    func read(_ text: String, isNegative: Bool) throws -> ParsedPrompt {
      try EngineError.translating { try ParsedPrompt(text, request.syntax, isNegative: isNegative) }
    }
    func reading(_ first: String, _ second: String?, isNegative: Bool) throws -> Reading {
      Reading(
        first: try read(first, isNegative: isNegative), second: try second.map { try read($0, isNegative: isNegative) })
    }
    positive = try reading(request.prompt, request.secondPrompt, isNegative: false)
    negative = try reading(request.negativePrompt, request.secondNegativePrompt, isNegative: true)
    guard positive.first.parts.count <= Self.mostParts else {
      throw EngineError(
        .invalidRequest,
        "The prompt has \(positive.first.parts.count) parts joined by AND, and the model would be run for each: write at most "
          + "\(Self.mostParts).")
    }
    guard let second = positive.second, second.parts.count > 1, second.parts.count != positive.first.parts.count else {
      return
    }
    throw EngineError(
      .invalidRequest,
      "The second prompt has \(second.parts.count) parts joined by AND, the prompt \(positive.first.parts.count): write as "
        + "many, or one.")
  }
}
