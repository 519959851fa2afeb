import ImagineImage

extension RGBImage {
  /// The picture at another size, each pixel the mean of the area that it covers.
  func averaged(width newWidth: Int, height newHeight: Int) -> RGBImage {
    if newWidth == width, newHeight == height { return self }
    let columns = Self.spans(from: width, to: newWidth), rows = Self.spans(from: height, to: newHeight)
    // Along rows first: [height, newWidth, 3].
    var narrow = [Float](repeating: 0, count: height * newWidth * 3)
    for y in 0..<height {
      for (x, span) in columns.enumerated() {
        for (source, weight) in span {
          for channel in 0..<3 {
            narrow[(y * newWidth + x) * 3 + channel] += weight * Float(pixels[(y * width + source) * 3 + channel])
          }
        }
      }
    }
    var result = [UInt8](repeating: 0, count: newHeight * newWidth * 3)
    for (y, span) in rows.enumerated() {
      for index in 0..<newWidth * 3 {
        let value = span.reduce(Float(0)) { $0 + $1.weight * narrow[$1.source * newWidth * 3 + index] }
        result[y * newWidth * 3 + index] = UInt8(min(max(value.rounded(), 0), 255))
      }
    }
    return (try? RGBImage(width: newWidth, height: newHeight, pixels: result)) ?? self
  }

  /// For each new position, the old ones that it covers and their shares in it.
  private static func spans(from old: Int, to new: Int) -> [[(source: Int, weight: Float)]] {
    (0..<new).map { index in
      let begin = Double(index) * Double(old) / Double(new), end = Double(index + 1) * Double(old) / Double(new)
      return (Int(begin)..<max(min(Int(end.rounded(.up)), old), Int(begin) + 1)).map { source in
        (source, Float((min(end, Double(source + 1)) - max(begin, Double(source))) / (end - begin)))
      }
    }
  }
}
