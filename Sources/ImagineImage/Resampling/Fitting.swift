/// How a picture is brought to another size whose proportions differ: A1111's resize modes 0, 1 and 2.
package enum Fitting: Sendable, Hashable {
  /// Without regard to proportions: "Just resize".
  case stretch
  /// The middle of it, cut to the new proportions: "Crop and resize".
  case crop
  /// All of it, with its edges drawn out: "Resize and fill".
  case fill
}

extension ByteResampling {
  /// The picture fitted into a size, as A1111's `resize_image` does, which filters with Lanczos.
  ///
  /// Parts that `crop` would cut away are not computed, so that a picture one pixel high costs no more than another.
  func fitted(_ fitting: Fitting, width: Int, height: Int) -> ByteResampling {
    // Compared in whole numbers: the products of two sides are exact.
    let isWider = self.width * height > width * self.height
    let isTaller = self.width * height < width * self.height
    switch fitting {
    case .stretch:
      return resized(Axis(self.width, to: width), Axis(self.height, to: height), .lanczos)
    case .crop:
      let whole = (
        width: isTaller ? width : self.width * height / self.height,
        height: isTaller ? self.height * width / self.width : height
      )
      let left = whole.width / 2 - width / 2, top = whole.height / 2 - height / 2
      return resized(
        Axis(self.width, to: whole.width, kept: left..<left + width),
        Axis(self.height, to: whole.height, kept: top..<top + height), .lanczos)
    case .fill:
      let whole = (
        width: isTaller ? max(self.width * height / self.height, 1) : width,
        height: isWider ? max(self.height * width / self.width, 1) : height
      )
      return resized(Axis(self.width, to: whole.width), Axis(self.height, to: whole.height), .lanczos)
        .edgesDrawnOut(width: width, height: height)
    }
  }

  /// The picture in the middle of a larger one, in which its edges go on.
  ///
  /// A1111 resizes a piece of no height at the edge, with Pillow's bicubic filter: every row is the edge, a little sharpened
  /// by the row beside it. In a size that is not even, A1111 can leave the last row black; here the edge goes on there too.
  private func edgesDrawnOut(width: Int, height: Int) -> ByteResampling {
    var result = self
    let above = height / 2 - self.height / 2, below = height - self.height - above
    let before = width / 2 - self.width / 2, after = width - self.width - before
    if above > 0 || below > 0 {
      let columns = Axis(self.width, to: self.width), end = Double(self.height)
      let first = resized(columns, Axis(0..<0, to: 1), .bicubic).values
      let last = resized(columns, Axis(end..<end, to: 1), .bicubic).values
      result.values = Array(repeatElement(first, count: above).joined()) + values
      result.values += Array(repeatElement(last, count: below).joined())
      result.height = height
    } else if before > 0 || after > 0 {
      let rows = Axis(self.height, to: self.height), end = Double(self.width), stride = self.width * channels
      let first = resized(Axis(0..<0, to: 1), rows, .bicubic).values
      let last = resized(Axis(end..<end, to: 1), rows, .bicubic).values
      result.values = []
      for y in 0..<self.height {
        let edge = y * channels..<(y + 1) * channels
        for _ in 0..<before { result.values += first[edge] }
        result.values += values[y * stride..<(y + 1) * stride]
        for _ in 0..<after { result.values += last[edge] }
      }
      result.width = width
    }
    return result
  }
}

extension RGBImage {
  private var channels: ByteResampling { ByteResampling(width: width, height: height, channels: 3, values: pixels) }

  private init(_ resampled: ByteResampling) throws(ImageError) {
    try self.init(width: resampled.width, height: resampled.height, pixels: resampled.values)
  }

  /// The picture of another size, as Pillow's `resize` makes it.
  ///
  /// Throws `ImageError.invalidSize` for an empty size.
  package func resized(width: Int, height: Int, _ filter: ResamplingFilter) throws(ImageError) -> RGBImage {
    try Self.checkSize(width: width, height: height)
    return try RGBImage(
      channels.resized(.init(self.width, to: width), .init(self.height, to: height), filter))
  }

  /// The picture brought to a size as A1111 does.
  ///
  /// Throws `ImageError.invalidSize` for an empty size.
  package func fitted(_ fitting: Fitting, width: Int, height: Int) throws(ImageError) -> RGBImage {
    try Self.checkSize(width: width, height: height)
    return try RGBImage(channels.fitted(fitting, width: width, height: height))
  }
}

extension MaskImage {
  private var channels: ByteResampling { ByteResampling(width: width, height: height, channels: 1, values: values) }

  private init(_ resampled: ByteResampling) throws(ImageError) {
    try self.init(width: resampled.width, height: resampled.height, values: resampled.values)
  }

  /// The mask of another size, as Pillow's `resize` makes it.
  ///
  /// Throws `ImageError.invalidSize` for an empty size.
  package func resized(width: Int, height: Int, _ filter: ResamplingFilter) throws(ImageError) -> MaskImage {
    try RGBImage.checkSize(width: width, height: height)
    return try MaskImage(
      channels.resized(.init(self.width, to: width), .init(self.height, to: height), filter))
  }

  /// The mask brought to a size as A1111 does; nothing is painted where `fill` draws out a black edge.
  ///
  /// Throws `ImageError.invalidSize` for an empty size.
  package func fitted(_ fitting: Fitting, width: Int, height: Int) throws(ImageError) -> MaskImage {
    try RGBImage.checkSize(width: width, height: height)
    return try MaskImage(channels.fitted(fitting, width: width, height: height))
  }
}
