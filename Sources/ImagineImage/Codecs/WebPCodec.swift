internal import CWebPCodec
internal import Foundation

/// WebP files with EXIF notes, written and read through libwebp.
enum WebPCodec {
  /// Returns the picture and texts in the bytes of a WebP file of one picture, lossy or lossless.
  static func decode(_ bytes: [UInt8], limits: ImageLimits) throws -> DecodedImage {
    let exif = try RIFFChunks.contents(of: "EXIF", in: bytes).map(ExifReading.init)
    var decoded = webp_codec_image()
    var error = webp_codec_error()
    let most = webp_codec_limits(side: UInt32(clamping: limits.side), pixels: UInt64(clamping: limits.pixels))
    guard webp_codec_decode(bytes, bytes.count, most, &decoded, &error) else {
      throw CodecFailure(message: error.message)
    }
    defer { free(decoded.pixels) }
    let pixels = try DecodedPixels(
      width: Int(decoded.width), height: Int(decoded.height), channels: Int(decoded.channels), bytes: decoded.pixels)
    return try pixels.upright(exif?.orientation, text: exif?.text ?? [])
  }

  /// Returns a picture as the bytes of a WebP file: lossless at a quality of 100, lossy below.
  static func encode(_ image: RGBImage, alpha: [UInt8]? = nil, quality: Int, text: [PNGText]) throws -> [UInt8] {
    let comment = try ExifWriting.comment(of: text, in: .webp)
    var bytes: UnsafeMutablePointer<UInt8>?
    var count = 0
    var error = webp_codec_error()
    guard let width = UInt32(exactly: image.width), let height = UInt32(exactly: image.height),
      webp_codec_encode(
        image.interleaved(alpha), width, height, alpha == nil ? 3 : 4, Int32(clamping: quality), quality == 100, &bytes,
        &count, &error),
      let bytes
    else {
      throw CodecFailure(message: error.message)
    }
    defer { free(bytes) }
    let simple = [UInt8](UnsafeBufferPointer(start: bytes, count: count))
    guard let comment else { return simple }
    return RIFFChunks.extended(
      simple, exif: ExifWriting.structure(comment: comment), width: image.width, height: image.height,
      hasAlpha: alpha != nil)
  }
}

/// The container of a WebP file: chunks of a name, a length and contents, filled up to an even length.
enum RIFFChunks {
  private static let headerLength = 12

  /// The contents of the first chunk of this name.
  ///
  /// Throws `CodecFailure` for a file that is shorter than it says: libwebp does not look beyond the picture.
  static func contents(of name: String, in bytes: [UInt8]) throws -> ArraySlice<UInt8>? {
    let length = number(bytes[...].dropFirst(4).prefix(4))
    guard length <= bytes.count - 8 else { throw CodecFailure("the file ends too early") }
    var rest = bytes.prefix(length + 8).dropFirst(headerLength)
    while rest.count >= 8 {
      let length = number(rest.dropFirst(4).prefix(4))
      guard length <= rest.count - 8 else { throw CodecFailure("the file ends too early") }
      if rest.starts(with: name.utf8) { return rest.dropFirst(8).prefix(length) }
      rest = rest.dropFirst(8 + length + length % 2)
    }
    return nil
  }

  /// A file with EXIF behind the picture.
  ///
  /// - Parameter file: a simple one, or one that is extended for its transparency.
  static func extended(_ file: [UInt8], exif: [UInt8], width: Int, height: Int, hasAlpha: Bool) -> [UInt8] {
    let features = [0x08 | (hasAlpha ? 0x10 : 0), 0, 0, 0] + digits(width - 1, 3) + digits(height - 1, 3)
    let header = chunk("VP8X", features)
    var picture = file.dropFirst(headerLength)
    if picture.starts(with: "VP8X".utf8) { picture = picture.dropFirst(header.count) }
    let chunks = header + picture + chunk("EXIF", exif)
    return Array("RIFF".utf8) + digits(chunks.count + 4, 4) + Array("WEBP".utf8) + chunks
  }

  private static func chunk(_ name: String, _ contents: [UInt8]) -> [UInt8] {
    Array(name.utf8) + digits(contents.count, 4) + contents + (contents.count.isMultiple(of: 2) ? [] : [0])
  }

  private static func number(_ bytes: ArraySlice<UInt8>) -> Int { bytes.reversed().reduce(0) { $0 << 8 | Int($1) } }

  private static func digits(_ value: Int, _ count: Int) -> [UInt8] {
    (0..<count).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
  }
}
