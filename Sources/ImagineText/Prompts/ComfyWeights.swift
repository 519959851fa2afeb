/// ComfyUI's weights: `(a)` counts 1.1 more than what is around it, `(a:1.3)` counts 1.3 whatever is around it; `\(` is a
/// bracket.
///
/// As comfy/sd1_clip.py has it: where the brackets of a text do not match, what follows the first of them is text.
struct ComfyWeights {
  private static let emphasis = 1.1
  /// Stand for escaped brackets while others are looked for.
  private static let escapedClose: Unicode.Scalar = "\u{1}", escapedOpen: Unicode.Scalar = "\u{2}"

  private var pieces: [PromptPiece] = []

  static func pieces(of text: String) throws(PromptError) -> [PromptPiece] {
    var parser = ComfyWeights()
    try parser.read(escaped(PromptScalars(text)), weight: 1, depth: 0)
    return parser.pieces
  }

  private mutating func read(_ text: PromptScalars, weight: Double, depth: Int) throws(PromptError) {
    guard depth <= PromptError.deepestNesting else { throw .nesting }
    for item in Self.items(of: text) {
      guard item.count >= 2, item.first == "(", item.last == ")" else {
        let text = Self.unescaped(item).text
        try PromptError.check(weight, of: text)
        pieces.append(PromptPiece(text, weight))
        continue
      }
      var inside = item.dropFirst().dropLast(), inner = weight * Self.emphasis
      if let colon = inside.lastIndex(of: ":"), colon > inside.startIndex,
        let number = PromptNumber(python: inside[(colon + 1)...])
      {
        (inner, inside) = (number.value, inside[..<colon])
      }
      try read(inside, weight: inner, depth: depth + 1)
    }
  }

  /// Groups in brackets, and what is between them.
  private static func items(of text: PromptScalars) -> [PromptScalars] {
    var items: [PromptScalars] = []
    var start = text.startIndex, nesting = 0
    func end(at index: Int) {
      if start < index { items.append(text[start..<index]) }
      start = index
    }
    for (index, scalar) in zip(text.indices, text) {
      switch scalar {
      case "(":
        if nesting == 0 { end(at: index) }
        nesting += 1
      case ")":
        nesting -= 1
        if nesting == 0 { end(at: index + 1) }
      default: break
      }
    }
    end(at: text.endIndex)
    return items
  }

  private static func escaped(_ text: PromptScalars) -> PromptScalars {
    var result: [Unicode.Scalar] = []
    var index = text.startIndex
    while index < text.endIndex {
      let next = index + 1 < text.endIndex ? text[index + 1] : nil
      if text[index] == "\\", next == ")" || next == "(" {
        result += ["\0", next == ")" ? escapedClose : escapedOpen]
        index += 2
      } else {
        result.append(text[index])
        index += 1
      }
    }
    return result[...]
  }

  private static func unescaped(_ text: PromptScalars) -> PromptScalars {
    guard text.contains("\0") else { return text }
    var result: [Unicode.Scalar] = []
    for scalar in text {
      if result.last == "\0", scalar == escapedClose || scalar == escapedOpen {
        result[result.count - 1] = scalar == escapedClose ? ")" : "("
      } else {
        result.append(scalar)
      }
    }
    return result[...]
  }
}
