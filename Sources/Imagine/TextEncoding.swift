internal import ImagineGraph
internal import ImagineText

/// A request's two prompts as the text encoder reads them.
struct PromptTokens {
  let positive: TokenSequence
  let negative: TokenSequence

  init(_ request: GenerationRequest, _ tokenizer: CLIPTokenizer) {
    positive = tokenizer.sequence(request.prompt)
    negative = tokenizer.sequence(request.negativePrompt)
  }

  /// What the person should know: text that did not fit.
  var notices: [Notice] {
    [("prompt", positive), ("negative prompt", negative)].compactMap { name, sequence in
      guard sequence.ignoredCount > 0 else { return nil }
      return Notice(
        .promptCut,
        "The last \(sequence.ignoredCount) tokens of the \(name) are ignored, because only \(CLIPTokenizer.capacity) fit: "
          + "\"\(sequence.ignoredText)\".")
    }
  }
}

extension TensorRecorder {
  /// Notes the prompts' tokens and their vectors: the negative prompt's are the first of two.
  func add(prompts: PromptTokens, context: HostTensor) {
    let shape = [1, context.shape[1], context.shape[2]]
    let values = context.floats, one = shape[1] * shape[2]
    add("tokens.positive", [1, prompts.positive.ids.count], prompts.positive.ids)
    add("context.positive", shape, Array(values.suffix(one)))
    guard context.shape[0] == 2 else { return }
    add("tokens.negative", [1, prompts.negative.ids.count], prompts.negative.ids)
    add("context.negative", shape, Array(values.prefix(one)))
  }
}

extension Notice {
  /// Says what the prompts hold of prompt languages that are plain text here; nil if nothing.
  init?(languageOf request: GenerationRequest) {
    let texts = [request.prompt] + (request.guidanceScale == 1 ? [] : [request.negativePrompt])
    let findings = texts.flatMap { PromptLanguage($0).findings }
    guard !findings.isEmpty else { return nil }
    let list = findings.map { "\($0.kind) \($0.text)" }.joined(separator: ", ")
    self.init(
      .promptLanguage,
      "The prompt holds \(list), from the languages that other programs have for prompts. This version does not know "
        + "them: all of it is read as plain text.")
  }
}
