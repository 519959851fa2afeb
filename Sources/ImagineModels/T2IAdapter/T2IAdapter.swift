package import ImagineGraph

/// A small network that makes features of a picture once, which the UNet adds to its levels on the way down (Mou et al. 2023,
/// T2I-Adapter).
///
/// Structure and weight paths are those of diffusers' `T2IAdapter`.
package struct T2IAdapter {
  package struct Configuration: Sendable, Hashable {
    /// Channels of the features of each level.
    package var channels = [320, 640, 1280, 1280]
    /// Resnets of each level.
    package var resnets = 2
    /// Pixels along one side of a position of the first level, whose channels lie behind each other.
    package var reduction = 8
    /// Channels of the picture: 3, or 1 for a grey one.
    package var pictureChannels = 3
    /// Whether resnets are a quarter as wide as their level.
    package var isLight = false

    package init() {}

    /// Whether the level begins at half the size of the one before: all but the first; of Stable Diffusion XL's, the third
    /// alone.
    func isHalved(_ level: Int) -> Bool { reduction == 16 ? level == 2 : level > 0 }
  }

  package let configuration: Configuration
  let convIn: Conv2d?
  let levels: [T2IAdapterBlock]

  package init(_ weights: Weights, _ configuration: Configuration) {
    self.configuration = configuration
    let weights = weights["adapter"], channels = configuration.channels
    let inputs = configuration.pictureChannels * configuration.reduction * configuration.reduction
    convIn =
      configuration.isLight ? nil : Conv2d(weights["conv_in"], in: inputs, out: channels[0], kernel: 3)
    levels = channels.indices.map { level in
      T2IAdapterBlock(
        weights["body", level], in: level > 0 ? channels[level - 1] : configuration.isLight ? inputs : channels[0],
        out: channels[level], resnets: configuration.resnets, isHalved: configuration.isHalved(level),
        isLight: configuration.isLight)
    }
  }

  /// picture [1, H / r, W / r, r * r * C], see `unshuffled` -> of each level [1, h, w, C] in 32-bit floats.
  package func callAsFunction(_ picture: Tensor) -> [Tensor] {
    var x = picture.asActivation()
    if let convIn { x = convIn(x) }
    return levels.map { level in
      x = level(x)
      return x.cast(to: .float32)
    }
  }

  /// A picture [height, width, C] as the network takes it (torch's `PixelUnshuffle`): [1, H / r, W / r, C * r * r], the channel
  /// being c * r * r + y * r + x.
  package static func unshuffled(_ pixels: [Float], width: Int, height: Int, by reduction: Int) -> HostTensor {
    let channels = pixels.count / max(width * height, 1), columns = width / reduction, rows = height / reduction
    var values = [Float](repeating: 0, count: columns * rows * channels * reduction * reduction)
    var index = 0
    for row in 0..<rows {
      for column in 0..<columns {
        for channel in 0..<channels {
          for y in 0..<reduction {
            for x in 0..<reduction {
              values[index] = pixels[((row * reduction + y) * width + column * reduction + x) * channels + channel]
              index += 1
            }
          }
        }
      }
    }
    return HostTensor([1, rows, columns, channels * reduction * reduction], values)
  }
}

/// One level of a T2I-Adapter (diffusers' `AdapterBlock` and `LightAdapterBlock`).
package struct T2IAdapterBlock {
  let isHalved: Bool
  let convIn: Conv2d?, convOut: Conv2d?
  let resnets: [(first: Conv2d, second: Conv2d)]

  init(_ weights: Weights, in inputs: Int, out outputs: Int, resnets: Int, isHalved: Bool, isLight: Bool) {
    self.isHalved = isHalved
    let width = isLight ? outputs / 4 : outputs
    convIn = inputs == width && !isLight ? nil : Conv2d(weights["in_conv"], in: inputs, out: width, kernel: 1)
    convOut = isLight ? Conv2d(weights["out_conv"], in: width, out: outputs, kernel: 1) : nil
    self.resnets = (0..<resnets).map {
      let weights = weights["resnets", $0]
      return (
        Conv2d(weights["block1"], in: width, out: width, kernel: 3),
        Conv2d(weights["block2"], in: width, out: width, kernel: isLight ? 3 : 1)
      )
    }
  }

  func callAsFunction(_ x: Tensor) -> Tensor {
    var h = isHalved ? x.averagedPairs(axis: 1).averagedPairs(axis: 2) : x
    if let convIn { h = convIn(h) }
    for (first, second) in resnets { h = second(first(h).relu()) + h }
    return convOut?(h) ?? h
  }
}

extension Tensor {
  /// [N, H, W, C] with each two rows (axis 1) or columns (2) as their mean; a last one without another stays (torch's
  /// `AvgPool2d` with `ceil_mode`, along one axis).
  fileprivate func averagedPairs(axis: Int) -> Tensor {
    let count = shape[axis], pairs = (count + 1) / 2
    var whole = self
    if count % 2 == 1 {
      whole = concatenated(with: sliced(axis: axis, start: count - 1, count: 1), axis: axis)
    }
    let split = whole.reshaped(
      axis == 1
        ? [shape[0] * pairs, 2, shape[2], shape[3]] : [shape[0] * shape[1], pairs, 2, shape[3]])
    let cut = axis == 1 ? 1 : 2
    let mean = (split.sliced(axis: cut, start: 0, count: 1) + split.sliced(axis: cut, start: 1, count: 1)) * 0.5
    return mean.reshaped(axis == 1 ? [shape[0], pairs, shape[2], shape[3]] : [shape[0], shape[1], pairs, shape[3]])
  }
}
