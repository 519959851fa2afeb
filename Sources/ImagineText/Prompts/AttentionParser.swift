/// AUTOMATIC1111's weights: `(a)` counts 1.1, `[a]` 1/1.1, `(a:1.3)` 1.3, one within the other all of them; `\(` is a bracket.
///
/// As modules/prompt_parser.py has it: round and square brackets know nothing of each other; a bracket that is not closed
/// reaches to the end, and one that was not opened is text. A weight that is no number, `(a:1.2.3)`, is text; there it is an
/// error.
struct AttentionParser {
  private static let emphasis = 1.1

  private var pieces: [PromptPiece] = []
  /// The first piece within each open bracket.
  private var round: [Int] = [], square: [Int] = []

  static func pieces(of text: PromptScalars) throws(PromptError) -> [PromptPiece] {
    var parser = AttentionParser()
    try parser.read(text)
    return try parser.merged()
  }

  private mutating func read(_ text: PromptScalars) throws(PromptError) {
    var index = text.startIndex
    while index < text.endIndex {
      let scalar = text[index]
      switch scalar {
      case "\\":
        let next = index + 1 < text.endIndex ? text[index + 1] : nil
        let isEscape = next.map { "()[]\\".unicodeScalars.contains($0) } ?? false
        pieces.append(PromptPiece(isEscape ? next.map(String.init) ?? "" : ""))
        index += isEscape ? 2 : 1
        continue
      case "(", "[":
        guard round.count + square.count < PromptError.deepestNesting else { throw .nesting }
        if scalar == "(" { round.append(pieces.count) } else { square.append(pieces.count) }
      case ")":
        if let start = round.popLast() { multiply(from: start, by: Self.emphasis) } else { append(text[index...index]) }
      case "]":
        if let start = square.popLast() {
          multiply(from: start, by: 1 / Self.emphasis)
        } else {
          append(text[index...index])
        }
      case ":":
        guard let (number, end) = Self.weight(in: text, at: index) else {
          append(text[index...index])
          break
        }
        if let start = round.popLast() { multiply(from: start, by: number.value) } else { append(text[index..<end]) }
        index = end
        continue
      default:
        let end = text[index...].firstIndex { "\\()[]:".unicodeScalars.contains($0) } ?? text.endIndex
        append(text[index..<end])
        index = end
        continue
      }
      index += 1
    }
    for start in round { multiply(from: start, by: Self.emphasis) }
    for start in square { multiply(from: start, by: 1 / Self.emphasis) }
  }

  /// A colon, a number and the bracket that closes.
  private static func weight(in text: PromptScalars, at colon: Int) -> (PromptNumber, end: Int)? {
    let rest = text[(colon + 1)...].drop(while: \.isPromptSpace)
    let digits = rest.prefix { $0.isASCIIDigit || $0 == "." || $0 == "+" || $0 == "-" }
    guard let close = text[digits.endIndex...].firstIndex(where: { !$0.isPromptSpace }), text[close] == ")",
      let number = PromptNumber(decimal: digits)
    else { return nil }
    return (number, close + 1)
  }

  /// A run of text, cut where `BREAK` stands.
  private mutating func append(_ text: PromptScalars) {
    var rest = text
    for range in text.ranges(ofWord: "BREAK") {
      pieces.append(PromptPiece(rest[..<range.lowerBound].trimmedEnd.text))
      pieces.append(.chunkEnd)
      rest = text[range.upperBound...].drop(while: \.isPromptSpace)
    }
    pieces.append(PromptPiece(rest.text))
  }

  private mutating func multiply(from start: Int, by factor: Double) {
    for index in start..<pieces.count { pieces[index].weight *= factor }
  }

  /// Neighbours of one weight are one piece.
  private func merged() throws(PromptError) -> [PromptPiece] {
    var merged: [PromptPiece] = []
    for piece in pieces {
      try PromptError.check(piece.weight, of: piece.text)
      if merged.last?.weight == piece.weight {
        merged[merged.count - 1].text += piece.text
      } else {
        merged.append(piece)
      }
    }
    return merged.isEmpty ? [PromptPiece("")] : merged
  }
}
