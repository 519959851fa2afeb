extension RGBImage {
  /// White where any channel is below a threshold, black elsewhere (A1111's `scribble_thr`).
  func scribbles(below threshold: Int) throws(ImageError) -> RGBImage {
    try grey(darkest.map { Int($0) < threshold ? 255 : 0 })
  }
}
