extension String {
  /// Whether the bytes of `fragment` occur; faster than a search that knows Unicode.
  func containsASCII(_ fragment: String) -> Bool {
    var text = self
    var fragment = fragment
    return text.withUTF8 { text in
      fragment.withUTF8 { fragment in
        guard let first = fragment.first, text.count >= fragment.count else { return false }
        for start in 0...text.count - fragment.count where text[start] == first {
          if text[start..<start + fragment.count].elementsEqual(fragment) { return true }
        }
        return false
      }
    }
  }
}
