/// A text that goes with a picture: a text chunk of a PNG, or what stands for it in other formats.
package struct PNGText: Sendable, Hashable {
  /// 1 to 79 printable ASCII characters without spaces at either end or in a row, such as `parameters`.
  package var keyword: String
  package var value: String

  package init(_ keyword: String, _ value: String) {
    self.keyword = keyword
    self.value = value
  }
}
