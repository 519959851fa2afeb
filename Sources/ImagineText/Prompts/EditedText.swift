/// A text that changes while it is drawn: AUTOMATIC1111's `[from:to:when]` and `[a|b]`, one within the other at will.
package struct EditedText: Sendable, Hashable, CustomStringConvertible {
  package indirect enum Node: Sendable, Hashable {
    /// As written, with brackets that are weights or nothing.
    case text(String)
    /// One until a step, then the other.
    case edit(from: EditedText, to: EditedText, when: PromptNumber)
    /// Each in turn, step by step.
    case alternation([EditedText])
  }

  package internal(set) var nodes: [Node] = []

  init() {}

  /// A text that is always the same.
  package init(_ text: String) { nodes = text.isEmpty ? [] : [.text(text)] }

  /// Whether it ever changes.
  package var isEdited: Bool { nodes.contains { if case .text = $0 { false } else { true } } }

  /// The prompt that it was read from, but for spaces around the numbers.
  package var description: String {
    nodes.map { node in
      switch node {
      case .text(let text): text
      case .edit(let from, let to, let when): "[\(from):\(to):\(when)]"
      case .alternation(let options): "[\(options.map(\.description).joined(separator: "|"))]"
      }
    }.joined()
  }

  mutating func append(_ text: String) {
    guard !text.isEmpty else { return }
    guard case .text(var before) = nodes.last else {
      nodes.append(.text(text))
      return
    }
    // Held by nobody else, it grows in place.
    nodes.removeLast()
    before += text
    nodes.append(.text(before))
  }

  mutating func append(_ other: EditedText) {
    for node in other.nodes {
      if case .text(let text) = node { append(text) } else { nodes.append(node) }
    }
  }

  mutating func append(_ node: Node) { nodes.append(node) }
}
