/// Something in a prompt that people may mean otherwise than it is read: of other languages, or of its own.
package struct PromptFinding: Sendable, Hashable {
  package enum Kind: Sendable, Hashable, CaseIterable {
    /// `<lora:name:1>` where networks are not looked for.
    case network
    /// `[a:b:0.5]` or `[a|b]`, read as text.
    case edit
    /// `(a:1.2.3)`, read as text.
    case weight
    /// `BREAK`, `AND`, `[a|b]` and the like of AUTOMATIC1111's language in another, read as text.
    case foreign
    /// `embedding:name`, read as text.
    case embedding
    /// `embedding:name`, left out.
    case missingEmbedding
    /// `{a|b}`, read as text.
    case choice
    /// `__name__`, read as text.
    case wildcard
    /// A comment behind text, left out.
    case comment
    /// A number at the end of a prompt of one part, read as that part's weight.
    case wholeWeight
  }

  package let kind: Kind
  /// As it stands in the prompt, in one line, cut if long.
  package let text: String

  init(_ kind: Kind, _ text: some StringProtocol) {
    self.kind = kind
    self.text = "\(Excerpt(text))"
  }

  /// What stands in a text of AUTOMATIC1111's language and is not of it.
  static func inText(_ text: PromptScalars, _ edited: EditedText) throws(PromptError) -> [PromptFinding] {
    var findings: [PromptFinding] = []
    if !edited.isEdited {
      // What the grammar would have seen but for another character somewhere in the prompt.
      findings += try EditedTextParser.attempted(in: text).map { PromptFinding(.edit, $0.description) }
    }
    return findings + brokenWeights(in: text) + embeddings(in: text, .embedding) + choices(in: text)
      + wildcards(in: text)
  }

  /// The same of ComfyUI's, which knows weights alone.
  static func inComfyText(_ text: PromptScalars) throws(PromptError) -> [PromptFinding] {
    var findings = NetworkTag.extract(from: text).tags.map { PromptFinding(.network, $0.description) }
    findings += try EditedTextParser.attempted(in: text).map { PromptFinding(.foreign, $0.description) }
    findings += ["BREAK", "AND"].filter { !text.ranges(ofWord: $0).isEmpty }.map { PromptFinding(.foreign, $0) }
    return findings + embeddings(in: text, .missingEmbedding) + choices(in: text) + wildcards(in: text)
  }

  private static func brokenWeights(in text: PromptScalars) -> [PromptFinding] {
    text.indices.compactMap { colon in
      guard text[colon] == ":" else { return nil }
      let digits = text[(colon + 1)...].prefix { $0.isASCIIDigit || $0 == "." }
      guard digits.contains(where: \.isASCIIDigit), digits.endIndex < text.endIndex, text[digits.endIndex] == ")",
        PromptNumber(decimal: digits) == nil
      else { return nil }
      return PromptFinding(.weight, text[colon...digits.endIndex].text)
    }
  }

  private static func embeddings(in text: PromptScalars, _ kind: Kind) -> [PromptFinding] {
    EmbeddingWord.words(in: text).map { PromptFinding(kind, text[$0].text) }
  }

  /// The innermost `{...}` with a `|`.
  private static func choices(in text: PromptScalars) -> [PromptFinding] {
    var findings: [PromptFinding] = []
    var open: Int?
    var hasBar = false
    for (index, scalar) in zip(text.indices, text) {
      switch scalar {
      case "{": (open, hasBar) = (index, false)
      case "|": hasBar = true
      case "}":
        if let start = open, hasBar { findings.append(PromptFinding(.choice, text[start...index].text)) }
        open = nil
      default: break
      }
    }
    return findings
  }

  private static func wildcards(in text: PromptScalars) -> [PromptFinding] {
    let words = text.split { scalar in
      switch scalar {
      case "a"..."z", "A"..."Z", "0"..."9", "_", "-", "/", "*": false
      default: true
      }
    }
    return words.compactMap { word in
      guard let start = word.indices.first(where: { word[$0...].starts(with: "__".unicodeScalars) }) else { return nil }
      let name = word[(start + 2)...].drop { $0 == "_" }
      guard let end = name.indices.first(where: { name[$0...].starts(with: "__".unicodeScalars) }),
        end > name.startIndex
      else { return nil }
      return PromptFinding(.wildcard, text[(name.startIndex - 2)..<end + 2].text)
    }
  }
}

/// ComfyUI's way to ask for an embedding: `embedding:name` at the beginning of a word.
enum EmbeddingWord {
  static let mark = Array("embedding:".unicodeScalars)

  /// Where they stand, up to the white space or the comma behind the name.
  static func words(in text: PromptScalars) -> [Range<Int>] {
    var words: [Range<Int>] = []
    var index = text.startIndex
    while let start = text[index...].firstIndex(of: mark[0]) {
      index = start + 1
      guard text[start...].starts(with: mark), start == text.startIndex || !text[start - 1].isPromptWord else {
        continue
      }
      let name = text[(start + mark.count)...].prefix { !$0.isPromptSpace && !",()[]:".unicodeScalars.contains($0) }
      guard !name.isEmpty else { continue }
      words.append(start..<name.endIndex)
      index = name.endIndex
    }
    return words
  }
}
