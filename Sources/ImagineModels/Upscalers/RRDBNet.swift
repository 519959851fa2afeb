import ImagineGraph

/// The network of ESRGAN and Real-ESRGAN: dense blocks within residual blocks within a residual, then upsampling by
/// convolutions of repeated pixels (Wang et al., ESRGAN, 2018; weight paths are those of BasicSR's `RRDBNet`).
///
/// Models for twice the size and for the same size look at two or four times smaller pictures of more channels first
/// (Real-ESRGAN, 2021). ESRGAN+ has two shortcuts more in each dense block (Rakotonirina and Rasoanaivo, 2020).
struct RRDBNet {
  struct Configuration: Sendable, Hashable {
    /// Of the first convolution, after unshuffling.
    var inChannels = 3
    var outChannels = 3
    var features = 64
    /// Channels that each convolution of a dense block adds.
    var growth = 32
    var blocks = 23
    /// How often the size is doubled at the end.
    var upsamplings = 2
    /// What the picture is divided by at the beginning.
    var unshuffle = 1
    /// ESRGAN+.
    var hasShortcuts = false
  }

  let configuration: Configuration
  private let first: Conv2d
  private let body: [RRDB]
  private let bodyEnd: Conv2d
  private let upsamplings: [Conv2d]
  private let highResolution: Conv2d
  private let last: Conv2d

  init(_ weights: Weights, _ configuration: Configuration) {
    self.configuration = configuration
    let features = configuration.features
    func conv(_ name: String, in inputs: Int? = nil, out: Int? = nil) -> Conv2d {
      Conv2d(weights[name], in: inputs ?? features, out: out ?? features, kernel: 3)
    }
    first = conv("conv_first", in: configuration.inChannels)
    body = (0..<configuration.blocks).map { RRDB(weights["body", $0], configuration) }
    bodyEnd = conv("conv_body")
    upsamplings = (0..<configuration.upsamplings).map { conv("conv_up\($0 + 1)") }
    highResolution = conv("conv_hr")
    last = conv("conv_last", out: configuration.outChannels)
  }

  /// pixels [N, H, W, C] in 0...1 -> [N, H * scale, W * scale, C] in 32-bit floats.
  func callAsFunction(_ pixels: Tensor) -> Tensor {
    let shallow = first(pixels.pixelUnshuffled(configuration.unshuffle).asActivation())
    var h = bodyEnd(body.reduce(shallow) { $1($0) }) + shallow
    for upsampling in upsamplings { h = upsampling(h.upsampledNearest(by: 2)).activation(.leakyReLU) }
    return last(highResolution(h).activation(.leakyReLU)).cast(to: .float32)
  }

  /// What weights are multiplied by as they are read: the last convolution of a dense block includes the 0.2 that its
  /// result is scaled by, so that adding it to the block's input is all that is left to do.
  var factors: [String: Float] {
    Dictionary(
      uniqueKeysWithValues: body.flatMap(\.blocks).flatMap { block in
        [block.last.weight.path, block.last.bias?.path].compactMap { $0 }.map { ($0, RRDB.residualScale) }
      })
  }
}

/// Three dense blocks around a shortcut.
private struct RRDB {
  /// Of what is added to a shortcut.
  static let residualScale: Float = 0.2

  let blocks: [ResidualDenseBlock]

  init(_ weights: Weights, _ configuration: RRDBNet.Configuration) {
    blocks = (1...3).map { ResidualDenseBlock(weights["rdb\($0)"], configuration) }
  }

  func callAsFunction(_ x: Tensor) -> Tensor { blocks.reduce(x) { $1($0) } * Self.residualScale + x }
}

/// Five convolutions, each of all that came before it.
private struct ResidualDenseBlock {
  private let convolutions: [Conv2d]
  /// Scaled by `RRDBNet.factors`.
  let last: Conv2d
  private let shortcut: Conv2d?

  init(_ weights: Weights, _ configuration: RRDBNet.Configuration) {
    let (features, growth) = (configuration.features, configuration.growth)
    convolutions = (0..<4).map {
      Conv2d(weights["conv\($0 + 1)"], in: features + $0 * growth, out: growth, kernel: 3)
    }
    last = Conv2d(weights["conv5"], in: features + 4 * growth, out: features, kernel: 3)
    shortcut =
      configuration.hasShortcuts ? Conv2d(weights["conv1x1"], in: features, out: growth, kernel: 1, bias: false) : nil
  }

  func callAsFunction(_ x: Tensor) -> Tensor {
    var grown: [Tensor] = []
    for (index, convolution) in convolutions.enumerated() {
      var h = convolution(x.joined(with: grown)).activation(.leakyReLU)
      if let shortcut, index == 1 { h = h + shortcut(x) }
      if shortcut != nil, index == 3 { h = h + grown[1] }
      grown.append(h)
    }
    return last(x.joined(with: grown)) + x
  }
}
