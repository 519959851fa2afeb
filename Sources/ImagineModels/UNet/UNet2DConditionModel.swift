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
    let time = timeEmbedding(timestep, addition, guidance)
    return results(sample, time: time, context: context, DenoiserAdditions())[0]
  }

  /// [N, time]
  func timeEmbedding(
    _ timestep: Tensor, _ addition: TextTimeEmbedding.Input?, _ guidance: Tensor?
  ) -> Tensor {
    if (configuration.guidanceWidth == nil) != (guidance == nil) {
      timestep.builder.note(
        GraphError(
          guidance == nil ? "the UNet was not told how strong guidance is" : "the UNet takes no strength of guidance"))
    }
    var time = timeEmbedding(timestep, condition: guidance)
    switch (additionEmbedding, addition) {
    case (let embedding?, let addition?): time = time + embedding(addition)
    case (nil, nil): break
    case (.some, nil):
      timestep.builder.note(GraphError("the UNet was not told the prompt's vector and the picture's numbers"))
    case (nil, .some): timestep.builder.note(GraphError("the UNet was told more than the timestep, and takes no more"))
    }
    return time
  }

  /// What is predicted, and the feature that is to be kept if there is one.
  func results(_ sample: Tensor, time: Tensor, context: Tensor, _ additions: DenoiserAdditions) -> [Tensor] {
    let context = AttentionContext(context.asActivation(), imageTokens: additions.imageTokens)
    var h = convIn(sample.asActivation())
    var skips = [h], kept: Tensor?
    let cache = additions.caching.map { place($0, sample.builder) }
    for (level, block) in downBlocks.enumerated() {
      h = block(h, time: time, context: context, skips: &skips, until: cache?.skips) {
        additions.addingFeature(level, to: $0)
      }
    }
    skips = additions.addingControl(to: skips)
    if let cache, cache.isUsed, let skip = skips.last {
      h = sample.builder.input("cached", skip.shape.replacing(axis: 3, with: cache.channels)).asActivation()
    } else {
      h = midBlock?(h, time: time, context: context) ?? h
      h = additions.addingFeature(downBlocks.count, to: h)
      h = additions.addingControl(toMiddle: h)
    }
    for (index, block) in upBlocks.enumerated() where index >= (cache?.firstBlock ?? 0) {
      let first = index == cache?.firstBlock ? cache?.firstResnet ?? 0 : 0
      h = block(h, time: time, context: context, skips: &skips, from: first) { feature, resnet in
        if let cache, !cache.isUsed, (index, resnet) == (cache.block, cache.resnet) { kept = feature }
      }
    }
    return [convOut(normOut(h).silu()), kept].compactMap { $0?.cast(to: .float32) }
  }

  /// Where a feature is kept, or comes in.
  private struct CachePlace {
    let isUsed: Bool
    /// The number of the skip it is joined to.
    let branch: Int
    /// The block on the way up, and the resnet in it.
    let block: Int, resnet: Int
    /// Of the feature.
    let channels: Int

    var firstBlock: Int { isUsed ? block : 0 }
    var firstResnet: Int { isUsed ? resnet : 0 }
    /// How many skips are needed; nil for all.
    var skips: Int? { isUsed ? branch + 1 : nil }
  }

  private func place(_ caching: DenoiserAdditions.Caching, _ builder: GraphBuilder) -> CachePlace {
    let (branch, isUsed) =
      switch caching {
      case .keeps(let branch): (branch, false)
      case .uses(let branch): (branch, true)
      }
    let resnets = upBlocks.enumerated().flatMap { block, up in up.inputs.indices.map { (block, $0, up.inputs[$0]) } }
    guard resnets.indices.contains(resnets.count - 1 - branch) else {
      builder.note(GraphError("the UNet has \(resnets.count) skips, and none of number \(branch)"))
      return CachePlace(isUsed: false, branch: 0, block: 0, resnet: 0, channels: 1)
    }
    let (block, resnet, channels) = resnets[resnets.count - 1 - branch]
    return CachePlace(isUsed: isUsed, branch: branch, block: block, resnet: resnet, channels: channels)
  }
}
