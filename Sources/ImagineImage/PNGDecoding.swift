internal import CPNGCodec
internal import Foundation

extension PNGFile {
  /// Returns the picture and text in the bytes of a PNG file; `name` stands for them in errors.
  ///
  /// Palettes, grey and 16 bits become 8-bit RGB (16 bits rounded to the nearest), and transparent pixels are laid on
  /// white, as A1111 does by default with pictures it is given. Gamma and colour profiles are not applied.
  /// Throws `ImageError.cannotRead` for anything but a sound PNG within the limits.
  package static func decode(
    _ bytes: [UInt8], name: String = "PNG", limits: PNGLimits = PNGLimits()
  ) throws(ImageError) -> Contents {
    var decoded = png_codec_image()
    var error = png_codec_error()
    guard png_codec_decode(bytes, bytes.count, png_codec_limits(limits), &decoded, &error) else {
      throw .cannotRead(path: name, reason: error.reason)
    }
    defer { png_codec_release(&decoded) }
    return Contents(
      image: try RGBImage(width: Int(decoded.width), height: Int(decoded.height), pixels: rgb(decoded)),
      text: UnsafeBufferPointer(start: decoded.texts, count: decoded.text_count).map(PNGText.init))
  }

  private static func rgb(_ decoded: png_codec_image) -> [UInt8] {
    let area = Int(decoded.width) * Int(decoded.height)
    let source = UnsafeBufferPointer(start: decoded.pixels, count: area * Int(decoded.channels))
    guard decoded.channels == 4 else { return [UInt8](source) }
    return [UInt8](unsafeUninitializedCapacity: 3 * area) { buffer, count in
      for pixel in 0..<area {
        let alpha = UInt32(source[4 * pixel + 3])
        for channel in 0..<3 {
          let onWhite = UInt32(source[4 * pixel + channel]) * alpha + 255 * (255 - alpha)
          buffer[3 * pixel + channel] = UInt8((onWhite + 127) / 255)
        }
      }
      count = 3 * area
    }
  }
}

extension png_codec_limits {
  fileprivate init(_ limits: PNGLimits) {
    self.init(
      side: UInt32(clamping: limits.side), pixels: UInt64(clamping: limits.pixels),
      text_chunks: Int(UInt16(clamping: limits.textChunks)), text_chunk_bytes: max(limits.textChunkBytes, 1))
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
