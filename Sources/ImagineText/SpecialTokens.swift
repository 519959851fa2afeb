/// The two tokens that a prompt can spell out.
///
/// They are recognised in the text as written, before normalisation: only exact lower case counts.
enum SpecialTokens {
  enum Segment {
    case text(Range<Int>)
    case special(id: Int32, offset: Int)
  }

  static let startOfText = Array("<|startoftext|>".utf8)
  static let endOfText = Array("<|endoftext|>".utf8)

  /// Cuts a prompt's bytes into special tokens and the text between them.
  static func split(_ utf8: [UInt8]) -> [Segment] {
    var segments: [Segment] = []
    var textStart = 0
    var position = 0
    func closeText() {
      if textStart < position { segments.append(.text(textStart..<position)) }
    }
    while let bracket = utf8[position...].firstIndex(of: UInt8(ascii: "<")) {
      position = bracket
      let rest = utf8[position...]
      if rest.starts(with: startOfText) {
        closeText()
        segments.append(.special(id: CLIPTokenizer.startOfText, offset: position))
        position += startOfText.count
        textStart = position
      } else if rest.starts(with: endOfText) {
        closeText()
        segments.append(.special(id: CLIPTokenizer.endOfText, offset: position))
        position += endOfText.count
        textStart = position
      } else {
        position += 1
      }
    }
    position = utf8.count
    closeText()
    return segments
  }
}
