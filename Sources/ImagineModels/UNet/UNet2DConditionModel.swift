package import ImagineGraph

/// The denoiser: predicts the noise in a latent image at a timestep, for a prompt.
///
/// Structure and weight paths are those of diffusers' `UNet2DConditionModel`.
package struct UNet2DConditionModel {
  package struct Configuration: Sendable, Hashable {
    package var inChannels = 4
    package var outChannels = 4
    /// Channels of each level, from the finest.
    package var blockOutChannels = [320, 640, 1280, 1280]
    /// Resnets of each level on the way down; one more on the way up.
    package var layersPerBlock = 2
    /// Transformer blocks after each resnet of a level; 0 where a level has no attention.
    package var transformerDepth = [1, 1, 1, 0]
    /// Transformer blocks in the middle.
    package var midTransformerDepth = 1
    /// Attention heads of each level. (diffusers' `attention_head_dim` of SD 1.x means this.)
    package var heads = [8, 8, 8, 8]
    /// Width of the prompt's tokens.
    package var crossAttentionDim = 768
    /// What the time embedding is told beside the timestep; nil in models that are told nothing more.
    package var additionEmbedding: AdditionEmbedding?
    package var normGroups = 32

    package init() {}

    /// Width of the time embedding.
    package var timeWidth: Int { blockOutChannels[0] * 4 }
  }

  package let configuration: Configuration
  let convIn: Conv2d
  let timeEmbedding: TimestepEmbedding
  let additionEmbedding: TextTimeEmbedding?
  let downBlocks: [DownBlock2D]
  let midBlock: UNetMidBlock2DCrossAttn
  let upBlocks: [UpBlock2D]
  let normOut: GroupNorm
  let convOut: Conv2d

  package init(_ weights: Weights, _ configuration: Configuration) {
    self.configuration = configuration
    let channels = configuration.blockOutChannels
    let levels = channels.indices.map { configuration.level($0) }
    let last = channels.count - 1

    convIn = Conv2d(weights["conv_in"], in: configuration.inChannels, out: channels[0], kernel: 3)
    timeEmbedding = TimestepEmbedding(weights["time_embedding"], in: channels[0], out: configuration.timeWidth)
    additionEmbedding = configuration.additionEmbedding.map {
      TextTimeEmbedding(weights["add_embedding"], $0, out: configuration.timeWidth)
    }
    downBlocks = channels.indices.map { index in
      DownBlock2D(
        weights["down_blocks", index], in: channels[max(index - 1, 0)], out: channels[index],
        layers: configuration.layersPerBlock, downsamples: index < last, level: levels[index])
    }
    midBlock = UNetMidBlock2DCrossAttn(
      weights["mid_block"], channels: channels[last], level: configuration.midLevel)

    // Mirrored: the way up takes the skips of the way down from the end, and the last skip of each level is the one
    // its downsampler's input level left, so it has the channels of the level above.
    upBlocks = channels.indices.map { index in
      let level = last - index
      let above = channels[max(level - 1, 0)]
      return UpBlock2D(
        weights["up_blocks", index], in: channels[min(level + 1, last)], out: channels[level],
        skips: [Int](repeating: channels[level], count: configuration.layersPerBlock) + [above],
        upsamples: level > 0, level: levels[level])
    }
    normOut = GroupNorm(
      weights["conv_norm_out"], channels: channels[0], groups: configuration.normGroups, epsilon: 1e-5)
    convOut = Conv2d(weights["conv_out"], in: channels[0], out: configuration.outChannels, kernel: 3)
  }

  /// sample [N, H, W, in], timestep [N] (may be fractional), context [N, S, D] -> [N, H, W, out] in 32-bit floats.
  ///
  /// - Parameter addition: for a model with `additionEmbedding`, and for no other: else the graph cannot be finished.
  package func callAsFunction(
    _ sample: Tensor, timestep: Tensor, context: Tensor, addition: TextTimeEmbedding.Input? = nil
  ) -> Tensor {
    var time = timeEmbedding(timestep)
    switch (additionEmbedding, addition) {
    case (let embedding?, let addition?): time = time + embedding(addition)
    case (nil, nil): break
    case (.some, nil):
      sample.builder.note(GraphError("the UNet was not told the prompt's vector and the picture's numbers"))
    case (nil, .some): sample.builder.note(GraphError("the UNet was told more than the timestep, and takes no more"))
    }
    let context = context.asActivation()
    var h = convIn(sample.asActivation())
    var skips = [h]
    for block in downBlocks { h = block(h, time: time, context: context, skips: &skips) }
    h = midBlock(h, time: time, context: context)
    for block in upBlocks { h = block(h, time: time, context: context, skips: &skips) }
    return convOut(normOut(h).silu()).cast(to: .float32)
  }
}

extension UNet2DConditionModel.Configuration {
  fileprivate func level(_ index: Int, depth: Int? = nil) -> UNetLevel {
    UNetLevel(
      time: timeWidth, context: crossAttentionDim, heads: heads[index],
      transformerDepth: depth ?? transformerDepth[index], groups: normGroups)
  }

  fileprivate var midLevel: UNetLevel { level(blockOutChannels.count - 1, depth: midTransformerDepth) }
}
