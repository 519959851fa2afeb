/// A picture of 8 bits a channel: rows from top to bottom, red, green and blue interleaved.
package struct RGBImage: Sendable, Equatable {
  package let width: Int
  package let height: Int
  /// The channels of all pixels: [height, width, 3].
  package let pixels: [UInt8]

  /// Makes a picture from its pixels [height, width, 3].
  ///
  /// Throws `ImageError.invalidSize` if the counts do not agree or the picture is empty.
  package init(width: Int, height: Int, pixels: [UInt8]) throws(ImageError) {
    try Self.check(width: width, height: height, values: pixels.count)
    self.width = width
    self.height = height
    self.pixels = pixels
  }

  /// Makes a picture from computed values in -1...1, interleaved [height, width, 3].
  ///
  /// The result is what diffusers' `VaeImageProcessor` and `numpy_to_pil` make of them: `x / 2 + 0.5`, cut to 0...1,
  /// times 255, rounded half to even, all in single precision.
  /// - Parameter truncating: whether the last step cuts off instead, as A1111 and ComfyUI do.
  /// Throws `ImageError.notFinite` for the first value that is not finite, `invalidSize` if the counts do not agree.
  package init(
    width: Int, height: Int, interleaved values: [Float], truncating: Bool = false
  ) throws(ImageError) {
    try Self.check(width: width, height: height, values: values.count)
    self.width = width
    self.height = height
    pixels = try Self.quantized(values, truncating ? .towardZero : .toNearestOrEven)
  }

  /// Makes a picture from computed values in -1...1, one plane after the other [3, height, width].
  ///
  /// Rounds and throws as the interleaved form does.
  package init(width: Int, height: Int, planar values: [Float]) throws(ImageError) {
    try Self.check(width: width, height: height, values: values.count)
    let planes = try Self.quantized(values)
    let area = width * height
    self.width = width
    self.height = height
    pixels = [UInt8](unsafeUninitializedCapacity: planes.count) { buffer, count in
      for pixel in 0..<area {
        for channel in 0..<3 { buffer[3 * pixel + channel] = planes[channel * area + pixel] }
      }
      count = planes.count
    }
  }

  private static func check(width: Int, height: Int, values: Int) throws(ImageError) {
    let (area, areaOverflows) = width.multipliedReportingOverflow(by: height)
    let (count, countOverflows) = area.multipliedReportingOverflow(by: 3)
    guard width > 0, height > 0, !areaOverflows, !countOverflows, count == values else {
      throw .invalidSize(width: width, height: height, values: values)
    }
  }

  /// The picture with transparent pixels laid on white, as A1111 does by default with pictures it is given.
  ///
  /// - Parameter alpha: how solid each pixel is, 255 fully: [height, width]; nil where all are.
  /// Throws `ImageError.invalidSize` if there are not as many as pixels.
  package func onWhite(alpha: [UInt8]?) throws(ImageError) -> RGBImage {
    guard let alpha else { return self }
    guard alpha.count == width * height else { throw .invalidSize(width: width, height: height, values: alpha.count) }
    var laid = pixels
    for (pixel, alpha) in alpha.enumerated() {
      for index in 3 * pixel..<3 * pixel + 3 {
        let value = UInt32(laid[index]) * UInt32(alpha) + 255 * (255 - UInt32(alpha))
        laid[index] = UInt8((value + 127) / 255)
      }
    }
    return try RGBImage(width: width, height: height, pixels: laid)
  }

  /// The most that memory should be asked for.
  package static let mostPixels = 1 << 28

  /// The pixels with how solid they are behind each: [height, width, 4]; without, as they are.
  func interleaved(_ alpha: [UInt8]?) -> [UInt8] {
    guard let alpha else { return pixels }
    return [UInt8](unsafeUninitializedCapacity: 4 * alpha.count) { buffer, count in
      for (pixel, value) in alpha.enumerated() {
        for channel in 0..<3 { buffer[4 * pixel + channel] = pixels[3 * pixel + channel] }
        buffer[4 * pixel + 3] = value
      }
      count = 4 * alpha.count
    }
  }

  /// Checks the size that something is to have.
  ///
  /// Throws `ImageError.invalidSize` if it is empty, or larger than memory should be asked for.
  static func checkSize(width: Int, height: Int) throws(ImageError) {
    let (area, overflows) = width.multipliedReportingOverflow(by: height)
    guard width > 0, height > 0, !overflows, area <= mostPixels else {
      throw .invalidSize(width: width, height: height, values: 0)
    }
  }

  /// The values as networks take them, from -1 to 1: [height, width, 3].
  package var unitPixels: [Float] { pixels.map { Float($0) / 255 * 2 - 1 } }

  private static func quantized(
    _ values: [Float], _ rule: FloatingPointRoundingRule = .toNearestOrEven
  ) throws(ImageError) -> [UInt8] {
    if let index = values.firstIndex(where: { !$0.isFinite }) { throw .notFinite(index: index) }
    return values.map { value in
      let unit = min(max(value / 2 + 0.5, 0), 1)
      return UInt8((unit * 255).rounded(rule))
    }
  }
}
