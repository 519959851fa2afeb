internal import Foundation

/// Files that people take for safetensors files, told apart by their first bytes.
///
/// A safetensors file begins with a length of at most 100,000,000, so bytes 4 to 7 are zero; no format below can be
/// mistaken for one.
enum ForeignFormat {
  /// Throws what the file is, and what to do, when it is one of these.
  static func reject(_ file: MappedFile) throws(CheckpointError) {
    let name = quoted(file.url.lastPathComponent)
    let head = Array(file.bytes.prefix(512))
    guard !head.isEmpty else {
      throw CheckpointError(.truncatedFile, "\(name) is empty: download it again.")
    }
    if head.count > 8, head[..<8].allSatisfy({ $0 == 0 }) {
      throw CheckpointError(
        .truncatedFile, "\(name) begins with zeros, as after a download that broke off: download it again.")
    }
    guard head.count < 8 || head[4..<8].contains(where: { $0 != 0 }) else { return }
    guard let answer = signatures.first(where: { $0.matches(head) })?.answer ?? textAnswer(head) else { return }
    throw CheckpointError(.unsupportedFormat, "\(name) is \(answer).")
  }

  private struct Signature {
    let bytes: [UInt8]
    var offset = 0
    let answer: String

    func matches(_ head: [UInt8]) -> Bool { head.dropFirst(offset).starts(with: bytes) }
  }

  private static func picture(_ format: String) -> String {
    "a picture (\(format)), not a model: name the .safetensors file of a model"
  }

  private static func archive(_ format: String) -> String {
    "an archive (\(format)): unpack it, and name the .safetensors file in it"
  }

  private static let signatures: [Signature] =
    [
      .init(bytes: [0x89, 0x50, 0x4E, 0x47], answer: picture("PNG")),
      .init(bytes: [0xFF, 0xD8, 0xFF], answer: picture("JPEG")),
      .init(bytes: Array("WEBP".utf8), offset: 8, answer: picture("WebP")),
      .init(bytes: Array("GIF8".utf8), answer: picture("GIF")),
      .init(bytes: Array("ftypavif".utf8), offset: 4, answer: picture("AVIF")),
      .init(bytes: Array("ftyphei".utf8), offset: 4, answer: picture("HEIC")),
      .init(bytes: [0x49, 0x49, 0x2A, 0x00], answer: picture("TIFF")),
      .init(bytes: [0x4D, 0x4D, 0x00, 0x2A], answer: picture("TIFF")),
      .init(
        bytes: [0x89, 0x48, 0x44, 0x46],
        answer: "an HDF5 file, as Keras writes them, which is not supported: use a .safetensors file of the model"),
      .init(bytes: ZipDirectory.signature, answer: archive("ZIP")),
      .init(bytes: [0x1F, 0x8B], answer: archive("gzip")),
      .init(bytes: [0xFD, 0x37, 0x7A, 0x58, 0x5A], answer: archive("xz")),
      .init(bytes: [0x28, 0xB5, 0x2F, 0xFD], answer: archive("Zstandard")),
      .init(bytes: [0x37, 0x7A, 0xBC, 0xAF], answer: archive("7z")),
      .init(bytes: Array("Rar!".utf8), answer: archive("RAR")),
      .init(bytes: Array("ustar".utf8), offset: 257, answer: archive("tar")),
      .init(bytes: [0x7F, 0x45, 0x4C, 0x46], answer: "a program, not a model"),
      .init(bytes: Array("%PDF".utf8), answer: "a PDF document, not a model"),
      // ONNX: the version of its format, 3 to 15, then the name of the program that wrote it.
    ]
    + (2...5).map {
      .init(bytes: [0x80, $0], answer: "a Python pickle, not a safetensors file")
    }
    + (3...15).map {
      .init(
        bytes: [0x08, $0, 0x12],
        answer: "an ONNX model, which is not supported: use the .safetensors file of the same model")
    }

  /// What a file of text is; nil for other files.
  private static func textAnswer(_ head: [UInt8]) -> String? {
    let text = String(decoding: head, as: UTF8.self).drop(while: \.isWhitespace).lowercased()
    if text.hasPrefix("version https://git-lfs") {
      return "a Git LFS pointer, not the model itself: run 'git lfs pull' in its folder, or download the file again"
    }
    if ["<!doctype html", "<html", "<?xml"].contains(where: text.hasPrefix) {
      return "a web page, not a model: the download was refused or needs a login, download the file again"
    }
    guard head.allSatisfy({ $0 >= 0x20 && $0 != 0x7F || [0x09, 0x0A, 0x0D].contains($0) }) else { return nil }
    // The end of what was looked at may be half a character.
    guard let decoded = String(validating: head, as: UTF8.self) ?? String(validating: head.dropLast(3), as: UTF8.self)
    else { return nil }
    return decoded.hasPrefix("{")
      ? "JSON text, not a model: it may be what the server answered instead of the file"
      : "text, not a model: name the .safetensors file of a model"
  }
}
