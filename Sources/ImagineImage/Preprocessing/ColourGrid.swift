internal import Foundation

extension RGBImage {
  /// One colour for each square of 64 pixels (T2I-Adapter's picture for colours): the picture 64 times smaller and large
  /// again without smoothing.
  ///
  /// Both steps are OpenCV's `resize`, cubic and nearest. Its cubic filter looks at 16 pixels around each point whatever
  /// lies between the points.
  func colourGrid() throws(ImageError) -> RGBImage {
    let columns = max(width / 64, 1), rows = max(height / 64, 1)
    let across = CubicPoints(width, to: columns), down = CubicPoints(height, to: rows)
    var colours = [UInt8](repeating: 0, count: 3 * columns * rows)
    for y in 0..<rows {
      for x in 0..<columns {
        for channel in 0..<3 {
          var sum = 0.0
          for (row, rowWeight) in down.taps[y] {
            for (column, weight) in across.taps[x] {
              sum += rowWeight * weight * Double(pixels[3 * (row * width + column) + channel])
            }
          }
          colours[3 * (y * columns + x) + channel] = UInt8(min(max(sum.rounded(.toNearestOrEven), 0), 255))
        }
      }
    }
    var result = [UInt8](repeating: 0, count: pixels.count)
    for y in 0..<height {
      for x in 0..<width {
        let square = min(y * rows / height, rows - 1) * columns + min(x * columns / width, columns - 1)
        for channel in 0..<3 { result[3 * (y * width + x) + channel] = colours[3 * square + channel] }
      }
    }
    return try RGBImage(width: width, height: height, pixels: result)
  }
}

/// Four places of a longer row for each of a shorter one, with their weights: Keys' cubic with a = -0.75.
private struct CubicPoints {
  let taps: [[(place: Int, weight: Double)]]

  init(_ length: Int, to count: Int) {
    let scale = Double(length) / Double(count), a = -0.75
    taps = (0..<count).map { index in
      let point = (Double(index) + 0.5) * scale - 0.5, first = Int(point.rounded(.down)), t = point - Double(first)
      let weights = [
        ((a * (t + 1) - 5 * a) * (t + 1) + 8 * a) * (t + 1) - 4 * a,
        ((a + 2) * t - (a + 3)) * t * t + 1,
        ((a + 2) * (1 - t) - (a + 3)) * (1 - t) * (1 - t) + 1,
      ]
      return (weights + [1 - weights.reduce(0, +)]).enumerated().map { offset, weight in
        (min(max(first - 1 + offset, 0), length - 1), weight)
      }
    }
  }
}
