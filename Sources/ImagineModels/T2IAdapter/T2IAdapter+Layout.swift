package import ImagineCheckpoint
package import ImagineGraph

/// The structure of a T2I-Adapter, read off its weights.
extension T2IAdapter.Configuration {
  /// - Parameters:
  ///   - shapes: by canonical path.
  ///   - own: the file's configuration; nil for none.
  package init(_ shapes: [String: Shape], own: JSONValue?) throws {
    self.init()
    if let own { try SettingTable.t2iAdapter.check(own) }
    let layout = CheckpointLayout(shapes: shapes, configurations: [:])
    let root = "t2i_adapter.adapter"
    isLight = shapes["\(root).body.0.out_conv.weight"] != nil
    let count = try layout.count(atMost: 8, "levels") { "\(root).body.\($0).resnets.0.block1.weight" }
    resnets = try layout.count(atMost: 16, "resnets in a level") { "\(root).body.0.resnets.\($0).block1.weight" }
    channels = try (0..<count).compactMap {
      try layout.width("\(root).body.\($0).\(isLight ? "out_conv" : "resnets.0.block1").weight", 0)
    }
    try require(count > 0 && channels.count == count, "the adapter has no levels")
    try require(!isLight || channels.allSatisfy { $0 >= 4 }, "a level of the adapter is narrower than 4 channels")
    let inputs = try layout.width("\(root).\(isLight ? "body.0.in_conv" : "conv_in").weight", 1) ?? 192
    // 8 pixels along a side for Stable Diffusion 1, 16 for XL; colours, or grey.
    guard let known = [192: (8, 3), 64: (8, 1), 768: (16, 3), 256: (16, 1)][inputs] else {
      throw ModelError(
        .unsupported,
        "The T2I-Adapter takes \(inputs) numbers of each place of its picture, and this version knows 64, 192, 256 and 768: "
          + "use another one.")
    }
    (reduction, pictureChannels) = known
  }

  /// - Parameter name: of its file.
  /// - Throws: `ModelError` if it was not made for such a UNet.
  package func requireFit(_ base: PartBase, name: String) throws {
    let isLarge = base.parameters["unet.add_embedding.linear_1.weight"] != nil
    let widths = (0..<channels.count).map { level in
      base.parameters["unet.down_blocks.\(level).resnets.0.conv1.weight"]?[0]
    }
    // The last level of XL's is that of the UNet's middle.
    let count = widths.prefix { $0 != nil }.count + (reduction == 16 ? 1 : 0)
    let fits = count == channels.count && zip(channels, widths).allSatisfy { $1 == nil || $0 == $1 }
    guard !fits || isLarge != (reduction == 16) else { return }
    throw base.misfit(
      "T2I-Adapter", name, reduction == 16 ? PartBase.family(2048) : isLarge ? PartBase.family(768) : nil)
  }
}

extension SettingTable {
  static let t2iAdapter = SettingTable(
    place: "t2i_adapter",
    rules: [
      "_class_name": .only(.words("T2IAdapter")), "in_channels": .harmless, "channels": .harmless,
      "num_res_blocks": .harmless, "downscale_factor": .only([.int(8), .int(16)]),
      "adapter_type": .only(.words("full_adapter", "full_adapter_xl", "light_adapter")),
    ])
}

extension Network {
  /// Takes `picture` [1, h', w', n], as `T2IAdapter.unshuffled` makes it; gives the features of each level.
  package static func t2iAdapter(_ model: T2IAdapter, reduction latent: Int) -> Network {
    let configuration = model.configuration, reduction = configuration.reduction
    return Network(role: .features, name: "T2I-Adapter", prefixes: ["t2i_adapter."]) { shape, builder in
      let channels = configuration.pictureChannels * reduction * reduction
      let rows = shape.height * latent / reduction, columns = shape.width * latent / reduction
      return model(builder.input("picture", [1, rows, columns, channels], isSteady: true))
    }
  }
}
