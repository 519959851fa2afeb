import ImagineGraph

/// The structure of a SwinIR, read off its weights.
extension UpscalerNetwork {
  static func swinIR(_ layout: CheckpointLayout) throws -> UpscalerNetwork {
    let structure = try SwinIR.Configuration(layout)
    let inventory = WeightInventory(layout.shapes)
    let network = SwinIR(Weights(inventory, path: "upscaler"), structure)
    let side = structure.window
    return UpscalerNetwork(
      "SwinIR", channels: structure.channels, scale: structure.scale, multiple: side, overlap: 4 * side, inventory,
      steadyValues: { SwinWindows.values(height: $0, width: $1, side: side) }
    ) { pixels in
      guard pixels.shape.rank == 4 else { return pixels }
      let windows = SwinWindows(pixels.builder, height: pixels.shape[1], width: pixels.shape[2], side: side)
      return network(pixels, windows)
    }
  }
}

extension SwinIR.Configuration {
  fileprivate init(_ layout: CheckpointLayout) throws {
    func extent(_ path: String, _ axis: Int) throws -> Int? { try layout.width("upscaler.\(path)", axis) }
    func has(_ path: String) -> Bool { layout.shapes["upscaler.\(path)"] != nil }
    channels = try UpscalerNetwork.channels(extent("conv_first.weight", 1) ?? channels)
    width = try extent("conv_first.weight", 0) ?? width
    hidden = try extent("layers.0.residual_group.blocks.0.mlp.fc1.weight", 0) ?? hidden
    endsNarrow = !has("conv_after_body.weight") && has("conv_after_body.0.weight")
    hasPatchNorm = has("patch_embed.norm.weight")
    let layers = try layout.count(atMost: 64, "layers") {
      "upscaler.layers.\($0).residual_group.blocks.0.norm1.weight"
    }
    depths = try (0..<layers).map { layer in
      try layout.count(atMost: 64, "blocks in a layer") {
        "upscaler.layers.\(layer).residual_group.blocks.\($0).norm1.weight"
      }
    }
    let table = "residual_group.blocks.0.attn.relative_position_bias_table"
    heads = try (0..<layers).map { try extent("layers.\($0).\(table)", 1) ?? 1 }
    for heads in heads {
      try require(divides(heads, width), "\(heads) heads do not divide \(width) channels")
    }
    try require(!endsNarrow || divides(4, width), "4 does not divide \(width) channels")
    let rows = try extent("layers.0.\(table)", 0) ?? 225
    guard let side = (2...32).first(where: { (2 * $0 - 1) * (2 * $0 - 1) == rows }) else {
      throw ModelError.contradiction("its windows have \(rows) biases, as no square has")
    }
    window = side
    // Models against artefacts of compression, which alone have windows of 7, take pixels of 0...255.
    range = side == 7 ? 255 : 1
    (upsampler, scale) = try Self.upsampler(layout, channels: channels)
  }

  private static func upsampler(
    _ layout: CheckpointLayout, channels: Int
  ) throws -> (SwinIR.Upsampler, scale: Int) {
    func extent(_ path: String, _ axis: Int) throws -> Int? { try layout.width("upscaler.\(path)", axis) }
    if let features = try extent("conv_before_upsample.0.weight", 0) {
      let doublings = try layout.count(atMost: 3, "upsamplings") { "upscaler.conv_up\($0 + 1).weight" }
      if doublings > 0 { return (.nearest(doublings, features: features), 1 << doublings) }
      let steps = try layout.count(atMost: 3, "upsamplings") { "upscaler.upsample.\(2 * $0).weight" }
      let factors = try (0..<steps).map { step in
        let outputs = try extent("upsample.\(2 * step).weight", 0) ?? 0
        guard let factor = [2, 3].first(where: { features * $0 * $0 == outputs }) else {
          throw ModelError.contradiction("an upsampling makes \(outputs) channels of \(features)")
        }
        return factor
      }
      return (.pixelShuffle(factors, features: features), factors.reduce(1, *))
    }
    if let outputs = try extent("upsample.0.weight", 0) {
      guard let factor = (1...8).first(where: { channels * $0 * $0 == outputs }) else {
        throw ModelError.contradiction("its upsampling gives \(outputs) channels for pictures of \(channels)")
      }
      return (.pixelShuffleDirect, factor)
    }
    return (.none, 1)
  }
}
