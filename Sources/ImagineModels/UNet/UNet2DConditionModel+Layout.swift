import ImagineCheckpoint
import ImagineGraph

/// The structure of a UNet, read off its weights.
extension UNet2DConditionModel.Configuration {
  /// - Parameters:
  ///   - text: the width of the prompt's vectors, where no weight of the UNet says it.
  ///   - isHalf: whether there is a way down and a middle alone, as in a ControlNet.
  init(_ layout: CheckpointLayout, text: Int, isHalf: Bool = false) throws {
    self.init()
    let levels = try layout.count(atMost: 8, "levels") { "unet.down_blocks.\($0).resnets.0.conv1.weight" }
    try require(levels >= 1, "the UNet has no down blocks")
    blockOutChannels = try (0..<levels).compactMap {
      try layout.width("unet.down_blocks.\($0).resnets.0.conv1.weight", 0)
    }
    try require(blockOutChannels.count == levels, "a convolution of the UNet is a single number")
    downDepths = try (0..<levels).map { try layout.depths("unet.down_blocks.\($0)") }
    upDepths = try isHalf ? [] : (0..<levels).map { try layout.depths("unet.up_blocks.\($0)") }
    midDepths = try layout.midDepths()
    if isHalf { try readEmptyLevels(layout) }
    inChannels = try layout.width("unet.conv_in.weight", 1) ?? inChannels
    outChannels = try layout.width("unet.conv_out.weight", 0) ?? outChannels
    crossAttentionDim = try layout.contextWidth(levels: levels) ?? text
    normGroups = try layout.integer("unet", "norm_num_groups", in: CheckpointLayout.widths) ?? normGroups
    heads = try layout.heads(channels: blockOutChannels, context: crossAttentionDim)
    additionEmbedding = try layout.additionEmbedding()
    guidanceWidth =
      try layout.integer("unet", "time_cond_proj_dim", in: CheckpointLayout.widths)
      ?? layout.width("unet.time_embedding.cond_proj.weight", 1)

    for (channels, heads) in zip(blockOutChannels, heads) {
      try require(channels >= 2 && channels % 2 == 0, "a UNet level has \(channels) channels")
      try require(divides(normGroups, channels), "\(normGroups) groups do not divide \(channels) channels")
      try require(divides(heads, channels), "\(heads) heads do not divide \(channels) channels")
    }
    for (up, down) in zip(upDepths, downDepths.reversed()) {
      try require(
        up.count == down.count + 1,
        "a level of its UNet has \(down.count) layers on the way down, and \(up.count) on the way up")
    }
  }
}

extension UNet2DConditionModel.Configuration {
  /// Finds transformers of which only what stands around the blocks is there.
  fileprivate mutating func readEmptyLevels(_ layout: CheckpointLayout) throws {
    func isEmpty(_ block: String) -> Bool {
      layout.shapes["unet.\(block).attentions.0.proj_in.weight"] != nil
        && layout.shapes["unet.\(block).attentions.0.transformer_blocks.0.norm1.weight"] == nil
    }
    emptyLevels = Set(downDepths.indices.filter { isEmpty("down_blocks.\($0)") })
    guard isEmpty("mid_block"), let count = midDepths?.count else { return }
    midDepths = [Int](repeating: 0, count: count)
    emptyLevels.insert(downDepths.count)
  }
}

extension CheckpointLayout {
  /// For each resnet of a block, how many transformer blocks follow it.
  ///
  /// Within a block either all have some or none has: where only some do, weights are missing, and the report is to name
  /// them.
  fileprivate func depths(_ block: String) throws -> [Int] {
    let layers = try count(atMost: 16, "layers in a level") { "\(block).resnets.\($0).conv1.weight" }
    let depths = try (0..<layers).map { try depth("\(block).attentions.\($0)") }
    return depths.contains { $0 > 0 } ? depths.map { max($0, 1) } : depths
  }

  private func depth(_ transformer: String) throws -> Int {
    try count(atMost: 64, "transformer blocks in a row") { "\(transformer).transformer_blocks.\($0).norm1.weight" }
  }

