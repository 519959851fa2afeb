/// A part of a text with its weight, to be tokenised by itself.
package struct PromptPiece: Sendable, Hashable {
  package var text: String
  package var weight: Double

  package init(_ text: String, _ weight: Double = 1) {
    self.text = text
    self.weight = weight
  }

  /// The end of a chunk. It is one by its text and weight, as in AUTOMATIC1111: a weight around `BREAK` makes it a word.
  package static let chunkEnd = PromptPiece("BREAK", -1)

  package var isChunkEnd: Bool { self == Self.chunkEnd }

  /// Reads a text in a language.
  package static func pieces(of text: String, _ syntax: PromptSyntax) throws(PromptError) -> [PromptPiece] {
    switch syntax {
    case .a1111: try AttentionParser.pieces(of: PromptScalars(text))
    case .comfy: try ComfyWeights.pieces(of: text)
    case .plain: [PromptPiece(text)]
    }
  }

  /// Writes pieces so that a language reads them again.
  ///
  /// Every piece keeps its text and weight; which of AUTOMATIC1111's pieces are empty may change.
  package static func text(of pieces: [PromptPiece], _ syntax: PromptSyntax) -> String {
    switch syntax {
    case .plain: pieces.map(\.text).joined()
    case .comfy: pieces.map { $0.written { $0.text.escaping("()") } }.joined()
    case .a1111:
      pieces.map { $0.isChunkEnd ? " BREAK " : $0.written { $0.text.escaping("()[]\\").splittingBreaks } }.joined()
    }
  }

  private func written(_ text: (PromptPiece) -> String) -> String {
    weight == 1 ? text(self) : "(\(text(self)):\(decimal(weight)))"
  }
}

extension String {
  fileprivate func escaping(_ characters: String) -> String {
    var escaped = String.UnicodeScalarView()
    for scalar in unicodeScalars {
      if characters.unicodeScalars.contains(scalar) { escaped.append("\\") }
      escaped.append(scalar)
    }
    return String(escaped)
  }

  /// A lone backslash is nothing by itself, and what stands on its two sides is no word.
  fileprivate var splittingBreaks: String {
    let scalars = PromptScalars(self)
    return scalars.inserting("\\", at: scalars.ranges(ofWord: "BREAK").map { $0.lowerBound + 1 }).text
  }
}

/// A number with all its digits and without an exponent, which weights cannot have.
func decimal(_ number: Double) -> String {
  let text = "\(number)"
  guard let mark = text.firstIndex(of: "e"), let exponent = Int(text[text.index(after: mark)...]) else { return text }
  let sign = number < 0 ? "-" : ""
  let digits = text[..<mark].filter(\.isNumber)
  let point =
    (text[..<mark].firstIndex(of: ".").map { text[..<$0].filter(\.isNumber).count } ?? digits.count) + exponent
  if point <= 0 { return sign + "0." + String(repeating: "0", count: -point) + digits }
  let padded = digits + String(repeating: "0", count: max(point - digits.count, 0))
  return sign + padded.prefix(point) + "." + (padded.count > point ? String(padded.dropFirst(point)) : "0")
}
