extension LayeredPixels {
  /// Pillow's `GaussianBlur`: three passes with a box whose width has a fraction, along rows, then along columns
  /// (Gwosdek et al. 2011, "Theoretical foundations of Gaussian convolution by extended box filtering").
  func gaussianBlurred(width: Int, height: Int, radius: Float) -> LayeredPixels {
    guard radius > 0 else { return self }
    let passes = 3
    let box = BoxBlur(radius: Self.boxRadius(radius, passes: passes))
    var values = values
    for _ in 0..<passes { values = box.alongRows(values, width: width, height: height) }
    values = Self.transposed(values, width: width, height: height)
    for _ in 0..<passes { values = box.alongRows(values, width: height, height: width) }
    return LayeredPixels(values: Self.transposed(values, width: height, height: width))
  }

  /// The radius of boxes that together do what a Gaussian does, in single precision where Pillow has it.
  private static func boxRadius(_ radius: Float, passes: Int) -> Float {
    let variance = radius * radius / Float(passes)
    let length = Float((12 * Double(variance) + 1).squareRoot())
    let whole = Float(((Double(length) - 1) / 2).rounded(.down))
    let part = (2 * whole + 1) * (whole * (whole + 1) - 3 * variance) / (6 * (variance - (whole + 1) * (whole + 1)))
    return whole + part
  }

  private static func transposed(_ values: [UInt8], width: Int, height: Int) -> [UInt8] {
    [UInt8](unsafeUninitializedCapacity: values.count) { buffer, count in
      for x in 0..<width {
        for y in 0..<height {
          for channel in 0..<4 { buffer[4 * (x * height + y) + channel] = values[4 * (y * width + x) + channel] }
        }
      }
      count = values.count
    }
  }
}

/// A mean over a box of pixels, of which those at both ends count in part; beyond the picture its edge goes on.
struct BoxBlur {
  private let radius: Int
  /// What a pixel within the box counts, and one at its ends, of 2^24.
  private let inner: UInt32
  private let outer: UInt32

  init(radius: Float) {
    self.radius = Int(radius)
    inner = UInt32(Float(1 << 24) / (radius * 2 + 1))
    outer = (1 << 24 - UInt32(2 * self.radius + 1) * inner) / 2
  }

  /// Blurs pixels of four channels row by row, each rounded to 8 bits.
  func alongRows(_ values: [UInt8], width: Int, height: Int) -> [UInt8] {
    [UInt8](unsafeUninitializedCapacity: values.count) { buffer, count in
      values.withUnsafeBufferPointer { values in
        for y in 0..<height {
          let row = UnsafeBufferPointer(rebasing: values[4 * y * width..<4 * (y + 1) * width])
          let blurred = UnsafeMutableBufferPointer(rebasing: buffer[4 * y * width..<4 * (y + 1) * width])
          for channel in 0..<4 { blur(row, into: blurred, channel: channel, last: width - 1) }
        }
      }
      count = values.count
    }
  }

  private func blur(
    _ row: UnsafeBufferPointer<UInt8>, into blurred: UnsafeMutableBufferPointer<UInt8>, channel: Int, last: Int
  ) {
    func value(_ place: Int) -> UInt32 { UInt32(row[4 * min(max(place, 0), last) + channel]) }
    // The box around the place before the first.
    var sum = (-radius - 1...radius - 1).reduce(0) { $0 + value($1) }
    for place in 0...last {
      sum = sum + value(place + radius) - value(place - radius - 1)
      let total = sum * inner + (value(place - radius - 1) + value(place + radius + 1)) * outer
      blurred[4 * place + channel] = UInt8(truncatingIfNeeded: (total &+ 1 << 23) >> 24)
    }
  }
}
