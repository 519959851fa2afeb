internal import ImagineModels
internal import ImagineSampling
internal import ImagineText

/// A request's two prompts as text encoders read them: in sequences of 77 tokens, as many for the one as for the other.
struct PromptTokens: Sendable {
  let positive: [TokenSequence]
  /// Nil where only one prompt is run.
  let negative: [TokenSequence]?

  init(_ request: PictureRequest, guided: Bool, _ tokenizer: CLIPTokenizer) {
    let texts = guided ? [request.prompt, request.negativePrompt] : [request.prompt]
    let prompts = CLIPTokenizer.levelled(texts.map { tokenizer.chunks($0) })
    positive = prompts[0]
    negative = guided ? prompts[1] : nil
  }

  /// Sequences of each prompt.
  var sequences: Int { positive.count }

  /// Prompts that are run at once.
  var prompts: Int { negative == nil ? 1 : 2 }

  /// The token ids of all sequences, the negative prompt's first, with an encoder's own padding: [rows][77].
  func ids(padding: Int32) -> [[Int32]] {
    ((negative ?? []) + positive).map { CLIPTokenizer.filled($0.ids, with: padding) }
  }
}

extension EngineNotice {
  /// Says what the prompts hold of prompt languages that are plain text here; nil if nothing.
  init?(languageOf request: PictureRequest) {
    let texts = [request.prompt] + (request.guidance.scale == 1 ? [] : [request.negativePrompt])
    let findings = texts.flatMap { PromptLanguage($0).findings }
    guard !findings.isEmpty else { return nil }
    let list = findings.map { "\($0.kind) \($0.text)" }.joined(separator: ", ")
    self.init(
      .promptLanguage,
      "The prompt holds \(list), from the languages that other programs have for prompts. This version does not know "
        + "them: all of it is read as plain text.")
  }

  /// What to expect of a picture of a size from a model made for another; nil if the two are near.
  ///
  /// A model knows pictures of the size it was trained on: far above it fills the room with repetitions, far below it has
  /// none for what it knows.
  init?(width: Int, height: Int, ownWidth: Int, ownHeight: Int) {
    let area = Double(width) * Double(height) / (Double(ownWidth) * Double(ownHeight))
    let sides = [Double(width) / Double(ownWidth), Double(height) / Double(ownHeight)]
    let effect: String
    if area > 2.3 || sides.contains(where: { $0 >= 2 }) {
      effect = "things tend to be repeated in"
    } else if area < 0.3 || sides.contains(where: { $0 < 0.5 }) {
      effect = "little can be recognised in"
    } else {
      return nil
    }
    self.init(
      .unusualSize,
      "The model was made for \(ownWidth)x\(ownHeight), and \(width)x\(height) is far from that: \(effect) such pictures."
    )
  }
}
