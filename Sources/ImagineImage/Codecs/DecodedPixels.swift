/// What a codec made of a file's pixels, before it is turned upright.
struct DecodedPixels {
  private let width: Int
  private let height: Int
  /// Red, green and blue: [height, width, 3].
  private let colours: [UInt8]
  /// [height, width]; nil where all is solid by nature of the file.
  private let alpha: [UInt8]?

  /// Copies pixels of 3 or 4 channels: RGB, or RGB with alpha.
  init(width: Int, height: Int, channels: Int, bytes: UnsafePointer<UInt8>?) throws {
    guard let bytes, channels == 3 || channels == 4 else { throw CodecFailure("unexpected pixel layout") }
    let area = width * height
    self.width = width
    self.height = height
    guard channels == 4 else {
      colours = Array(UnsafeBufferPointer(start: bytes, count: 3 * area))
      alpha = nil
      return
    }
    colours = [UInt8](unsafeUninitializedCapacity: 3 * area) { buffer, count in
      for pixel in 0..<area {
        for channel in 0..<3 { buffer[3 * pixel + channel] = bytes[4 * pixel + channel] }
      }
      count = 3 * area
    }
    alpha = [UInt8](unsafeUninitializedCapacity: area) { buffer, count in
      for pixel in 0..<area { buffer[pixel] = bytes[4 * pixel + 3] }
      count = area
    }
  }

  /// The picture turned as an EXIF orientation says.
  func upright(_ orientation: Orientation?, text: [PNGText]) throws -> DecodedImage {
    let orientation = orientation ?? .upright
    let size = orientation.swapsSides ? (width: height, height: width) : (width: width, height: height)
    let image = try RGBImage(
      width: size.width, height: size.height,
      pixels: orientation.applied(to: colours, width: width, height: height, channels: 3))
    return DecodedImage(
      image: image, alpha: alpha.map { orientation.applied(to: $0, width: width, height: height, channels: 1) },
      text: text)
  }
}
