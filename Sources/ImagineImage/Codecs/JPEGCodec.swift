internal import CJPEGCodec
internal import Foundation

/// JPEG files with EXIF notes, written and read through libjpeg.
enum JPEGCodec {
  /// Returns the picture and texts in the bytes of a JPEG file, of one or several scans, in grey, RGB, YCbCr, CMYK or YCCK.
  static func decode(_ bytes: [UInt8], limits: ImageLimits) throws -> DecodedImage {
    var decoded = jpeg_codec_image()
    var error = jpeg_codec_error()
    let most = jpeg_codec_limits(
      side: UInt32(clamping: limits.side), pixels: UInt64(clamping: limits.pixels), scans: Int32(clamping: limits.scans)
    )
    guard jpeg_codec_decode(bytes, bytes.count, most, &decoded, &error) else {
      throw CodecFailure(message: error.message)
    }
    defer { jpeg_codec_release(&decoded) }
    let width = Int(decoded.width), height = Int(decoded.height)
    let pixels =
      decoded.channels == 4
      ? try rgb(cmyk: decoded.pixels, area: width * height).withUnsafeBufferPointer {
        try DecodedPixels(width: width, height: height, channels: 3, bytes: $0.baseAddress)
      } : try DecodedPixels(width: width, height: height, channels: Int(decoded.channels), bytes: decoded.pixels)
    let exif = ExifReading(ArraySlice(UnsafeBufferPointer(start: decoded.exif, count: decoded.exif_count)))
    return try pixels.upright(exif.orientation, text: exif.text)
  }

  /// Ink as light, by Pillow's rule: all such files are taken to be inverted, as Adobe's programs write them, and black
  /// darkens what the other inks leave.
  private static func rgb(cmyk: UnsafePointer<UInt8>?, area: Int) throws -> [UInt8] {
    guard let cmyk else { throw CodecFailure("unexpected pixel layout") }
    return [UInt8](unsafeUninitializedCapacity: 3 * area) { buffer, count in
      for pixel in 0..<area {
        let light = cmyk[4 * pixel + 3]
        for channel in 0..<3 {
          buffer[3 * pixel + channel] = light - product(255 - cmyk[4 * pixel + channel], light)
        }
      }
      count = 3 * area
    }
  }

  /// The longest EXIF of a JPEG: a segment says its length in 16 bits, which counts itself.
  private static let longestSegment = 65_533

  /// Letters that are sure to fit there, of two bytes each.
  static let mostLetters = 32_739

  /// Whether the settings of a picture fit.
  static func hasRoom(for settings: String) -> Bool {
    segment(settings).count <= longestSegment
  }

  private static func segment(_ comment: String) -> [UInt8] {
    Array("Exif\0\0".utf8) + ExifWriting.structure(comment: comment)
  }

  /// Returns a picture as the bytes of a JPEG file.
  static func encode(_ image: RGBImage, quality: Int, text: [PNGText]) throws -> [UInt8] {
    let comment = try ExifWriting.comment(of: text, in: .jpeg)
    let exif = comment.map(segment)
    guard exif.map({ $0.count <= longestSegment }) ?? true else {
      throw ImageError.invalidText(
        keyword: Infotext.keyword, reason: "a JPEG has room for \(mostLetters) letters; write a PNG or a WebP")
    }
    var bytes: UnsafeMutablePointer<UInt8>?
    var count = 0
    var error = jpeg_codec_error()
    guard let width = UInt32(exactly: image.width), let height = UInt32(exactly: image.height),
      jpeg_codec_encode(
        image.pixels, width, height, exif, exif?.count ?? 0, Int32(clamping: quality), &bytes, &count, &error),
      let bytes
    else {
      throw CodecFailure(message: error.message)
    }
    defer { free(bytes) }
    return [UInt8](UnsafeBufferPointer(start: bytes, count: count))
  }
}
