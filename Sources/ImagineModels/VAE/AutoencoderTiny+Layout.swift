import ImagineCheckpoint

/// The structure of a small autoencoder, read off its weights.
extension AutoencoderTiny.Configuration {
  /// Whether the autoencoder of a checkpoint is a small one.
  package static func describes(_ layout: CheckpointLayout) -> Bool {
    layout.shapes["vae.decoder.layers.0.weight"] != nil
  }

  init(_ layout: CheckpointLayout) throws {
    self.init()
    width = try layout.width("vae.decoder.layers.0.weight", 0) ?? width
    latentChannels = try layout.width("vae.decoder.layers.0.weight", 1) ?? latentChannels
    // On the way up a level's blocks are followed by a convolution, on the way down they follow it.
    decoderBlocks = try layout.blocks("vae.decoder", from: 2)
    hasEncoder = layout.shapes.keys.contains { $0.hasPrefix("vae.encoder.") }
    if hasEncoder {
      encoderBlocks = try layout.blocks("vae.encoder", from: 1)
      try require(
        encoderBlocks.count == decoderBlocks.count,
        "its autoencoder halves pictures \(encoderBlocks.count - 1) times, and doubles latents \(decoderBlocks.count - 1)"
          + " times")
    }
    try require((1...6).contains(decoderBlocks.count), "its autoencoder has \(decoderBlocks.count) levels")
  }
}

extension CheckpointLayout {
  /// How many blocks stand before each convolution, from a layer on: of `network` in diffusers' numbers, where up to two
  /// layers without weights may stand between two with some.
  fileprivate func blocks(_ network: String, from first: Int) throws -> [Int] {
    var blocks: [Int] = [], count = 0, layer = first, empty = 0
    while empty < 2 {
      try require(layer < 256, "its autoencoder has more than 256 layers")
      let path = "\(network).layers.\(layer)"
      empty += 1
      if shapes["\(path).conv.0.weight"] != nil {
        count += 1
        empty = 0
      } else if shapes["\(path).weight"] != nil {
        blocks.append(count)
        (count, empty) = (0, 0)
      }
      layer += 1
    }
    return blocks
  }
}
