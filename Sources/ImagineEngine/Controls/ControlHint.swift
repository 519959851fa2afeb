internal import ImagineGraph
internal import ImagineImage
internal import ImagineModels

/// What a network that guides drawing is shown, at the size of a pass.
struct ControlHint {
  /// Red, green and blue in 0...1, [height, width, 3]; -1 where it is hidden.
  private var values: [Float]
  private let width: Int, height: Int

  /// - Parameter mask: what is painted anew: 255, [height, width], at the size of `maskSize`; nil where nothing is hidden.
  init(_ control: PictureControl, width: Int, height: Int, mask: MaskImage?) throws {
    let fitted = try control.picture.fitted(control.fitting, width: width, height: height)
    values = try control.preprocessor.map(fitted).pixels.map { Float($0) / 255 }
    (self.width, self.height) = (width, height)
    guard control.hidesMask, let mask else { return }
    let own =
      (mask.width, mask.height) == (width, height) ? mask : try mask.resized(width: width, height: height, .nearest)
    // As diffusers: what is under the middle of the mask's edge is either there or not.
    for (pixel, value) in own.values.enumerated() where value >= 128 {
      for channel in 0..<3 { values[3 * pixel + channel] = -1 }
    }
  }

  /// As a ControlNet takes it: [1, height, width, 3].
  func tensor(isBGR: Bool) -> HostTensor {
    var values = values
    if isBGR { for pixel in 0..<width * height { values.swapAt(3 * pixel, 3 * pixel + 2) } }
    return HostTensor([1, height, width, 3], values)
  }

  /// As a T2I-Adapter takes it.
  func unshuffled(_ configuration: T2IAdapter.Configuration) -> HostTensor {
    var values = values
    if configuration.pictureChannels == 1 {
      // Pillow's grey, in whole numbers.
      values = (0..<width * height).map { pixel in
        let (red, green, blue) = (level(3 * pixel), level(3 * pixel + 1), level(3 * pixel + 2))
        return Float((red * 19595 + green * 38470 + blue * 7471 + 0x8000) >> 16) / 255
      }
    }
    return T2IAdapter.unshuffled(values, width: width, height: height, by: configuration.reduction)
  }

  private func level(_ index: Int) -> Int { Int((values[index] * 255).rounded()) }
}
