/// A prompt's characters as the grammars read them. They are Python's, which goes by Unicode scalars.
typealias PromptScalars = ArraySlice<Unicode.Scalar>

extension PromptScalars {
  init(_ text: String) { self = Array(text.unicodeScalars)[...] }

  var text: String { String(String.UnicodeScalarView(self)) }

  /// With a character before each of some places, which ascend.
  func inserting(_ scalar: Unicode.Scalar, at places: [Int]) -> PromptScalars {
    var result: [Unicode.Scalar] = []
    var start = startIndex
    for place in places {
      result += self[start..<place]
      result.append(scalar)
      start = place
    }
    return (result + self[start...])[...]
  }

  /// Without white space at the end.
  var trimmedEnd: PromptScalars { self[..<((lastIndex { !$0.isPromptSpace }).map { $0 + 1 } ?? startIndex)] }

  /// Without white space at both ends.
  var trimmed: PromptScalars { drop(while: \.isPromptSpace).trimmedEnd }

  /// The places where a word stands by itself, in order: what `\bWORD\b` finds.
  func ranges(ofWord word: String) -> [Range<Int>] {
    let letters = Array(word.unicodeScalars)
    var ranges: [Range<Int>] = []
    var index = startIndex
    while let start = self[index...].firstIndex(of: letters[0]) {
      let end = start + letters.count
      index = start + 1
      guard end <= endIndex, self[start..<end].elementsEqual(letters) else { continue }
      if start > startIndex, self[start - 1].isPromptWord { continue }
      if end < endIndex, self[end].isPromptWord { continue }
      ranges.append(start..<end)
      index = end
    }
    return ranges
  }
}

extension Unicode.Scalar {
  /// What Python's `\w` takes.
  var isPromptWord: Bool {
    switch self {
    case "a"..."z", "A"..."Z", "0"..."9", "_": return true
    case "\0"..."\u{7F}": return false
    default: break
    }
    switch properties.generalCategory {
    case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter, .decimalNumber,
      .letterNumber, .otherNumber:
      return true
    default: return false
    }
  }

  /// What Python's `\s` takes.
  var isPromptSpace: Bool {
    switch self {
    case " ", "\t"..."\r", "\u{1C}"..."\u{1F}": true
    case "\0"..."\u{7F}": false
    default: properties.isWhitespace
    }
  }
}
