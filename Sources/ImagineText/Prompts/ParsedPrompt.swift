/// A prompt as its language means it.
///
/// AUTOMATIC1111's is read in that program's order: comments go, then networks, then parts joined by `AND`; in each part
/// edits are found, and the texts they lead to hold weights, which ``PromptPiece`` reads. A negative prompt has neither
/// networks nor parts. In the other languages a prompt is one text.
package struct ParsedPrompt: Sendable, Hashable, CustomStringConvertible {
  /// What stands between two `AND`.
  package struct Part: Sendable, Hashable {
    package let text: EditedText
    /// As written behind a colon at its end; nil for 1.
    package let weight: PromptNumber?
  }

  package let syntax: PromptSyntax
  /// At least one.
  package let parts: [Part]
  package let networks: [NetworkTag]
  /// What of other languages, or of this one, stands in it as plain text, or was left out as a comment.
  package let findings: [PromptFinding]
  private let isNegative: Bool

  /// Reads a prompt.
  ///
  /// - Throws: ``PromptError`` for what cannot be meant. Everything else has a meaning.
  package init(_ prompt: String, _ syntax: PromptSyntax, isNegative: Bool = false) throws(PromptError) {
    self.syntax = syntax
    self.isNegative = isNegative
    guard syntax == .a1111 else {
      parts = [Part(text: EditedText(prompt), weight: nil)]
      networks = []
      findings = syntax == .plain ? [] : try PromptFinding.inComfyText(PromptScalars(prompt))
      return
    }
    let comments = PromptComments(PromptScalars(prompt))
    var findings = comments.behindText.map { PromptFinding(.comment, $0) }
    guard !isNegative else {
      let text = try EditedTextParser.parse(comments.remaining)
      parts = [Part(text: text, weight: nil)]
      networks = []
      findings += NetworkTag.extract(from: comments.remaining).tags.map { PromptFinding(.network, $0.description) }
      findings += try PromptFinding.inText(comments.remaining, text)
      self.findings = findings
      return
    }
    let (remaining, tags) = NetworkTag.extract(from: comments.remaining)
    var parts: [Part] = []
    for part in remaining.parts {
      let (text, weight) = part.splittingWeight
      let edited = try EditedTextParser.parse(text)
      if let weight { try PromptError.check(weight.value, of: text.text) }
      findings += try PromptFinding.inText(text, edited)
      parts.append(Part(text: edited, weight: weight))
    }
    if parts.count == 1, let weight = parts[0].weight, weight.value != 1 {
      findings.append(PromptFinding(.wholeWeight, ":\(weight)"))
    }
    (self.parts, networks, self.findings) = (parts, tags, findings)
  }

  /// A prompt of the same meaning.
  package var description: String {
    let texts = parts.map { part in
      let text = syntax == .a1111 ? part.text.description.separatingNetworks : part.text.description
      let isWeighted = part.weight != nil || syntax == .a1111 && PromptScalars(text).splittingWeight.weight != nil
      return isWeighted && isComposed ? "\(text):\(part.weight?.description ?? "1")" : text
    }
    let joined = texts.dropFirst().reduce(texts.first ?? "") { joined, text in
      let touches = text.unicodeScalars.first?.isPromptWord ?? false
      return "\(joined) AND\(touches ? " " : "")\(text)"
    }
    return networks.map(\.description).joined() + joined
  }

  /// Whether its language has weights of parts.
  private var isComposed: Bool { syntax == .a1111 && !isNegative }
}

extension PromptScalars {
  /// What is between the words `AND`.
  fileprivate var parts: [PromptScalars] {
    var parts: [PromptScalars] = []
    var start = startIndex
    for range in ranges(ofWord: "AND") {
      parts.append(self[start..<range.lowerBound])
      start = range.upperBound
    }
    return parts + [self[start...]]
  }

  /// The text of a part, and the number behind a colon at its end.
  fileprivate var splittingWeight: (text: PromptScalars, weight: PromptNumber?) {
    if let colon = lastIndex(of: ":"), let weight = PromptNumber(decimal: self[(colon + 1)...].trimmed) {
      return (self[..<colon].trimmedEnd, weight)
    }
    return (trimmedEnd, nil)
  }
}

extension String {
  /// With a backslash, which by itself is nothing, in what would be taken out as a network.
  fileprivate var separatingNetworks: String {
    let scalars = PromptScalars(self)
    return scalars.inserting("\\", at: NetworkTag.ranges(in: scalars).map { $0.lowerBound + 1 }).text
  }
}
