package import ImagineGraph

/// Latents to pictures, after `post_quant_conv`.
package struct Decoder {
  let convIn: Conv2d
  let midBlock: VAEMidBlock
  let upBlocks: [UpDecoderBlock2D]
  let normOut: GroupNorm
  let convOut: Conv2d

  init(_ weights: Weights, _ configuration: AutoencoderKL.Configuration) {
    let channels = Array(configuration.blockOutChannels.reversed()), groups = configuration.normGroups
    let last = channels.count - 1
    convIn = Conv2d(weights["conv_in"], in: configuration.latentChannels, out: channels[0], kernel: 3)
    midBlock = VAEMidBlock(weights["mid_block"], channels: channels[0], groups: groups)
    upBlocks = channels.indices.map { index in
      UpDecoderBlock2D(
        weights["up_blocks", index], in: channels[max(index - 1, 0)], out: channels[index],
        layers: configuration.layersPerBlock + 1, upsamples: index < last, groups: groups)
    }
    normOut = GroupNorm(weights["conv_norm_out"], channels: channels[last], groups: groups, epsilon: 1e-6)
    convOut = Conv2d(weights["conv_out"], in: channels[last], out: 3, kernel: 3)
  }

  /// latents [N, h, w, latent] -> [N, H, W, 3]
  package func callAsFunction(_ latents: Tensor) -> Tensor {
    var h = midBlock(convIn(latents))
    for block in upBlocks { h = block(h) }
    return convOut(normOut(h).silu())
  }

  /// Everything before the up blocks, in little memory: latents [N, h, w, latent] -> [N, h, w, C]
  func begin(_ latents: Tensor) -> Tensor { midBlock(convIn(latents), savesMemory: true) }
}

/// One level of the decoder.
package struct UpDecoderBlock2D {
  let resnets: [ResnetBlock2D]
  let upsampler: Upsample2D?

  init(_ weights: Weights, in inputs: Int, out outputs: Int, layers: Int, upsamples: Bool, groups: Int) {
    resnets = (0..<layers).map {
      ResnetBlock2D(
        weights["resnets", $0], in: $0 == 0 ? inputs : outputs, out: outputs, groups: groups, epsilon: 1e-6)
    }
    upsampler = upsamples ? Upsample2D(weights["upsamplers", 0], channels: outputs) : nil
  }

  func callAsFunction(_ x: Tensor) -> Tensor {
    let h = resnets.reduce(x) { h, resnet in resnet(h) }
    return upsampler?(h, height: h.shape[1] * 2, width: h.shape[2] * 2) ?? h
  }
}
