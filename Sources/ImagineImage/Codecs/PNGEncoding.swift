internal import CPNGCodec
internal import Foundation

extension PNGCodec {
  /// zlib level 4 is where deflate starts to look for better matches; beyond it time grows much faster than size
  /// shrinks. It is also what ComfyUI writes.
  private static let compressionLevel: Int32 = 4

  /// Returns a picture as the bytes of a PNG file.
  ///
  /// Text goes to a tEXt chunk if Latin-1 can express it and to an iTXt chunk otherwise, as with Pillow.
  /// Throws `ImageError.invalidText` for a keyword or value that PNG cannot hold.
  static func encode(_ image: RGBImage, alpha: [UInt8]? = nil, text: [PNGText]) throws -> [UInt8] {
    let texts = try EncodedTexts(text)
    var bytes: UnsafeMutablePointer<UInt8>?
    var count = 0
    var error = png_codec_error()
    guard let width = UInt32(exactly: image.width), let height = UInt32(exactly: image.height),
      png_codec_encode(
        image.interleaved(alpha), width, height, alpha == nil ? 3 : 4, texts.chunks, texts.chunks.count,
        compressionLevel, &bytes, &count, &error),
      let bytes
    else {
      throw CodecFailure(message: error.message)
    }
    defer { free(bytes) }
    return [UInt8](UnsafeBufferPointer(start: bytes, count: count))
  }
}

/// Text chunks in C's terms, which own their strings.
private final class EncodedTexts {
  private(set) var chunks: [png_codec_text] = []

  init(_ texts: [PNGText]) throws(ImageError) {
    for text in texts {
      try Self.check(text)
      let latin1 = text.value.unicodeScalars.map { UInt8(exactly: $0.value) }
      let isLatin1 = !latin1.contains(nil)
      let value = isLatin1 ? latin1.compactMap { $0 } : Array(text.value.utf8)
      guard value.count < Int32.max else {
        throw .invalidText(keyword: text.keyword, reason: "it is longer than 2 GB")
      }
      chunks.append(
        png_codec_text(
          keyword: Self.copy(Array(text.keyword.utf8)), value: Self.copy(value), length: value.count,
          is_utf8: !isLatin1))
    }
  }

  deinit {
    for chunk in chunks {
      chunk.keyword.deallocate()
      chunk.value.deallocate()
    }
  }

  private static func copy(_ bytes: [UInt8]) -> UnsafeMutablePointer<CChar> {
    let result = UnsafeMutablePointer<CChar>.allocate(capacity: bytes.count + 1)
    for (index, byte) in bytes.enumerated() { result[index] = CChar(truncatingIfNeeded: byte) }
    result[bytes.count] = 0
    return result
  }

  private static func check(_ text: PNGText) throws(ImageError) {
    let keyword = text.keyword
    guard (1...79).contains(keyword.utf8.count), keyword.utf8.allSatisfy({ (0x20...0x7E).contains($0) }),
      !keyword.hasPrefix(" "), !keyword.hasSuffix(" "), !keyword.contains("  ")
    else {
      throw .invalidText(
        keyword: keyword, reason: "a keyword is 1 to 79 printable ASCII characters without spaces at its ends")
    }
    guard !text.value.utf8.contains(0) else {
      throw .invalidText(keyword: keyword, reason: "it contains a zero byte")
    }
  }
}