  /// The transformers of the middle, of which there is one less than resnets. A configuration may know of a middle that the
  /// weights lack.
  fileprivate func midDepths() throws -> [Int]? {
    let layers = try count(atMost: 16, "layers in the middle") { "unet.mid_block.resnets.\($0).conv1.weight" }
    let noted = note("unet", "mid_block_type").map { $0.word == "UNetMidBlock2DCrossAttn" ? 2 : $0 == .null ? 0 : 1 }
    let expected = max(layers, noted ?? 0)
    guard expected > 0 else { return nil }
    return try (0..<expected - 1).map { max(try depth("unet.mid_block.attentions.\($0)"), 1) }
  }

  /// Every place a transformer may begin.
  private func transformers(levels: Int) -> [String] {
    let blocks = ["mid_block"] + (0..<levels).flatMap { ["down_blocks.\($0)", "up_blocks.\($0)"] }
    return blocks.map { "unet.\($0).attentions.0" }
  }

  /// The width of the prompt's vectors.
  fileprivate func contextWidth(levels: Int) throws -> Int? {
    for transformer in transformers(levels: levels) {
      if let width = try width("\(transformer).transformer_blocks.0.attn2.to_k.weight", 1) { return width }
    }
    return nil
  }

  /// Attention heads by level.
  ///
  /// No shape shows them. Where no note says them either: models that project to and from a transformer by convolutions,
  /// or attend to 768 numbers, are Stable Diffusion 1.x and have 8; all later ones project by linear layers, and have heads
  /// of 64 channels.
  fileprivate func heads(channels: [Int], context: Int) throws -> [Int] {
    if let noted = try notedHeads(channels: channels) { return noted }
    let projections = transformers(levels: channels.count).compactMap { shapes["\($0).proj_in.weight"] }
    let isLinear = projections.contains { $0.rank == 2 }
    return channels.map { isLinear && context != 768 ? max($0 / 64, 1) : 8 }
  }

  /// What diffusers calls `attention_head_dim` has always been the number of heads in this family.
  private func notedHeads(channels: [Int]) throws -> [Int]? {
    let levels = channels.count
    func original(_ key: String) throws -> Int? {
      guard let value = note("training", "model", "params", "unet_config", "params", key), value.int != -1 else {
        return nil
      }
      guard let number = value.int, Self.widths ~= number else {
        throw ModelError.setting("training", key, value, "a whole number above 0 is needed")
      }
      return number
    }
    if let width = try original("num_head_channels") { return channels.map { max($0 / width, 1) } }
    if let number = try original("num_heads") { return [Int](repeating: number, count: levels) }
    for key in ["num_attention_heads", "attention_head_dim"] {
      guard let value = note("unet", key), value != .null else { continue }
      let values = value.array ?? [JSONValue](repeating: value, count: levels)
      let numbers = values.compactMap { $0.int }.filter { Self.widths ~= $0 }
      guard numbers.count == values.count, numbers.count == levels else {
        throw ModelError.setting(
          "unet", key, value, "a whole number above 0, or one for each of \(levels) levels, is needed")
      }
      return numbers
    }
    // diffusers' own default.
    return note("unet", "_class_name") == nil ? nil : [Int](repeating: 8, count: levels)
  }

  /// What the time embedding is told: the prompt as a vector, as wide as a text encoder projects it, and numbers.
  fileprivate func additionEmbedding() throws -> AdditionEmbedding? {
    var embedding = AdditionEmbedding()
    // A configuration may know of an embedding that the weights lack.
    let noted = note("unet", "addition_embed_type").flatMap { $0.word == nil ? nil : embedding.inputs }
    guard let inputs = try width("unet.add_embedding.linear_1.weight", 1) ?? noted else { return nil }
    embedding.timeIDWidth =
      try integer("unet", "addition_time_embed_dim", in: 2...Self.widths.upperBound) ?? embedding.timeIDWidth
    try require(
      embedding.timeIDWidth % 2 == 0, "\(embedding.timeIDWidth) numbers cannot be half cosines and half sines")
    embedding.textWidth =
      try width("text_encoder_2.text_projection.weight", 0)
      ?? width("text_encoder_2.text_model.final_layer_norm.weight", 0) ?? embedding.textWidth
    let numbers = inputs - embedding.textWidth
    embedding.timeIDs = numbers / embedding.timeIDWidth
    try require(
      embedding.inputs == inputs && (5...6).contains(embedding.timeIDs),
      "its UNet is told \(inputs) numbers beside the time, which are no prompt of \(embedding.textWidth) numbers and five or"
        + " six of \(embedding.timeIDWidth) about the picture")
    return embedding
  }
}
