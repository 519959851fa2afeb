import ImagineGraph

/// The compact network of Real-ESRGAN: convolutions in a row, and one step to the large size, added to the repeated pixels
/// of the picture (`SRVGGNetCompact`; realesr-general, realesr-animevideo and many others).
struct SRVGGNetCompact {
  struct Configuration: Sendable, Hashable {
    var channels = 3
    var features = 64
    /// Convolutions between the first and the last.
    var depth = 32
    var scale = 4
  }

  let configuration: Configuration
  private let convolutions: [Conv2d]
  /// Of the activation after each convolution but the last.
  private let slopes: [Parameter]

  init(_ weights: Weights, _ configuration: Configuration) {
    self.configuration = configuration
    let (features, channels) = (configuration.features, configuration.channels)
    convolutions = (0...configuration.depth + 1).map { index in
      Conv2d(
        weights["body", 2 * index], in: index == 0 ? channels : features,
        out: index > configuration.depth ? channels * configuration.scale * configuration.scale : features, kernel: 3)
    }
    slopes = (0...configuration.depth).map { weights["body", 2 * $0 + 1].parameter("weight", [features]) }
  }

  /// pixels [N, H, W, C] in 0...1 -> [N, H * scale, W * scale, C] in 32-bit floats.
  func callAsFunction(_ pixels: Tensor) -> Tensor {
    var h = pixels.asActivation()
    for (convolution, slope) in zip(convolutions, slopes) { h = convolution(h).prelu(slope) }
    let detail = convolutions[convolutions.count - 1](h).cast(to: .float32).pixelShuffled(configuration.scale)
    return detail + pixels.upsampledNearest(by: configuration.scale)
  }
}
