import ImagineGraph

/// SwinIR (Liang et al., 2021): convolutions around transformer blocks that attend within windows, every second block in
/// windows shifted by half. Weight paths are the original's.
struct SwinIR {
  /// How the picture becomes larger at the end.
  enum Upsampler: Sendable, Hashable {
    /// Not at all: models against noise and artefacts of compression.
    case none
    /// By one convolution and a shuffle.
    case pixelShuffleDirect
    /// By a convolution and a shuffle for each of these factors.
    case pixelShuffle([Int], features: Int)
    /// By so many convolutions of repeated pixels.
    case nearest(Int, features: Int)
  }

  struct Configuration: Sendable, Hashable {
    var channels = 3
    var width = 60
    /// Transformer blocks of each layer.
    var depths = [6, 6, 6, 6]
    var heads = [6, 6, 6, 6]
    var window = 8
    var hidden = 120
    var scale = 2
    var upsampler = Upsampler.pixelShuffleDirect
    /// Whether three narrow convolutions end a layer, in place of one.
    var endsNarrow = false
    var hasPatchNorm = true
    /// What pixels of 0...1 are multiplied by.
    var range: Float = 1
  }

  let configuration: Configuration
  private let first: Conv2d
  private let patchNorm: LayerNorm?
  private let layers: [SwinLayer]
  private let norm: LayerNorm
  private let bodyEnd: SwinLayerEnd
  private let before: Conv2d?
  private let upsamplings: [Conv2d]
  private let highResolution: Conv2d?
  private let last: Conv2d?

  init(_ weights: Weights, _ configuration: Configuration) {
    self.configuration = configuration
    let (width, channels) = (configuration.width, configuration.channels)
    func conv(_ weights: Weights, _ inputs: Int, _ outputs: Int) -> Conv2d {
      Conv2d(weights, in: inputs, out: outputs, kernel: 3)
    }
    first = conv(weights["conv_first"], channels, width)
    patchNorm = configuration.hasPatchNorm ? LayerNorm(weights["patch_embed"]["norm"], channels: width) : nil
    layers = configuration.depths.indices.map { SwinLayer(weights["layers", $0], configuration, layer: $0) }
    norm = LayerNorm(weights["norm"], channels: width)
    bodyEnd = SwinLayerEnd(weights["conv_after_body"], configuration)
    switch configuration.upsampler {
    case .none:
      (before, upsamplings, highResolution) = (nil, [], nil)
      last = conv(weights["conv_last"], width, channels)
    case .pixelShuffleDirect:
      (before, highResolution, last) = (nil, nil, nil)
      upsamplings = [conv(weights["upsample", 0], width, channels * configuration.scale * configuration.scale)]
    case .pixelShuffle(let factors, let features):
      before = conv(weights["conv_before_upsample", 0], width, features)
      upsamplings = factors.enumerated().map { conv(weights["upsample", 2 * $0], features, features * $1 * $1) }
      (highResolution, last) = (nil, conv(weights["conv_last"], features, channels))
    case .nearest(let count, let features):
      before = conv(weights["conv_before_upsample", 0], width, features)
      upsamplings = (0..<count).map { conv(weights["conv_up\($0 + 1)"], features, features) }
      highResolution = conv(weights["conv_hr"], features, features)
      last = conv(weights["conv_last"], features, channels)
    }
  }

  /// pixels [N, H, W, C] in 0...1, H and W multiples of the window -> [N, H * scale, W * scale, C] in 32-bit floats.
  func callAsFunction(_ pixels: Tensor, _ windows: SwinWindows) -> Tensor {
    let x = pixels.offsetChannels(by: means.map { -$0 }) * configuration.range
    let shallow = first(x.asActivation())
    var h = patchNorm?(shallow) ?? shallow
    for layer in layers { h = layer(h, windows) }
    h = bodyEnd(norm(h)) + shallow
    let result =
      switch configuration.upsampler {
      case .none: x + enlarged(h)
      default: enlarged(h)
      }
    return (result * (1 / configuration.range)).offsetChannels(by: means)
  }

  private func enlarged(_ features: Tensor) -> Tensor {
    var h = before.map { $0(features).leakyReLU(0.01) } ?? features
    switch configuration.upsampler {
    case .none: break
    case .pixelShuffleDirect:
      for upsampling in upsamplings { h = upsampling(h).pixelShuffled(configuration.scale) }
    case .pixelShuffle(let factors, _):
      for (upsampling, factor) in zip(upsamplings, factors) { h = upsampling(h).pixelShuffled(factor) }
    case .nearest:
      for upsampling in upsamplings { h = upsampling(h.upsampledNearest(by: 2)).activation(.leakyReLU) }
    }
    if let highResolution { h = highResolution(h).activation(.leakyReLU) }
    return (last?(h) ?? h).cast(to: .float32)
  }

  /// Of the pictures of its training, by channel.
  private var means: [Float] { configuration.channels == 3 ? [0.4488, 0.4371, 0.4040] : [] }
}

/// Transformer blocks and a convolution around a shortcut (`RSTB`).
private struct SwinLayer {
  let blocks: [SwinBlock]
  let end: SwinLayerEnd

  init(_ weights: Weights, _ configuration: SwinIR.Configuration, layer: Int) {
    blocks = (0..<configuration.depths[layer]).map { index in
      SwinBlock(
        weights["residual_group"]["blocks", index], configuration, heads: configuration.heads[layer],
        isShifted: index % 2 == 1)
    }
    end = SwinLayerEnd(weights["conv"], configuration)
  }

  func callAsFunction(_ x: Tensor, _ windows: SwinWindows) -> Tensor {
    end(blocks.reduce(x) { $1($0, windows) }) + x
  }
}

/// The convolution at the end of a layer: one, or three of which those inside are narrow.
private struct SwinLayerEnd {
  let convolutions: [Conv2d]

  init(_ weights: Weights, _ configuration: SwinIR.Configuration) {
    let width = configuration.width, narrow = width / 4
    convolutions =
      configuration.endsNarrow
      ? [
        Conv2d(weights.layer(0), in: width, out: narrow, kernel: 3),
        Conv2d(weights.layer(2), in: narrow, out: narrow, kernel: 1),
        Conv2d(weights.layer(4), in: narrow, out: width, kernel: 3),
      ] : [Conv2d(weights, in: width, out: width, kernel: 3)]
  }

  func callAsFunction(_ x: Tensor) -> Tensor {
    convolutions.dropFirst().reduce(convolutions[0](x)) { $1($0.activation(.leakyReLU)) }
  }
}

extension Weights {
  /// A layer of a sequence, which is called by its number.
  fileprivate func layer(_ number: Int) -> Weights { self["\(number)"] }
}
