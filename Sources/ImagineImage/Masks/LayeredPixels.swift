/// Pixels of red, green, blue and alpha [height, width, 4] that are laid over one another, in Pillow's whole numbers.
struct LayeredPixels {
  var values: [UInt8]

  /// A picture seen as far as a mask says that it stays; its colours multiplied by that ("RGBa").
  init(premultiplying picture: RGBImage, outside mask: MaskImage) {
    let pixels = picture.pixels
    values = [UInt8](unsafeUninitializedCapacity: 4 * mask.values.count) { buffer, count in
      for (pixel, value) in mask.values.enumerated() {
        let alpha = 255 - value
        for channel in 0..<3 { buffer[4 * pixel + channel] = product(pixels[3 * pixel + channel], alpha) }
        buffer[4 * pixel + 3] = alpha
      }
      count = 4 * mask.values.count
    }
  }

  /// Nothing at all.
  init(count: Int) { values = [UInt8](repeating: 0, count: 4 * count) }

  init(values: [UInt8]) { self.values = values }

  /// The colours as they are where all is solid: Pillow's conversion of "RGBa" to "RGBA".
  func unmultiplied() -> LayeredPixels {
    var result = values
    for start in stride(from: 0, to: values.count - 3, by: 4) {
      let alpha = UInt32(values[start + 3])
      guard alpha != 0, alpha != 255 else { continue }
      for place in start..<start + 3 { result[place] = UInt8(min(255 * UInt32(values[place]) / alpha, 255)) }
    }
    return LayeredPixels(values: result)
  }

  /// Lays pixels over these, neither premultiplied: Pillow's `alpha_composite`.
  mutating func lay(_ upper: LayeredPixels) {
    for start in stride(from: 0, to: min(values.count, upper.values.count) - 3, by: 4) {
      let alpha = UInt32(upper.values[start + 3])
      guard alpha != 0 else { continue }
      let sum = alpha * 255 + UInt32(values[start + 3]) * (255 - alpha)
      // Seven bits behind the point.
      let above = alpha * 255 * 255 * 128 / sum
      let below = 255 * 128 - above
      for place in start..<start + 3 {
        let mixed = UInt32(upper.values[place]) * above + UInt32(values[place]) * below + 0x80 << 7
        values[place] = UInt8((mixed >> 8 + mixed) >> 15)
      }
      values[start + 3] = UInt8(((sum + 0x80) >> 8 + sum + 0x80) >> 8)
    }
  }

  /// The colours alone: [height, width, 3].
  var colours: [UInt8] {
    [UInt8](unsafeUninitializedCapacity: values.count / 4 * 3) { buffer, count in
      for pixel in 0..<values.count / 4 {
        for channel in 0..<3 { buffer[3 * pixel + channel] = values[4 * pixel + channel] }
      }
      count = values.count / 4 * 3
    }
  }
}
