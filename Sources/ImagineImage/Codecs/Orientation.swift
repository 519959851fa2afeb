/// How a stored picture is to be turned to stand upright: EXIF's tag 0x0112, whose numbers these are.
enum Orientation: UInt16, CaseIterable {
  case upright = 1
  case mirrored, turnedHalf, flipped, transposed, turnedRight, transversed, turnedLeft

  /// Whether width and height change places.
  var swapsSides: Bool { rawValue >= 5 }

  /// Returns pixels [height, width, channels] in their upright order.
  func applied(to pixels: [UInt8], width: Int, height: Int, channels: Int) -> [UInt8] {
    guard self != .upright else { return pixels }
    let upright = swapsSides ? (width: height, height: width) : (width: width, height: height)
    return [UInt8](unsafeUninitializedCapacity: pixels.count) { buffer, count in
      for y in 0..<upright.height {
        for x in 0..<upright.width {
          let (column, row) = source(x, y, width: width, height: height)
          let from = (row * width + column) * channels, to = (y * upright.width + x) * channels
          for channel in 0..<channels { buffer[to + channel] = pixels[from + channel] }
        }
      }
      count = pixels.count
    }
  }

  /// Where the stored picture has what is seen at a place of the upright one.
  private func source(_ x: Int, _ y: Int, width: Int, height: Int) -> (column: Int, row: Int) {
    switch self {
    case .upright: (x, y)
    case .mirrored: (width - 1 - x, y)
    case .turnedHalf: (width - 1 - x, height - 1 - y)
    case .flipped: (x, height - 1 - y)
    case .transposed: (y, x)
    case .turnedRight: (y, height - 1 - x)
    case .transversed: (width - 1 - y, height - 1 - x)
    case .turnedLeft: (width - 1 - y, x)
    }
  }
}
