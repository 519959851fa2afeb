/// A mask of 8 bits: 255 where a picture is painted anew, 0 where it stays.
package struct MaskImage: Sendable, Hashable {
  package let width: Int
  package let height: Int
  /// [height, width].
  package let values: [UInt8]

  /// Makes a mask from its values [height, width].
  ///
  /// Throws `ImageError.invalidSize` if the counts do not agree or the mask is empty.
  package init(width: Int, height: Int, values: [UInt8]) throws(ImageError) {
    try RGBImage.checkSize(width: width, height: height)
    guard width * height == values.count else {
      throw .invalidSize(width: width, height: height, values: values.count)
    }
    self.width = width
    self.height = height
    self.values = values
  }

  /// Makes a mask from a picture that was given as one, by A1111's rule (`create_binary_mask`).
  ///
  /// A picture in which something is transparent was drawn on nothing: it is painted where something was drawn, more
  /// than half solid, whatever its colour. Any other is painted where it is bright.
  package init(_ picture: RGBImage, alpha: [UInt8]?) throws(ImageError) {
    if let alpha, alpha.contains(where: { $0 != 255 }) {
      try self.init(width: picture.width, height: picture.height, values: alpha.map { $0 > 128 ? 255 : 0 })
    } else {
      try self.init(luminance: picture)
    }
  }

  /// Makes a mask from a picture's brightness: Pillow's `L`, in which red counts 299, green 587 and blue 114 of 1000.
  package init(luminance picture: RGBImage) throws(ImageError) {
    let pixels = picture.pixels
    let values = (0..<picture.width * picture.height).map { pixel -> UInt8 in
      let red = UInt32(pixels[3 * pixel]), green = UInt32(pixels[3 * pixel + 1]), blue = UInt32(pixels[3 * pixel + 2])
      return UInt8((red * 19_595 + green * 38_470 + blue * 7_471 + 0x8000) >> 16)
    }
    try self.init(width: picture.width, height: picture.height, values: values)
  }

  /// The values changed one by one.
  func map(_ transform: (UInt8) -> UInt8) -> MaskImage { MaskImage(self, values: values.map(transform)) }

  /// - Parameter values: as many as `other` has.
  init(_ other: MaskImage, values: [UInt8]) {
    width = other.width
    height = other.height
    self.values = values
  }

  /// Black and white in each other's place.
  package var inverted: MaskImage { map { 255 - $0 } }

  /// Whether nothing is to be painted.
  package var isEmpty: Bool { !values.contains { $0 != 0 } }

  /// Twice as bright: what A1111 composes the finished picture with, when a whole picture was drawn. It lets the drawn part
  /// reach to the middle of the softened edge.
  package var strengthened: MaskImage { map { UInt8(min(2 * UInt32($0), 255)) } }

  /// The mask at the size of latents, 0 to 1: [height, width].
  ///
  /// As A1111: Pillow's bicubic filter, then, if `rounded` ("mask_round", its default), 0 or 1 by half, half to even.
  package func latent(width: Int, height: Int, rounded: Bool = true) throws(ImageError) -> [Float] {
    try resized(width: width, height: height, .bicubic).values.map { value in
      let share = Float(value) / 255
      return rounded ? share.rounded(.toNearestOrEven) : share
    }
  }
}
