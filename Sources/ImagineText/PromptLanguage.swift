/// What a prompt holds of the languages that other programs have for prompts, and that are plain text here.
package struct PromptLanguage: Sendable, Equatable {
  /// One thing that was seen.
  package struct Finding: Sendable, Hashable {
    /// What it is, for people: `a weight`.
    package let kind: String
    /// As it stands in the prompt, cut if long.
    package let text: String
  }

  /// The first of each kind, in the order of the kinds.
  package let findings: [Finding]

  /// Looks through a prompt.
  package init(_ prompt: String) {
    // A prompt longer than this is cut long before its end.
    let text = String(prompt.unicodeScalars.prefix(20_000).map(Character.init))
    findings = Self.kinds.compactMap { kind, pattern in
      guard let match = text.firstMatch(of: pattern()) else { return nil }
      let found = match.output.trimmingSpaces
      return Finding(kind: kind, text: found.count > 40 ? found.prefix(39) + "…" : found)
    }
  }

  /// Patterns are made anew each time: a `Regex` cannot be shared between threads.
  private static let kinds: [(kind: String, pattern: @Sendable () -> Regex<Substring>)] = [
    ("a network", { /<(?:lora|lyco|hypernet):[^<>]{1,200}>/.ignoresCase() }),
    ("a weight", { /\([^()\[\]]{1,300}:\s*[+-]?[0-9]*\.?[0-9]+\s*\)/ }),
    ("an emphasis", { /\({2}[^()]{1,300}\){2}|\[{2}[^\[\]]{1,300}\]{2}/ }),
    ("an edit", { /\[[^\[\]]{0,200}:[^\[\]]{0,200}:?\s*[0-9]*\.?[0-9]+\s*\]/ }),
    ("an alternation", { /\[[^\[\]|]{1,200}\|[^\[\]]{0,200}\]/ }),
    ("a break", { /\bBREAK\b/ }),
    ("a composition", { /[a-z)>,.]\s+AND\s+[(<a-z]/ }),
    ("an embedding", { /\bembedding:[^\s,)]{1,100}/.ignoresCase() }),
    ("a choice", { /\{[^{}|]{0,200}\|[^{}]{0,200}\}/ }),
    ("a wildcard", { /__[A-Za-z0-9*][A-Za-z0-9\/_*-]{0,98}__/ }),
  ]
}

extension Substring {
  fileprivate var trimmingSpaces: String {
    let start = drop(while: \.isWhitespace)
    guard let end = start.lastIndex(where: { !$0.isWhitespace }) else { return "" }
    return String(start[...end])
  }
}
