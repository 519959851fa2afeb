internal import CPNGCodec
internal import Foundation

/// PNG files with text chunks, written and read through libpng.
enum PNGCodec {
  /// Returns the picture and texts in the bytes of a PNG file.
  ///
  /// Palettes, grey and 16 bits become 8-bit RGB (16 bits rounded to the nearest).
  static func decode(_ bytes: [UInt8], limits: ImageLimits) throws -> DecodedImage {
    var decoded = png_codec_image()
    var error = png_codec_error()
    guard png_codec_decode(bytes, bytes.count, png_codec_limits(limits), &decoded, &error) else {
      throw CodecFailure(message: error.message)
    }
    defer { png_codec_release(&decoded) }
    let pixels = try DecodedPixels(
      width: Int(decoded.width), height: Int(decoded.height), channels: Int(decoded.channels), bytes: decoded.pixels)
    let exif = PNGChunks.contents(of: "eXIf", in: bytes).map(ExifReading.init)
    return try pixels.upright(
      exif?.orientation, text: UnsafeBufferPointer(start: decoded.texts, count: decoded.text_count).map(PNGText.init))
  }
}

/// The chunks of a PNG file, which libpng found sound: each its length, its name, its contents and a checksum.
enum PNGChunks {
  /// The contents of the first chunk of this name.
  static func contents(of name: String, in bytes: [UInt8]) -> ArraySlice<UInt8>? {
    var rest = bytes.dropFirst(8)
    while rest.count >= 12 {
      let length = rest.prefix(4).reduce(0) { $0 << 8 | Int($1) }
      guard length <= rest.count - 12 else { return nil }
      if rest.dropFirst(4).starts(with: name.utf8) { return rest.dropFirst(8).prefix(length) }
      rest = rest.dropFirst(12 + length)
    }
    return nil
  }
}

extension png_codec_limits {
  fileprivate init(_ limits: ImageLimits) {
    self.init(
      side: UInt32(clamping: limits.side), pixels: UInt64(clamping: limits.pixels),
      text_chunks: Int(UInt16(clamping: limits.textChunks)), text_chunk_bytes: max(limits.textBytes, 1))
  }
}

extension PNGText {
  fileprivate init(_ text: png_codec_text) {
    let value = UnsafeRawBufferPointer(start: text.value, count: text.length)
    keyword = String(latin1: UnsafeRawBufferPointer(start: text.keyword, count: strlen(text.keyword)))
    self.value = text.is_utf8 ? String(decoding: value, as: UTF8.self) : String(latin1: value)
  }
}

extension String {
  fileprivate init(latin1 bytes: UnsafeRawBufferPointer) {
    self.init(String.UnicodeScalarView(bytes.lazy.map { Unicode.Scalar($0) }))
  }
}
