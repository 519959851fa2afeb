extension RGBImage {
  /// This drawn picture laid under what stays of the original: A1111's `apply_overlay`.
  ///
  /// Where the mask is black the result is the original to the bit. With a box, what was drawn is a part of the original, is
  /// brought to the box's size as `Fitting.crop` does and stands there (`uncrop`).
  ///
  /// - Parameter mask: of the original's size, with a soft edge; `strengthened` if the whole was drawn.
  /// Throws `ImageError.invalidSize` if sizes do not agree.
  package func laid(under original: RGBImage, in box: PixelBox? = nil, mask: MaskImage) throws(ImageError) -> RGBImage {
    guard mask.width == original.width, mask.height == original.height else {
      throw .invalidSize(width: mask.width, height: mask.height, values: original.pixels.count)
    }
    let drawn = try box.map { box throws(ImageError) in try original.replacing(box, with: self) } ?? self
    guard drawn.width == original.width, drawn.height == original.height else {
      throw .invalidSize(width: original.width, height: original.height, values: drawn.pixels.count)
    }
    let none = try MaskImage(
      width: original.width, height: original.height,
      values: [UInt8](repeating: 0, count: original.width * original.height))
    var result = LayeredPixels(premultiplying: drawn, outside: none)
    result.lay(LayeredPixels(premultiplying: original, outside: mask).unmultiplied())
    return try RGBImage(width: original.width, height: original.height, pixels: result.colours)
  }

  /// The picture with another in place of a part of it.
  private func replacing(_ box: PixelBox, with part: RGBImage) throws(ImageError) -> RGBImage {
    let box = try box.within(width: width, height: height)
    let fitted = try part.fitted(.crop, width: box.width, height: box.height)
    var pixels = pixels
    for y in 0..<box.height {
      let start = 3 * ((box.top + y) * width + box.left)
      pixels.replaceSubrange(
        start..<start + 3 * box.width, with: fitted.pixels[3 * y * box.width..<3 * (y + 1) * box.width])
    }
    return try RGBImage(width: width, height: height, pixels: pixels)
  }
}
