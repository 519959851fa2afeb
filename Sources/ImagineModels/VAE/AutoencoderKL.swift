package import ImagineGraph

/// The autoencoder between pictures and latents at 1/8 of their size.
///
/// Structure and weight paths are those of diffusers' `AutoencoderKL`.
package struct AutoencoderKL {
  package struct Configuration: Sendable, Hashable {
    /// Channels of each level, from the finest.
    package var blockOutChannels = [128, 256, 512, 512]
    /// Resnets of each level of the encoder; one more in the decoder.
    package var layersPerBlock = 2
    package var latentChannels = 4
    package var normGroups = 32
    /// What latents are multiplied by on their way to the denoiser.
    package var scalingFactor: Float = 0.18215
    /// Mean and deviation of each channel of latents, in models whose denoiser is given them normalised by these before they
    /// are scaled (Playground 2.5).
    package var latentStatistics: LatentStatistics?
    /// Whether pictures can be encoded, too; models for drawing alone have no encoder.
    package var hasEncoder = true
    /// Whether a convolution of one position follows the encoder.
    package var hasQuantConv = true
    /// Whether a convolution of one position precedes the decoder.
    package var hasPostQuantConv = true

    package init() {}

    /// Stable Diffusion 1.x's and 2.x's.
    package static let stableDiffusion1 = Configuration()

    /// Stable Diffusion XL's and its refiner's.
    package static let stableDiffusionXL: Configuration = {
      var configuration = Configuration()
      configuration.scalingFactor = 0.13025
      return configuration
    }()

    /// Pixels along one side of a latent position.
    package var reduction: Int { 1 << (blockOutChannels.count - 1) }
  }

  package let configuration: Configuration
  /// With the convolution behind it, if any; nil without an encoder.
  let encoder: (network: Encoder, quantConv: Conv2d?)?
  package let decoder: Decoder
  let postQuantConv: Conv2d?

  package init(_ weights: Weights, _ configuration: Configuration) {
    self.configuration = configuration
    let latent = configuration.latentChannels
    encoder =
      configuration.hasEncoder
      ? (
        Encoder(weights["encoder"], configuration),
        configuration.hasQuantConv
          ? Conv2d(weights["quant_conv"], in: latent * 2, out: latent * 2, kernel: 1) : nil
      ) : nil
    decoder = Decoder(weights["decoder"], configuration)
    postQuantConv =
      configuration.hasPostQuantConv ? Conv2d(weights["post_quant_conv"], in: latent, out: latent, kernel: 1) : nil
  }

  /// latents [N, h, w, latent], as the denoiser leaves them -> pixels [N, H, W, 3] around -1...1, in 32-bit floats.
  package func decode(_ latents: Tensor) -> Tensor { decoder(unscaled(latents)).cast(to: .float32) }

  /// The part of `decode` that looks at all latents at once: -> [N, h, w, C], in 32-bit floats.
  ///
  /// What is left are the sections of the decoder, one after another, and they look at neighbours only.
  func beginDecoding(_ latents: Tensor) -> Tensor { decoder.begin(unscaled(latents)).cast(to: .float32) }

  private func unscaled(_ latents: Tensor) -> Tensor {
    let scale = 1 / configuration.scalingFactor
    let unscaled = (configuration.latentStatistics?.undone(latents, scale: scale) ?? latents * scale).asActivation()
    return postQuantConv?(unscaled) ?? unscaled
  }

  /// pixels [N, H, W, 3] in -1...1 -> the mean and the logarithm of the variance of the latents, side by side:
  /// [N, h, w, 2 latent], not yet scaled, in 32-bit floats.
  ///
  /// Without an encoder the graph cannot be finished.
  package func encode(_ pixels: Tensor) -> Tensor {
    encoded(pixels) { encoder in encoder(pixels.asActivation()) }
  }

  /// The part of `encode` that looks at all positions at once, after the sections of the encoder: [N, h, w, C] -> as `encode`.
  func endEncoding(_ x: Tensor) -> Tensor { encoded(x) { encoder in encoder.end(x.asActivation()) } }

  private func encoded(_ x: Tensor, _ network: (Encoder) -> Tensor) -> Tensor {
    guard let encoder else {
      x.builder.note(GraphError("the autoencoder has no encoder"))
      return x
    }
    let statistics = network(encoder.network)
    return (encoder.quantConv?(statistics) ?? statistics).cast(to: .float32)
  }
}

/// Self-attention of one head over the positions of an image (diffusers `Attention` with `group_norm` and residual).
package struct VAEAttention {
  let groupNorm: GroupNorm
  let attention: Attention

  package init(_ weights: Weights, channels: Int, groups: Int) {
    groupNorm = GroupNorm(weights["group_norm"], channels: channels, groups: groups, epsilon: 1e-6)
    attention = Attention(weights, channels: channels, context: channels, heads: 1, bias: true)
  }

  /// - Parameter savesMemory: whether little memory counts for more than time.
  package func callAsFunction(_ x: Tensor, savesMemory: Bool = false) -> Tensor {
    let tokens = x.shape[1] * x.shape[2]
    let h = attention(
      groupNorm(x).asTokens(), queriesAtOnce: savesMemory ? max(Self.savingPairs / max(tokens, 1), 1) : nil)
    return (h + x.asTokens()).reshaped(x.shape)
  }

  /// Pairs of query and key at once: 64 MiB of weights in 32-bit floats, half of what a buffer of any graphics card can hold.
  private static let savingPairs = 1 << 24
}

/// The level between encoder and latents, or latents and decoder: resnet, attention, resnet (`UNetMidBlock2D`).
package struct VAEMidBlock {
  let resnets: [ResnetBlock2D]
  let attention: VAEAttention

  package init(_ weights: Weights, channels: Int, groups: Int) {
    resnets = (0..<2).map {
      ResnetBlock2D(weights["resnets", $0], in: channels, out: channels, groups: groups, epsilon: 1e-6)
    }
    attention = VAEAttention(weights["attentions", 0], channels: channels, groups: groups)
  }

  package func callAsFunction(_ x: Tensor, savesMemory: Bool = false) -> Tensor {
    resnets[1](attention(resnets[0](x), savesMemory: savesMemory))
  }
}
