import ImagineCheckpoint

/// The structure of a UNet, read off its weights.
extension UNet2DConditionModel.Configuration {
  /// - Parameter text: the width of the prompt's vectors, where no weight of the UNet says it.
  init(_ layout: CheckpointLayout, text: Int) throws {
    self.init()
    let levels = try layout.count(atMost: 8, "levels") { "unet.down_blocks.\($0).resnets.0.conv1.weight" }
    try require(levels >= 1, "the UNet has no down blocks")
    blockOutChannels = try (0..<levels).compactMap {
      try layout.width("unet.down_blocks.\($0).resnets.0.conv1.weight", 0)
    }
    layersPerBlock = try layout.count(atMost: 16, "layers in a level") {
      "unet.down_blocks.0.resnets.\($0).conv1.weight"
    }
    transformerDepth = try (0..<levels).map { try layout.transformerDepth("unet.down_blocks.\($0)") }
    midTransformerDepth = try layout.transformerDepth("unet.mid_block")
    inChannels = try layout.width("unet.conv_in.weight", 1) ?? inChannels
    outChannels = try layout.width("unet.conv_out.weight", 0) ?? outChannels
    let toK = "unet.mid_block.attentions.0.transformer_blocks.0.attn2.to_k.weight"
    crossAttentionDim = try layout.width(toK, 1) ?? text
    normGroups = try layout.integer("unet", "norm_num_groups", in: CheckpointLayout.widths) ?? normGroups
    heads = try layout.heads(levels: levels) ?? [Int](repeating: 8, count: levels)

    for (channels, heads) in zip(blockOutChannels, heads) {
      try require(channels >= 2 && channels % 2 == 0, "a UNet level has \(channels) channels")
      try require(divides(normGroups, channels), "\(normGroups) groups do not divide \(channels) channels")
      try require(divides(heads, channels), "\(heads) heads do not divide \(channels) channels")
    }
    try require(inChannels == 4 && outChannels == 4, "its UNet has \(inChannels) and \(outChannels) channels, not 4")
  }
}

extension CheckpointLayout {
  fileprivate func transformerDepth(_ block: String) throws -> Int {
    try count(atMost: 64, "transformer blocks in a row") {
      "\(block).attentions.0.transformer_blocks.\($0).norm1.weight"
    }
  }

  /// Attention heads by level, from whichever note has them.
  ///
  /// What diffusers calls `attention_head_dim` has always been the number of heads in this family.
  fileprivate func heads(levels: Int) throws -> [Int]? {
    if let value = note("training", "model", "params", "unet_config", "params", "num_heads"), value.int != -1 {
      guard let number = value.int, Self.widths ~= number else {
        throw ModelError.setting("training", "num_heads", value, "a whole number above 0 is needed")
      }
      return [Int](repeating: number, count: levels)
    }
    for key in ["num_attention_heads", "attention_head_dim"] {
      guard let value = note("unet", key) else { continue }
      let values = value.array ?? [JSONValue](repeating: value, count: levels)
      let numbers = values.compactMap { $0.int }.filter { Self.widths ~= $0 }
      guard numbers.count == values.count, numbers.count == levels else {
        throw ModelError.setting(
          "unet", key, value, "a whole number above 0, or one for each of \(levels) levels, is needed")
      }
      return numbers
    }
    return nil
  }
}
