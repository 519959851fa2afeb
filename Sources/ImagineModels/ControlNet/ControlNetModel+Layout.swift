package import ImagineCheckpoint
package import ImagineGraph

/// The structure of a ControlNet, read off its weights, and for what no shape shows off its configuration, or else off that of
/// the model it is to work with.
extension ControlNetModel.Configuration {
  /// - Parameters:
  ///   - shapes: by canonical path.
  ///   - own: the file's configuration; nil for none.
  ///   - name: of the file, which is the only sign of models that pool, where there is no configuration.
  package init(_ shapes: [String: Shape], own: JSONValue?, name: String, base: PartBase) throws {
    self.init()
    var known = base.parameters.filter { $0.key.hasPrefix("text_encoder_2.") }
    for (path, shape) in shapes where path.hasPrefix("controlnet.") {
      known["unet." + path.dropFirst("controlnet.".count)] = shape
    }
    let isLarge = shapes["controlnet.add_embedding.linear_1.weight"] != nil
    guard isLarge == (base.parameters["unet.add_embedding.linear_1.weight"] != nil) else {
      let width = shapes.first { $0.key.hasSuffix(".attn2.to_k.weight") }?.value.last
      throw base.misfit("ControlNet", name, isLarge ? PartBase.family(2048) : width.flatMap(PartBase.family))
    }
    if let own { try SettingTable.controlNet.check(own) }
    let layout = CheckpointLayout(
      shapes: known, configurations: own.map { ["unet": $0] } ?? base.configurations)
    unet = try UNet2DConditionModel.Configuration(layout, text: base.context ?? 768, isHalf: true)
    // It is told no strength of guidance, whatever its model is told.
    unet.guidanceWidth = nil
    try readHint(layout)
    poolsResiduals = own?["global_pool_conditions"]?.bool ?? name.lowercased().contains("shuffle")
    isBGR = own?["controlnet_conditioning_channel_order"]?.word == "bgr"
  }

  private mutating func readHint(_ layout: CheckpointLayout) throws {
    let root = "unet.controlnet_cond_embedding"
    hintChannels = try layout.width("\(root).conv_in.weight", 1) ?? hintChannels
    let count = try layout.count(atMost: 16, "convolutions for its picture") { "\(root).blocks.\($0).weight" }
    guard count > 0 else { return }
    try require(count % 2 == 0, "it has \(count) convolutions for its picture, and they come in pairs")
    hintWidths = try (0...count / 2).compactMap { index in
      try index == 0
        ? layout.width("\(root).conv_in.weight", 0) : layout.width("\(root).blocks.\(2 * index - 1).weight", 0)
    }
    try require(hintWidths.count == count / 2 + 1, "a convolution for its picture is a single number")
    guard hintChannels == 3 else {
      throw ModelError(
        .unsupported,
        "The ControlNet looks at pictures of \(hintChannels) channels, and this version shows it red, green and blue: use "
          + "another one.")
    }
  }
}

extension PartBase {
  /// - Parameters:
  ///   - parameters: what the ControlNet reads, by path.
  ///   - name: of its file.
  /// - Throws: `ModelError` if it was not made for such a UNet.
  package func requireFit(_ parameters: [String: Shape], _ configuration: ControlNetModel.Configuration, name: String)
    throws
  {
    let skips = self.parameters.keys.filter {
      $0.hasPrefix("unet.down_blocks.") && ($0.hasSuffix(".conv1.weight") || $0.hasSuffix(".conv.weight"))
    }
    let own = parameters.filter { path, _ in
      path.hasPrefix("controlnet.down_blocks.") || path.hasPrefix("controlnet.mid_block.")
        || path.hasPrefix("controlnet.time_embedding.") || path.hasPrefix("controlnet.add_embedding.")
    }
    let differs = own.contains { path, shape in
      self.parameters["unet." + path.dropFirst("controlnet.".count)].map { $0.count != shape.count } ?? false
    }
    let lacks = skips.contains { parameters["controlnet." + $0.dropFirst("unet.".count)] == nil }
    let latents = self.parameters["unet.conv_out.weight"]?[0]
    guard differs || lacks || configuration.unet.inChannels != latents else { return }
    throw misfit("ControlNet", name, Self.family(configuration.unet.crossAttentionDim))
  }
}

extension SettingTable {
  static let controlNet = SettingTable(
    place: "controlnet",
    rules: SettingTable.unet.rules.merging(
      [
        "_class_name": .only(.words("ControlNetModel")), "global_pool_conditions": .read,
        "controlnet_conditioning_channel_order": .only(.words("rgb", "bgr")), "conditioning_channels": .harmless,
        "conditioning_embedding_out_channels": .harmless,
      ]) { $1 })
}
