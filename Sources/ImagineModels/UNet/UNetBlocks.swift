package import ImagineGraph

/// What the blocks of a UNet share: one level's widths and settings.
package struct UNetLevel: Sendable {
  /// Width of the time embedding.
  package let time: Int
  /// Width of the prompt's tokens.
  package let context: Int
  /// Attention heads of the level's transformers.
  package let heads: Int
  package let groups: Int

  package init(time: Int, context: Int, heads: Int, groups: Int) {
    self.time = time
    self.context = context
    self.heads = heads
    self.groups = groups
  }

  func resnet(_ weights: Weights, in inputs: Int, out outputs: Int) -> ResnetBlock2D {
    ResnetBlock2D(weights, in: inputs, out: outputs, time: time, groups: groups, epsilon: 1e-5)
  }

  /// A transformer for each depth but 0.
  func transformers(_ weights: Weights, channels: Int, depths: [Int]) -> [Transformer2DModel?] {
    depths.enumerated().map { index, depth in
      depth == 0
        ? nil
        : Transformer2DModel(
          weights["attentions", index], channels: channels, context: context, heads: heads, depth: depth, groups: groups
        )
    }
  }
}

/// One level on the way down (diffusers `CrossAttnDownBlock2D`, or `DownBlock2D` without attention).
package struct DownBlock2D {
  let resnets: [ResnetBlock2D]
  let attentions: [Transformer2DModel?]
  let downsampler: Downsample2D?

  /// - Parameter depths: for each resnet, how many transformer blocks follow it; 0 for none.
  package init(
    _ weights: Weights, in inputs: Int, out outputs: Int, depths: [Int], downsamples: Bool, level: UNetLevel
  ) {
    resnets = depths.indices.map {
      level.resnet(weights["resnets", $0], in: $0 == 0 ? inputs : outputs, out: outputs)
    }
    attentions = level.transformers(weights, channels: outputs, depths: depths)
    downsampler = downsamples ? Downsample2D(weights["downsamplers", 0], channels: outputs) : nil
  }

  /// x [N, H, W, in] -> the result, at half size if this level downsamples; every intermediate one joins `skips`.
  ///
  /// - Parameters:
  ///   - limit: how many skips are wanted: what lies beyond is left out; nil for all.
  ///   - feature: adds what a T2I-Adapter has for the level: where there is attention behind the last of it, else to the
  ///     level's result, as in diffusers.
  package func callAsFunction(
    _ x: Tensor, time: Tensor, context: AttentionContext, skips: inout [Tensor], until limit: Int? = nil,
    adding feature: (Tensor) -> Tensor = { $0 }
  ) -> Tensor {
    var h = x
    let hasAttention = attentions.contains { $0 != nil }
    for (index, (resnet, attention)) in zip(resnets, attentions).enumerated() where skips.count != limit {
      h = resnet(h, time: time)
      h = attention?(h, context: context) ?? h
      let isLast = index == resnets.count - 1
      if isLast, hasAttention || downsampler == nil { h = feature(h) }
      skips.append(h)
    }
    if let downsampler, skips.count != limit {
      h = downsampler(h)
      if !hasAttention { h = feature(h) }
      skips.append(h)
    }
    return h
  }
}

/// The deepest level: a resnet, then pairs of transformer and resnet (diffusers `UNetMidBlock2DCrossAttn`, or
/// `UNetMidBlock2D` without such a pair).
package struct UNetMidBlock2D {
  let resnets: [ResnetBlock2D]
  let attentions: [Transformer2DModel?]

  /// - Parameter depths: of the transformers between the resnets.
  package init(_ weights: Weights, channels: Int, depths: [Int], level: UNetLevel) {
    resnets = (0...depths.count).map { level.resnet(weights["resnets", $0], in: channels, out: channels) }
    attentions = level.transformers(weights, channels: channels, depths: depths)
  }

  package func callAsFunction(_ x: Tensor, time: Tensor, context: AttentionContext) -> Tensor {
    var h = resnets[0](x, time: time)
    for (resnet, attention) in zip(resnets.dropFirst(), attentions) {
      h = resnet(attention?(h, context: context) ?? h, time: time)
    }
    return h
  }
}

/// One level on the way up (diffusers `CrossAttnUpBlock2D`, or `UpBlock2D` without attention).
package struct UpBlock2D {
  let resnets: [ResnetBlock2D]
  let attentions: [Transformer2DModel?]
  let upsampler: Upsample2D?
  /// Channels that each resnet's skip is joined to.
  let inputs: [Int]

  /// - Parameters:
  ///   - inputs: channels coming from the level below.
  ///   - skips: channels of the skip joined at each resnet.
  ///   - depths: for each resnet, how many transformer blocks follow it; 0 for none.
  package init(
    _ weights: Weights, in inputs: Int, out outputs: Int, skips: [Int], depths: [Int], upsamples: Bool,
    level: UNetLevel
  ) {
    resnets = skips.enumerated().map { index, skip in
      level.resnet(weights["resnets", index], in: (index == 0 ? inputs : outputs) + skip, out: outputs)
    }
    self.inputs = skips.indices.map { $0 == 0 ? inputs : outputs }
    attentions = level.transformers(weights, channels: outputs, depths: depths)
    upsampler = upsamples ? Upsample2D(weights["upsamplers", 0], channels: outputs) : nil
  }

  /// x [N, H, W, in] -> [N, H', W', out] at the size of the next skip; takes its skips from the end of `skips`.
  ///
  /// - Parameters:
  ///   - first: the resnet that x goes into; those before it are left out.
  ///   - joining: sees what each skip is joined to, with the resnet's number.
  package func callAsFunction(
    _ x: Tensor, time: Tensor, context: AttentionContext, skips: inout [Tensor], from first: Int = 0,
    joining: (Tensor, Int) -> Void = { _, _ in }
  ) -> Tensor {
    var h = x
    for (index, (resnet, attention)) in zip(resnets, attentions).enumerated().dropFirst(first) {
      joining(h, index)
      guard let skip = skips.popLast() else {
        x.builder.note(GraphError("the UNet has more resnets on its way up than skips on its way down"))
        return h
      }
      h = resnet(h.concatenated(with: skip, axis: 3), time: time)
      h = attention?(h, context: context) ?? h
    }
    if let upsampler {
      let next = skips.last?.shape ?? h.shape
      h = upsampler(h, height: next[1], width: next[2])
    }
    return h
  }
}
