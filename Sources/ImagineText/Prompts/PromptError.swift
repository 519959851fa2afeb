/// What a prompt holds that nobody can have meant.
package enum PromptError: Error, Sendable, Hashable, CustomStringConvertible {
  /// Brackets in brackets, deeper than weights or edits make sense.
  case nesting
  /// A weight that is no number, or so large that nothing else of the prompt is left.
  case weight(Double, of: String)
  /// A network's tag with what cannot be meant in it.
  case tag(String, String)

  /// The most brackets that may be open at once. Programs have no such limit, and take time that grows with its square.
  package static let deepestNesting = 256
  /// The largest weight, of either sign.
  package static let largestWeight = 1000.0

  package var description: String {
    switch self {
    case .nesting:
      "More than \(Self.deepestNesting) brackets are open at once in the prompt: close some, or write \\( for a bracket "
        + "that is text."
    case .tag(let tag, let problem):
      "\"\(Excerpt(tag))\" cannot be read, \(problem): write <lora:name:0.8>, or leave it out."
    case .weight(let weight, let text):
      "The weight of \"\(Excerpt(text))\" comes to \(weight): choose one from -1000 to 1000; 0.5 to 1.5 is usual."
    }
  }

  /// - Throws: ``weight(_:of:)`` for a weight that cannot be meant.
  static func check(_ weight: Double, of text: @autoclosure () -> String) throws(PromptError) {
    guard abs(weight) <= largestWeight else { throw .weight(weight, of: text()) }
  }
}

/// The beginning of a text, in one line, for messages.
struct Excerpt: CustomStringConvertible {
  let description: String

  init(_ text: some StringProtocol) {
    let line = text.prefix(41).map { $0.isNewline || $0.isControl ? " " : $0 }
    description = line.count > 40 ? String(line.prefix(39)) + "…" : String(line)
  }
}

extension Character {
  fileprivate var isControl: Bool { unicodeScalars.allSatisfy { $0.properties.generalCategory == .control } }
}
