package import ImagineGraph

/// The denoiser: predicts the noise in a latent image at a timestep, for a prompt.
///
/// Structure and weight paths are those of diffusers' `UNet2DConditionModel`.
package struct UNet2DConditionModel {
  package let configuration: Configuration
  let convIn: Conv2d
  let timeEmbedding: TimestepEmbedding
  let additionEmbedding: TextTimeEmbedding?
  let downBlocks: [DownBlock2D]
  let midBlock: UNetMidBlock2D?
  let upBlocks: [UpBlock2D]
  let normOut: GroupNorm
  let convOut: Conv2d

  package init(_ weights: Weights, _ configuration: Configuration) {
    self.configuration = configuration
    let channels = configuration.blockOutChannels
    let levels = channels.indices.map { configuration.level($0) }
    let last = channels.count - 1

    convIn = Conv2d(weights["conv_in"], in: configuration.inChannels, out: channels[0], kernel: 3)
    timeEmbedding = TimestepEmbedding(
      weights["time_embedding"], in: channels[0], out: configuration.timeWidth, condition: configuration.guidanceWidth)
    additionEmbedding = configuration.additionEmbedding.map {
      TextTimeEmbedding(weights["add_embedding"], $0, out: configuration.timeWidth)
    }
    downBlocks = channels.indices.map { index in
      DownBlock2D(
        weights["down_blocks", index], in: channels[max(index - 1, 0)], out: channels[index],
        depths: configuration.downDepths[index], downsamples: index < last, level: levels[index])
    }
    midBlock = configuration.midDepths.map {
      UNetMidBlock2D(weights["mid_block"], channels: channels[last], depths: $0, level: levels[last])
    }

    // Mirrored: the way up takes the skips of the way down from the end, and the last skip of each level is the one
    // its downsampler's input level left, so it has the channels of the level above.
    upBlocks = channels.indices.map { index in
      let level = last - index, depths = configuration.upDepths[index]
      let above = channels[max(level - 1, 0)]
      return UpBlock2D(
        weights["up_blocks", index], in: channels[min(level + 1, last)], out: channels[level],
        skips: [Int](repeating: channels[level], count: max(depths.count - 1, 0)) + [above], depths: depths,
        upsamples: level > 0, level: levels[level])
    }
    normOut = GroupNorm(
      weights["conv_norm_out"], channels: channels[0], groups: configuration.normGroups, epsilon: 1e-5)
    convOut = Conv2d(weights["conv_out"], in: channels[0], out: configuration.outChannels, kernel: 3)
  }

  /// sample [N, H, W, in], timestep [N] (may be fractional), context [N, S, D] -> [N, H, W, out] in 32-bit floats.
  ///
  /// With more or less than the model was trained to be told the graph cannot be finished.
  ///
  /// - Parameters:
  ///   - addition: for a model with `additionEmbedding`, and for no other.
  ///   - guidance: [N, guidanceWidth], the strength of guidance as sinusoids; for a model with `guidanceWidth`, and for no
  ///     other.
  package func callAsFunction(
    _ sample: Tensor, timestep: Tensor, context: Tensor, addition: TextTimeEmbedding.Input? = nil,
    guidance: Tensor? = nil
  ) -> Tensor {
    if (configuration.guidanceWidth == nil) != (guidance == nil) {
      sample.builder.note(
        GraphError(
          guidance == nil ? "the UNet was not told how strong guidance is" : "the UNet takes no strength of guidance"))
    }
    var time = timeEmbedding(timestep, condition: guidance)
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
    h = midBlock?(h, time: time, context: context) ?? h
    for block in upBlocks { h = block(h, time: time, context: context, skips: &skips) }
    return convOut(normOut(h).silu()).cast(to: .float32)
  }
}
