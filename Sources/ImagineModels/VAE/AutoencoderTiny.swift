package import ImagineGraph

/// A small autoencoder in place of the large one: quick pictures at a little less quality (TAESD and its like).
///
/// Structure and weight paths are those of diffusers' `AutoencoderTiny`. It was trained on latents as the denoiser leaves
/// them, so that nothing is scaled.
package struct AutoencoderTiny {
  package struct Configuration: Sendable, Hashable {
    /// Channels of every layer between the first and the last.
    package var width = 64
    package var latentChannels = 4
    /// Blocks of each level on the way to latents, from the finest.
    package var encoderBlocks = [1, 3, 3, 3]
    /// Blocks of each level on the way to pictures, from the coarsest.
    package var decoderBlocks = [3, 3, 3, 1]
    /// Whether pictures can be encoded, too; models for drawing alone have no encoder.
    package var hasEncoder = true

    package init() {}

    /// Pixels along one side of a latent position.
    package var reduction: Int { 1 << (decoderBlocks.count - 1) }
  }

  /// A layer of the encoder or decoder.
  enum Layer {
    case conv(Conv2d)
    case block(AutoencoderTinyBlock)
    case relu
    case upsample

    func callAsFunction(_ x: Tensor) -> Tensor {
      switch self {
      case .conv(let conv): conv(x)
      case .block(let block): block(x)
      case .relu: x.activation(.relu)
      case .upsample: x.upsampledNearest(height: x.shape[1] * 2, width: x.shape[2] * 2)
      }
    }
  }

  package let configuration: Configuration
  private let encoder: [Layer]?
  private let decoder: [Layer]

  package init(_ weights: Weights, _ configuration: Configuration) {
    self.configuration = configuration
    encoder = configuration.hasEncoder ? configuration.encoder(weights["encoder"]) : nil
    decoder = configuration.decoder(weights["decoder"])
  }

  /// latents [N, h, w, latent], as the denoiser leaves them -> pixels [N, H, W, 3] around -1...1, in 32-bit floats.
  package func decode(_ latents: Tensor) -> Tensor {
    let bounded = (latents * (1 / 3)).activation(.tanh) * 3
    let pixels = decoder.reduce(bounded.asActivation()) { $1($0) }.cast(to: .float32)
    // The network's pixels are in 0...1.
    return pixels * 2 + latents.one * -1
  }

  /// pixels [N, H, W, 3] in -1...1 -> latents [N, h, w, latent], as the denoiser takes them, in 32-bit floats.
  ///
  /// Without an encoder the graph cannot be finished.
  package func encode(_ pixels: Tensor) -> Tensor {
    guard let encoder else {
      pixels.builder.note(GraphError("the autoencoder has no encoder"))
      return pixels
    }
    let unsigned = (pixels + pixels.one) * 0.5
    return encoder.reduce(unsigned.asActivation()) { $1($0) }.cast(to: .float32)
  }
}

/// Three convolutions around a shortcut.
struct AutoencoderTinyBlock {
  let convs: [Conv2d]

  init(_ weights: Weights, channels: Int) {
    // What stands between them in diffusers' numbers has no weights.
    convs = [0, 2, 4].map { Conv2d(weights["conv", $0], in: channels, out: channels, kernel: 3) }
  }

  func callAsFunction(_ x: Tensor) -> Tensor {
    let inner = convs.dropLast().reduce(x) { $1($0).activation(.relu) }
    return (convs[2](inner) + x).activation(.relu)
  }
}

extension AutoencoderTiny.Configuration {
  /// Layers in diffusers' numbers, which those without weights count in.
  fileprivate func encoder(_ weights: Weights) -> [AutoencoderTiny.Layer] {
    var layers: [AutoencoderTiny.Layer] = []
    var next: Weights { weights["layers", layers.count] }
    for (level, blocks) in encoderBlocks.enumerated() {
      layers.append(
        .conv(
          level == 0
            ? Conv2d(next, in: 3, out: width, kernel: 3)
            : Conv2d(next, in: width, out: width, kernel: 3, stride: 2, bias: false)))
      for _ in 0..<blocks { layers.append(.block(AutoencoderTinyBlock(next, channels: width))) }
    }
    layers.append(.conv(Conv2d(next, in: width, out: latentChannels, kernel: 3)))
    return layers
  }

  fileprivate func decoder(_ weights: Weights) -> [AutoencoderTiny.Layer] {
    var layers: [AutoencoderTiny.Layer] = []
    var next: Weights { weights["layers", layers.count] }
    layers.append(.conv(Conv2d(next, in: latentChannels, out: width, kernel: 3)))
    layers.append(.relu)
    for (level, blocks) in decoderBlocks.enumerated() {
      for _ in 0..<blocks { layers.append(.block(AutoencoderTinyBlock(next, channels: width))) }
      guard level < decoderBlocks.count - 1 else { break }
      layers.append(.upsample)
      layers.append(.conv(Conv2d(next, in: width, out: width, kernel: 3, bias: false)))
    }
    layers.append(.conv(Conv2d(next, in: width, out: 3, kernel: 3)))
    return layers
  }
}
