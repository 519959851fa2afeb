/// What matters here of a picture's EXIF notes: which way is up, and the settings it was drawn with.
///
/// EXIF is a TIFF file of tags in directories. Every length in it is taken as a claim: what points beyond the end is left
/// out, as is what is of another type, so that there is no EXIF that cannot be read.
struct ExifReading {
  private(set) var orientation: Orientation?
  private(set) var text: [PNGText] = []

  private enum Tag {
    static let orientation = 0x0112
    static let exifDirectory = 0x8769
    static let userComment = 0x9286
    /// Texts in which ComfyUI keeps JSON behind `prompt:` and `workflow:`: description, maker and model.
    static let descriptions = [0x010E, 0x010F, 0x0110]
  }

  init(_ bytes: ArraySlice<UInt8>) {
    // WebP and PNG have the TIFF structure alone; some writers put JPEG's mark before it all the same.
    let mark: [UInt8] = Array("Exif\0\0".utf8)
    guard let tiff = TIFFStructure(bytes.starts(with: mark) ? bytes.dropFirst(mark.count) : bytes) else { return }
    let main = tiff.directory(at: tiff.firstDirectory)
    orientation = main[Tag.orientation].flatMap { Orientation(rawValue: UInt16(clamping: tiff.number($0) ?? 0)) }
    for tag in Tag.descriptions {
      guard let entry = main[tag] else { continue }
      let value = String(decoding: tiff.contents(entry).prefix { $0 != 0 }, as: UTF8.self)
      for keyword in ["prompt", "workflow"] where value.utf8.starts(with: "\(keyword):".utf8) {
        text.append(PNGText(keyword, String(value.unicodeScalars.dropFirst(keyword.utf8.count + 1))))
      }
    }
    let notes = main[Tag.exifDirectory].flatMap(tiff.number).map(tiff.directory) ?? [:]
    if let entry = notes[Tag.userComment], let comment = UserComment.decode(tiff.contents(entry)) {
      text.append(PNGText(Infotext.keyword, comment))
    }
  }
}

/// EXIF's comment: eight bytes that name a code, and text in it.
enum UserComment {
  private static let unicode = Array("UNICODE\0".utf8)
  private static let ascii = Array("ASCII\0\0\0".utf8)
  private static let unnamed = [UInt8](repeating: 0, count: 8)

  /// The text; nil if there is none, or it is in a code of old (JIS).
  static func decode(_ bytes: ArraySlice<UInt8>) -> String? {
    guard bytes.count > 8 else { return nil }
    let code = Array(bytes.prefix(8)), contents = bytes.dropFirst(8)
    let text: String
    switch code {
    case unicode: text = utf16(contents)
    case ascii, unnamed: text = String(decoding: contents, as: UTF8.self)
    default: return nil
    }
    let scalars = text.unicodeScalars
    guard let last = scalars.lastIndex(where: { $0 != "\0" && $0 != " " }) else { return nil }
    return String(scalars[...last])
  }

  /// "UNICODE" does not say which byte of two comes first, and programs differ: A1111 always writes the higher one first,
  /// others go by the order of the numbers in the EXIF. Letters and digits of the settings, whose higher byte is zero, tell.
  private static func utf16(_ bytes: ArraySlice<UInt8>) -> String {
    var zeros = (even: 0, odd: 0)
    for (place, byte) in bytes.enumerated() where byte == 0 {
      if place.isMultiple(of: 2) { zeros.even += 1 } else { zeros.odd += 1 }
    }
    let isBigEndian = bytes.starts(with: [0xFE, 0xFF]) || !bytes.starts(with: [0xFF, 0xFE]) && zeros.even >= zeros.odd
    let array = Array(bytes)
    let units = stride(from: 0, to: array.count - 1, by: 2).map { place -> UInt16 in
      let first = UInt16(array[place]), second = UInt16(array[place + 1])
      return isBigEndian ? first << 8 | second : second << 8 | first
    }
    return String(decoding: units.first == 0xFEFF ? units.dropFirst() : units[...], as: UTF16.self)
  }

  /// The comment as A1111 writes it, by piexif: UTF-16, the higher byte first.
  static func encode(_ text: String) -> [UInt8] {
    unicode + text.utf16.flatMap { [UInt8($0 >> 8), UInt8($0 & 0xFF)] }
  }
}
