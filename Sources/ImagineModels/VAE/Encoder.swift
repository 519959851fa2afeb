package import ImagineGraph

/// Pictures to latent statistics, before `quant_conv`.
package struct Encoder {
  let convIn: Conv2d
  let downBlocks: [DownEncoderBlock2D]
  let midBlock: VAEMidBlock
  let normOut: GroupNorm
  let convOut: Conv2d

  init(_ weights: Weights, _ configuration: AutoencoderKL.Configuration) {
    let channels = configuration.blockOutChannels, last = channels.count - 1, groups = configuration.normGroups
    convIn = Conv2d(weights["conv_in"], in: 3, out: channels[0], kernel: 3)
    downBlocks = channels.indices.map { index in
      DownEncoderBlock2D(
        weights["down_blocks", index], in: channels[max(index - 1, 0)], out: channels[index],
        layers: configuration.layersPerBlock, downsamples: index < last, groups: groups)
    }
    midBlock = VAEMidBlock(weights["mid_block"], channels: channels[last], groups: groups)
    normOut = GroupNorm(weights["conv_norm_out"], channels: channels[last], groups: groups, epsilon: 1e-6)
    convOut = Conv2d(weights["conv_out"], in: channels[last], out: configuration.latentChannels * 2, kernel: 3)
  }

  /// pixels [N, H, W, 3] -> [N, h, w, 2 latent]
  package func callAsFunction(_ pixels: Tensor) -> Tensor {
    var h = convIn(pixels)
    for block in downBlocks { h = block(h) }
    return convOut(normOut(midBlock(h)).silu())
  }

  /// Everything after the down blocks, in little memory: [N, h, w, C] -> [N, h, w, 2 latent]
  func end(_ x: Tensor) -> Tensor { convOut(normOut(midBlock(x, savesMemory: true)).silu()) }
}

/// One level of the encoder.
package struct DownEncoderBlock2D {
  let resnets: [ResnetBlock2D]
  let downsampler: Downsample2D?

  init(_ weights: Weights, in inputs: Int, out outputs: Int, layers: Int, downsamples: Bool, groups: Int) {
    resnets = (0..<layers).map {
      ResnetBlock2D(
        weights["resnets", $0], in: $0 == 0 ? inputs : outputs, out: outputs, groups: groups, epsilon: 1e-6)
    }
    let padding = Convolution.Padding(top: 0, left: 0, bottom: 1, right: 1)
    downsampler = downsamples ? Downsample2D(weights["downsamplers", 0], channels: outputs, padding: padding) : nil
  }

  func callAsFunction(_ x: Tensor) -> Tensor {
    let h = resnets.reduce(x) { h, resnet in resnet(h) }
    return downsampler?(h) ?? h
  }
}
