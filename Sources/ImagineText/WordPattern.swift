/// CLIP's word pattern, matched by hand:
/// `<\|startoftext\|>|<\|endoftext\|>|'s|'t|'re|'ve|'m|'ll|'d|\p{L}+|\p{N}|[^\s\p{L}\p{N}]+`.
extension NormalizedText {
  private static let contractions: [[Unicode.Scalar]] = [
    ["'", "s"], ["'", "t"], ["'", "r", "e"], ["'", "v", "e"], ["'", "m"], ["'", "l", "l"], ["'", "d"],
  ]

  /// A special token's name that was not written in lower case. The pattern finds it, but the byte-level step behind
  /// the pattern splits it again into brackets and name, so that it only ends the punctuation before and after it.
  private static let lateSpecials = [SpecialTokens.startOfText, SpecialTokens.endOfText].map {
    $0.map(Unicode.Scalar.init)
  }

  /// Returns the words of the text as ranges of scalars; white space belongs to none.
  func words() -> [Range<Int>] {
    var words: [Range<Int>] = []
    var position = 0
    while position < scalars.count {
      if scalars[position] == "<", let special = Self.lateSpecials.first(where: { matches($0, at: position) }) {
        let end = position + special.count
        words += [position..<position + 2, position + 2..<end - 2, end - 2..<end]
        position = end
        continue
      }
      let end = wordEnd(from: position)
      if categories[position] != .space { words.append(position..<end) }
      position = end
    }
    return words
  }

  private func wordEnd(from start: Int) -> Int {
    switch categories[start] {
    case .space, .number:
      return start + 1
    case .letter, .other:
      if scalars[start] == "'",
        let contraction = Self.contractions.first(where: { matches($0, at: start) })
      {
        return start + contraction.count
      }
      let end = categories[start...].firstIndex { $0 != categories[start] }
      return end ?? categories.endIndex
    }
  }

  private func matches(_ literal: [Unicode.Scalar], at position: Int) -> Bool {
    scalars[position...].starts(with: literal)
  }
}
