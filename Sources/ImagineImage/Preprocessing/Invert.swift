extension RGBImage {
  /// Each colour's opposite.
  func inverted() throws(ImageError) -> RGBImage {
    try RGBImage(width: width, height: height, pixels: pixels.map { 255 - $0 })
  }
}
