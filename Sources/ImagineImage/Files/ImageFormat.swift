/// The formats that pictures are read and written in.
package enum ImageFormat: String, Sendable, Hashable, CaseIterable {
  case png
  case jpeg
  case webp

  /// As people write it.
  package var label: String {
    switch self {
    case .png: "PNG"
    case .jpeg: "JPEG"
    case .webp: "WebP"
    }
  }

  /// The endings of its files' names, the usual one first.
  package var endings: [String] {
    switch self {
    case .png: ["png"]
    case .jpeg: ["jpg", "jpeg"]
    case .webp: ["webp"]
    }
  }

  /// The format that the ending of a name stands for, in any case; nil if it stands for none of them.
  package init?(fileName: String) {
    guard let dot = fileName.utf8.lastIndex(of: UInt8(ascii: ".")) else { return nil }
    let ending = fileName[fileName.utf8.index(after: dot)...].lowercased()
    guard let format = Self.allCases.first(where: { $0.endings.contains(ending) }) else { return nil }
    self = format
  }

  /// The format that a file's first bytes tell, whatever its name is.
  init?(firstBytes bytes: [UInt8]) {
    if bytes.starts(with: [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]) {
      self = .png
    } else if bytes.starts(with: [0xFF, 0xD8, 0xFF]) {
      self = .jpeg
    } else if bytes.starts(with: "RIFF".utf8), bytes.dropFirst(8).starts(with: "WEBP".utf8) {
      self = .webp
    } else {
      return nil
    }
  }
}

/// Formats that people have pictures in and that are not read, to say so by name.
enum ForeignFormat {
  /// What a file with these first bytes is called; nil if it is not known either.
  static func name(firstBytes bytes: [UInt8]) -> String? {
    if bytes.dropFirst(4).starts(with: "ftyp".utf8) { return brand(bytes.dropFirst(8).prefix(4)) }
    return signatures.first { bytes.starts(with: $0.bytes) }?.name
  }

  private static let signatures: [(name: String, bytes: [UInt8])] = [
    ("a GIF", Array("GIF8".utf8)),
    ("a TIFF", [0x49, 0x49, 0x2A, 0]),
    ("a TIFF", [0x4D, 0x4D, 0, 0x2A]),
    ("a BMP", Array("BM".utf8)),
    ("a Photoshop file", Array("8BPS".utf8)),
    ("a JPEG XL", [0xFF, 0x0A]),
    ("a JPEG XL", [0, 0, 0, 0x0C, 0x4A, 0x58, 0x4C, 0x20]),
    ("a JPEG 2000", [0, 0, 0, 0x0C, 0x6A, 0x50, 0x20, 0x20]),
    ("an OpenEXR picture", [0x76, 0x2F, 0x31, 0x01]),
    ("an SVG", Array("<svg".utf8)),
    ("a PDF", Array("%PDF".utf8)),
  ]

  /// The formats of ISO's media files differ in a word of four letters.
  private static func brand(_ bytes: ArraySlice<UInt8>) -> String? {
    switch String(decoding: bytes, as: UTF8.self) {
    case "avif", "avis": "an AVIF"
    case "heic", "heix", "hevc", "hevx", "heim", "heis", "mif1", "msf1": "an HEIC"
    default: nil
    }
  }
}
