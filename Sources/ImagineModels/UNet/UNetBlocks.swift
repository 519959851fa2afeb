package import ImagineGraph

/// What the blocks of a UNet share: one level's widths and settings.
package struct UNetLevel: Sendable {
  /// Width of the time embedding.
  package let time: Int
  /// Width of the prompt's tokens.
  package let context: Int
  /// Attention heads; also of the whole level's transformers.
  package let heads: Int
  /// Transformer blocks after each resnet; 0 for a level without attention.
  package let transformerDepth: Int
  package let groups: Int

  package init(time: Int, context: Int, heads: Int, transformerDepth: Int, groups: Int) {
    self.time = time
    self.context = context
    self.heads = heads
    self.transformerDepth = transformerDepth
    self.groups = groups
  }

  func resnet(_ weights: Weights, in inputs: Int, out outputs: Int) -> ResnetBlock2D {
    ResnetBlock2D(weights, in: inputs, out: outputs, time: time, groups: groups, epsilon: 1e-5)
  }

  func transformer(_ weights: Weights, channels: Int) -> Transformer2DModel {
    Transformer2DModel(
      weights, channels: channels, context: context, heads: heads, depth: transformerDepth, groups: groups)
  }

  func transformers(_ weights: Weights, channels: Int, count: Int) -> [Transformer2DModel] {
    transformerDepth == 0 ? [] : (0..<count).map { transformer(weights["attentions", $0], channels: channels) }
  }
}

/// One level on the way down (diffusers `CrossAttnDownBlock2D`, or `DownBlock2D` without attention).
package struct DownBlock2D {
  let resnets: [ResnetBlock2D]
  let attentions: [Transformer2DModel]
  let downsampler: Downsample2D?

  package init(
    _ weights: Weights, in inputs: Int, out outputs: Int, layers: Int, downsamples: Bool, level: UNetLevel
  ) {
    resnets = (0..<layers).map { level.resnet(weights["resnets", $0], in: $0 == 0 ? inputs : outputs, out: outputs) }
    attentions = level.transformers(weights, channels: outputs, count: layers)
    downsampler = downsamples ? Downsample2D(weights["downsamplers", 0], channels: outputs) : nil
  }

  /// x [N, H, W, in] -> the result, at half size if this level downsamples; every intermediate one joins `skips`.
  package func callAsFunction(_ x: Tensor, time: Tensor, context: Tensor, skips: inout [Tensor]) -> Tensor {
    var h = x
    for (index, resnet) in resnets.enumerated() {
      h = resnet(h, time: time)
      if !attentions.isEmpty { h = attentions[index](h, context: context) }
      skips.append(h)
    }
    if let downsampler {
      h = downsampler(h)
      skips.append(h)
    }
    return h
  }
}

/// The deepest level: resnet, transformer, resnet.
package struct UNetMidBlock2DCrossAttn {
  let resnets: [ResnetBlock2D]
  let attention: Transformer2DModel

  package init(_ weights: Weights, channels: Int, level: UNetLevel) {
    resnets = (0..<2).map { level.resnet(weights["resnets", $0], in: channels, out: channels) }
    attention = level.transformer(weights["attentions", 0], channels: channels)
  }

  package func callAsFunction(_ x: Tensor, time: Tensor, context: Tensor) -> Tensor {
    resnets[1](attention(resnets[0](x, time: time), context: context), time: time)
  }
}

/// One level on the way up (diffusers `CrossAttnUpBlock2D`, or `UpBlock2D` without attention).
package struct UpBlock2D {
  let resnets: [ResnetBlock2D]
  let attentions: [Transformer2DModel]
  let upsampler: Upsample2D?

  /// - Parameters:
  ///   - inputs: channels coming from the level below.
  ///   - skips: channels of the skip joined at each resnet.
  package init(
    _ weights: Weights, in inputs: Int, out outputs: Int, skips: [Int], upsamples: Bool, level: UNetLevel
  ) {
    resnets = skips.enumerated().map { index, skip in
      level.resnet(weights["resnets", index], in: (index == 0 ? inputs : outputs) + skip, out: outputs)
    }
    attentions = level.transformers(weights, channels: outputs, count: skips.count)
    upsampler = upsamples ? Upsample2D(weights["upsamplers", 0], channels: outputs) : nil
  }

  /// x [N, H, W, in] -> [N, H', W', out] at the size of the next skip; takes its skips from the end of `skips`.
  package func callAsFunction(_ x: Tensor, time: Tensor, context: Tensor, skips: inout [Tensor]) -> Tensor {
    var h = x
    for (index, resnet) in resnets.enumerated() {
      h = resnet(h.concatenated(with: skips.removeLast(), axis: 3), time: time)
      if !attentions.isEmpty { h = attentions[index](h, context: context) }
    }
    if let upsampler {
      let next = skips.last?.shape ?? h.shape
      h = upsampler(h, height: next[1], width: next[2])
    }
    return h
  }
}
