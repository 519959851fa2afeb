/// A part of a picture, in pixels: from `left` and `top` on, up to `right` and `bottom`.
package struct PixelBox: Sendable, Hashable {
  package var left: Int
  package var top: Int
  package var right: Int
  package var bottom: Int

  package var width: Int { right - left }
  package var height: Int { bottom - top }

  package init(left: Int, top: Int, right: Int, bottom: Int) {
    self.left = left
    self.top = top
    self.right = right
    self.bottom = bottom
  }

  /// The box made larger until it has the proportions of a size, moved so that it stays within a picture, and cut where that
  /// is not large enough: A1111's `expand_crop_region`.
  package func expanded(
    toProportionsOf size: (width: Int, height: Int), within picture: (width: Int, height: Int)
  ) -> PixelBox {
    var box = self
    let proportions = Double(size.width) / Double(size.height)
    if Double(width) / Double(height) > proportions {
      let growth = Int(Double(width) / proportions - Double(height))
      (box.top, box.bottom) = Self.grown(top..<bottom, by: growth, within: picture.height)
    } else {
      let growth = Int(Double(height) * proportions - Double(width))
      (box.left, box.right) = Self.grown(left..<right, by: growth, within: picture.width)
    }
    return box
  }

  private static func grown(_ span: Range<Int>, by growth: Int, within length: Int) -> (Int, Int) {
    var start = span.lowerBound - growth / 2, end = span.upperBound + growth - growth / 2
    let excess = max(end - length, 0)
    start -= excess
    end -= excess
    let lack = max(-start, 0)
    return (start + lack, min(end + lack, length))
  }
}

extension MaskImage {
  /// The part of a picture around all that is to be painted, with so many pixels beyond on each side, within the
  /// picture: A1111's `get_crop_region`. Nil if nothing is to be painted.
  package func region(padding: Int) -> PixelBox? {
    var box: PixelBox?
    for y in 0..<height {
      let row = values[y * width..<(y + 1) * width]
      guard let first = row.firstIndex(where: { $0 != 0 }), let last = row.lastIndex(where: { $0 != 0 }) else {
        continue
      }
      let left = first - row.startIndex, right = last - row.startIndex + 1
      box = PixelBox(
        left: min(box?.left ?? left, left), top: box?.top ?? y, right: max(box?.right ?? right, right), bottom: y + 1)
    }
    let padding = min(max(padding, 0), max(width, height))
    return box.map { box in
      PixelBox(
        left: max(box.left - padding, 0), top: max(box.top - padding, 0), right: min(box.right + padding, width),
        bottom: min(box.bottom + padding, height))
    }
  }

  /// The part of the mask in a box, cut to the mask.
  ///
  /// Throws `ImageError.invalidSize` if nothing is left.
  package func cropped(_ box: PixelBox) throws(ImageError) -> MaskImage {
    let part = try box.within(width: width, height: height)
    return try MaskImage(
      width: part.width, height: part.height, values: part.cut(values, width: width, channels: 1))
  }
}

extension RGBImage {
  /// The part of the picture in a box, cut to the picture.
  ///
  /// Throws `ImageError.invalidSize` if nothing is left.
  package func cropped(_ box: PixelBox) throws(ImageError) -> RGBImage {
    let part = try box.within(width: width, height: height)
    return try RGBImage(width: part.width, height: part.height, pixels: part.cut(pixels, width: width, channels: 3))
  }
}

extension PixelBox {
  /// The part of the box in a picture.
  ///
  /// Throws `ImageError.invalidSize` if there is none.
  func within(width: Int, height: Int) throws(ImageError) -> PixelBox {
    let part = PixelBox(
      left: max(left, 0), top: max(top, 0), right: min(right, width), bottom: min(bottom, height))
    guard part.left < part.right, part.top < part.bottom else {
      throw .invalidSize(width: part.width, height: part.height, values: 0)
    }
    return part
  }

  fileprivate func cut(_ values: [UInt8], width: Int, channels: Int) -> [UInt8] {
    var result: [UInt8] = []
    result.reserveCapacity(self.width * height * channels)
    for y in top..<bottom { result += values[(y * width + left) * channels..<(y * width + right) * channels] }
    return result
  }
}
