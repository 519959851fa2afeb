/// EXIF notes that hold one thing, the settings of a picture.
enum ExifWriting {
  /// A TIFF structure, byte for byte as piexif 1.1 makes it for A1111: a directory that points to a directory that
  /// points to the comment. The second has no link to a next one, which nothing would follow.
  static func structure(comment text: String) -> [UInt8] {
    let comment = UserComment.encode(text)
    var bytes: [UInt8] = [0x4D, 0x4D, 0, 42]
    func append(_ value: Int, _ width: Int) {
      bytes += (0..<width).reversed().map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
    }
    func appendDirectory(tag: Int, type: Int, count: Int, value: Int) {
      append(1, 2)
      append(tag, 2)
      append(type, 2)
      append(count, 4)
      append(value, 4)
    }
    append(8, 4)
    appendDirectory(tag: 0x8769, type: 4, count: 1, value: 26)
    append(0, 4)
    appendDirectory(tag: 0x9286, type: 7, count: comment.count, value: 40)
    return bytes + comment
  }

  /// The text that EXIF can hold among a picture's texts; nil if there is none.
  ///
  /// Throws `ImageError.invalidText` for one of another keyword, which would be lost.
  static func comment(of texts: [PNGText], in format: ImageFormat) throws(ImageError) -> String? {
    if let other = texts.first(where: { $0.keyword != Infotext.keyword }) {
      throw .invalidText(
        keyword: other.keyword, reason: "a \(format.label) has room for '\(Infotext.keyword)' alone; write a PNG")
    }
    return texts.first?.value
  }
}
