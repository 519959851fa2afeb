extension RGBImage {
  /// White where the picture is darker than what is around it, in all channels (A1111's `lineart_standard`).
  ///
  /// The strength of lines is that of the middle one of them.
  func lineart() throws(ImageError) -> RGBImage {
    let own = pixels.map(Float.init)
    let around = GaussianBlur(6, reach: 4).blurred(own, width: width, height: height, channels: 3)
    let intensity = (0..<width * height).map { pixel in
      let differences = (0..<3).map { around[3 * pixel + $0] - own[3 * pixel + $0] }
      return min(max(differences.min() ?? 0, 0), 255)
    }
    let lines = intensity.filter { $0 > 8 }.sorted(), middle = lines.count / 2
    let median = lines.isEmpty ? 0 : lines.count % 2 == 1 ? lines[middle] : (lines[middle - 1] + lines[middle]) / 2
    let scale = max(16, median)
    return try grey(intensity.map { UInt8(min(max($0 / scale * 127, 0), 255)) })
  }
}
