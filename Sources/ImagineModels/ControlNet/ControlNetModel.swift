package import ImagineGraph

/// A copy of a UNet's way down that looks at another picture, too, and tells the UNet what to add to its skips (Zhang, Rao
/// and Agrawala 2023, Adding Conditional Control to Text-to-Image Diffusion Models).
///
/// Structure and weight paths are those of diffusers' `ControlNetModel`.
package struct ControlNetModel {
  package struct Configuration: Sendable, Hashable {
    /// The half of the UNet; it has no way up.
    package var unet = UNet2DConditionModel.Configuration()
    /// Channels of the picture that it looks at.
    package var hintChannels = 3
    /// Channels of the network for the picture, each but the first at half the size of the one before.
    package var hintWidths = [16, 32, 96, 256]
    /// Whether what it tells is the same at all positions, their mean: models that were trained on shuffled pictures.
    package var poolsResiduals = false
    /// Whether the picture's channels are blue, green and red.
    package var isBGR = false

    package init() {}

    /// How many skips of the UNet it tells something to add to.
    package var skipCount: Int { unet.downDepths.reduce(0) { $0 + $1.count } + unet.blockOutChannels.count }
    /// Whether it looks at the prompt: small ones do not.
    package var readsPrompt: Bool {
      unet.downDepths.joined().contains { $0 > 0 } || unet.midDepths?.contains { $0 > 0 } == true
    }
    /// Pixels along one side of a latent position.
    package var hintReduction: Int { 1 << (hintWidths.count - 1) }
  }

  package let configuration: Configuration
  let convIn: Conv2d
  let timeEmbedding: TimestepEmbedding
  let additionEmbedding: TextTimeEmbedding?
  let hintEmbedding: ControlNetConditioningEmbedding
  let downBlocks: [DownBlock2D]
  let midBlock: UNetMidBlock2D?
  let downOutputs: [Conv2d]
  let midOutput: Conv2d

  package init(_ weights: Weights, _ configuration: Configuration) {
    self.configuration = configuration
    let unet = configuration.unet, channels = unet.blockOutChannels, last = channels.count - 1
    convIn = Conv2d(weights["conv_in"], in: unet.inChannels, out: channels[0], kernel: 3)
    timeEmbedding = TimestepEmbedding(weights["time_embedding"], in: channels[0], out: unet.timeWidth)
    additionEmbedding = unet.additionEmbedding.map {
      TextTimeEmbedding(weights["add_embedding"], $0, out: unet.timeWidth)
    }
    hintEmbedding = ControlNetConditioningEmbedding(
      weights["controlnet_cond_embedding"], in: configuration.hintChannels, widths: configuration.hintWidths,
      out: channels[0])
    downBlocks = channels.indices.map { index in
      DownBlock2D(
        weights["down_blocks", index], in: channels[max(index - 1, 0)], out: channels[index],
        depths: unet.downDepths[index], downsamples: index < last, level: unet.level(index))
    }
    midBlock = unet.midDepths.map {
      UNetMidBlock2D(weights["mid_block"], channels: channels[last], depths: $0, level: unet.level(last + 1))
    }
    var skips = [channels[0]]
    for index in channels.indices {
      skips += [Int](repeating: channels[index], count: unet.downDepths[index].count + (index < last ? 1 : 0))
    }
    downOutputs = skips.enumerated().map { index, width in
      Conv2d(weights["controlnet_down_blocks", index], in: width, out: width, kernel: 1)
    }
    midOutput = Conv2d(weights["controlnet_mid_block"], in: channels[last], out: channels[last], kernel: 1)
  }

  /// sample [N, H, W, in], timestep [N], context [N, S, D], hint [1, H * r, W * r, 3] in 0...1 -> for each skip of the UNet,
  /// and at last for its middle, what to add: [N, h, w, C] in 32-bit floats.
  ///
  /// - Parameter scales: of each result [N, 1, 1, 1], as many as results; nil leaves them as they are.
  package func callAsFunction(
    _ sample: Tensor, timestep: Tensor, context: Tensor, hint: Tensor, addition: TextTimeEmbedding.Input? = nil,
    scales: [Tensor]? = nil
  ) -> [Tensor] {
    var time = timeEmbedding(timestep)
    switch (additionEmbedding, addition) {
    case (let embedding?, let addition?): time = time + embedding(addition)
    case (nil, nil): break
    case (.some, nil), (nil, .some):
      sample.builder.note(GraphError("the ControlNet was not told what it takes beside the timestep"))
    }
    let context = AttentionContext(context.asActivation())
    var h = convIn(sample.asActivation()) + hintEmbedding(hint.asActivation())
    var skips = [h]
    for block in downBlocks { h = block(h, time: time, context: context, skips: &skips) }
    h = midBlock?(h, time: time, context: context) ?? h
    let results = zip(downOutputs, skips).map { $0($1) } + [midOutput(h)]
    guard let scales else { return results.map { $0.cast(to: .float32) } }
    return zip(results, scales).map { ($0 * $1.asActivation()).cast(to: .float32) }
  }
}

/// A picture in pixels to channels in latent positions (diffusers' `ControlNetConditioningEmbedding`).
package struct ControlNetConditioningEmbedding {
  let convIn: Conv2d, convOut: Conv2d
  let blocks: [Conv2d]

  init(_ weights: Weights, in inputs: Int, widths: [Int], out outputs: Int) {
    convIn = Conv2d(weights["conv_in"], in: inputs, out: widths[0], kernel: 3)
    var blocks: [Conv2d] = []
    for (width, next) in zip(widths, widths.dropFirst()) {
      blocks.append(Conv2d(weights["blocks", blocks.count], in: width, out: width, kernel: 3))
      blocks.append(Conv2d(weights["blocks", blocks.count], in: width, out: next, kernel: 3, stride: 2))
    }
    self.blocks = blocks
    convOut = Conv2d(weights["conv_out"], in: widths[widths.count - 1], out: outputs, kernel: 3)
  }

  /// [N, H, W, in] -> [N, H / r, W / r, out], r being 2 for each width but the first.
  func callAsFunction(_ picture: Tensor) -> Tensor {
    convOut(blocks.reduce(convIn(picture).silu()) { $1($0).silu() })
  }
}
