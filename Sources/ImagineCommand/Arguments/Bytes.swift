/// Comparisons byte by byte, for words that may be anything: to Swift, two spellings of one accent are equal, which takes
/// seconds to find out where thousands of marks follow one letter.
extension String {
  func isExactly(_ other: String) -> Bool { utf8.elementsEqual(other.utf8) }

  func begins(with other: String) -> Bool { utf8.starts(with: other.utf8) }
}
