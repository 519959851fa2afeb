extension RGBImage {
  /// The picture with what is masked replaced by the colours around it, drawn in over several distances: A1111's
  /// `masking.fill`, masked content "fill".
  ///
  /// What stays is blurred with its transparency over 256, 64, 16, 4 and 2 pixels, and the layers are laid over one
  /// another, the finer ones several times. Parts that the widest does not reach stay black.
  ///
  /// Throws `ImageError.invalidSize` if the mask is of another size.
  package func filled(_ mask: MaskImage) throws(ImageError) -> RGBImage {
    guard mask.width == width, mask.height == height else {
      throw .invalidSize(width: mask.width, height: mask.height, values: pixels.count)
    }
    let seen = LayeredPixels(premultiplying: self, outside: mask)
    var result = LayeredPixels(count: width * height)
    for (radius, repeats) in [(256, 1), (64, 1), (16, 2), (4, 4), (2, 2), (0, 1)] as [(Float, Int)] {
      let blurred = seen.gaussianBlurred(width: width, height: height, radius: radius).unmultiplied()
      for _ in 0..<repeats { result.lay(blurred) }
    }
    return try RGBImage(width: width, height: height, pixels: result.colours)
  }
}
