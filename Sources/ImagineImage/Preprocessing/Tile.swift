extension RGBImage {
  /// So many times smaller, each pixel the mean of those it covers, and large again (A1111's `tile_resample`, whose map is
  /// enlarged to the picture's size).
  func withoutDetails(_ rate: Double) throws(ImageError) -> RGBImage {
    // As there.
    guard rate >= 1.1 else { return self }
    let columns = max(Int(Double(width) / rate), 1), rows = max(Int(Double(height) / rate), 1)
    return try averaged(width: columns, height: rows).resized(width: width, height: height, .lanczos)
  }

  /// A smaller picture whose pixels are the means of what they cover (OpenCV's `INTER_AREA`).
  func averaged(width: Int, height: Int) throws(ImageError) -> RGBImage {
    let columns = Coverage(self.width, to: width), rows = Coverage(self.height, to: height)
    var result = [UInt8](repeating: 0, count: 3 * width * height)
    for y in 0..<height {
      for x in 0..<width {
        for channel in 0..<3 {
          var sum = 0.0
          for (row, rowWeight) in rows.parts[y] {
            for (column, weight) in columns.parts[x] {
              sum += rowWeight * weight * Double(pixels[3 * (row * self.width + column) + channel])
            }
          }
          result[3 * (y * width + x) + channel] = UInt8(min(max(sum.rounded(.toNearestOrEven), 0), 255))
        }
      }
    }
    return try RGBImage(width: width, height: height, pixels: result)
  }
}

/// For each place of a shorter row, the places of a longer one that it covers, with their shares.
private struct Coverage {
  let parts: [[(place: Int, weight: Double)]]

  init(_ length: Int, to count: Int) {
    let scale = Double(length) / Double(count)
    parts = (0..<count).map { index in
      let start = Double(index) * scale, end = min(start + scale, Double(length))
      return (Int(start)..<min(Int(end.rounded(.up)), length)).map { place in
        let covered = min(end, Double(place + 1)) - max(start, Double(place))
        return (place, covered / (end - start))
      }.filter { $0.weight > 1e-9 }
    }
  }
}
