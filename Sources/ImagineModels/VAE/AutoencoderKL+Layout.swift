import ImagineCheckpoint

/// The structure of an autoencoder, read off its weights.
extension AutoencoderKL.Configuration {
  /// - Parameter scalingFactor: the family's, where no note says another one.
  init(_ layout: CheckpointLayout, scalingFactor familiar: Float = 0.18215) throws {
    self.init()
    // Drawing needs the decoder, so the structure is read off that; it goes from coarse to fine.
    let levels = try layout.count(atMost: 6, "levels of the autoencoder") {
      "vae.decoder.up_blocks.\($0).resnets.0.conv1.weight"
    }
    try require(levels >= 1, "the autoencoder has no up blocks")
    blockOutChannels = try (0..<levels).reversed().compactMap {
      try layout.width("vae.decoder.up_blocks.\($0).resnets.0.conv1.weight", 0)
    }
    try require(blockOutChannels.count == levels, "a convolution of the autoencoder is a single number")
    let layers = try layout.count(atMost: 16, "layers in a level of the autoencoder") {
      "vae.decoder.up_blocks.0.resnets.\($0).conv1.weight"
    }
    try require(layers >= 2, "its autoencoder has \(layers) layer in a level")
    layersPerBlock = layers - 1
    hasEncoder = layout.shapes.keys.contains { $0.hasPrefix("vae.encoder.") }
    hasQuantConv = try layout.hasConvolution("quant_conv")
    hasPostQuantConv = try layout.hasConvolution("post_quant_conv")
    latentChannels = try layout.width("vae.decoder.conv_in.weight", 1) ?? latentChannels
    normGroups = try layout.integer("vae", "norm_num_groups", in: CheckpointLayout.widths) ?? normGroups
    // Playground 2.5's, where its statistics are all that a file says.
    scalingFactor = try layout.scalingFactor() ?? (layout.hasEDMStatistics ? 0.5 : familiar)
    latentStatistics =
      try layout.latentStatistics(channels: latentChannels) ?? layout.markedStatistics(channels: latentChannels)

    for channels in blockOutChannels {
      try require(divides(normGroups, channels), "\(normGroups) groups do not divide \(channels) channels")
    }
  }
}

extension CheckpointLayout {
  /// Whether the autoencoder has a convolution next to the latents: what diffusers' configuration says (there it has, unless
  /// that says otherwise), else what there is.
  fileprivate func hasConvolution(_ name: String) throws -> Bool {
    guard note("vae", "_class_name") != nil || note("vae", "use_\(name)") != nil else {
      return shapes["vae.\(name).weight"] != nil || shapes["vae.\(name).bias"] != nil
    }
    guard let value = note("vae", "use_\(name)"), value != .null else { return true }
    guard let uses = value.bool else {
      throw ModelError.setting("vae", "use_\(name)", value, "true or false is needed")
    }
    return uses
  }

  /// Mean and deviation of each latent channel, where a configuration has both.
  fileprivate func latentStatistics(channels: Int) throws -> LatentStatistics? {
    func numbers(_ key: String, in range: ClosedRange<Double>) throws -> [Float]? {
      guard let value = note("vae", key), value != .null else { return nil }
      let numbers = (value.array ?? []).compactMap(\.double).filter { range ~= $0 }
      guard numbers.count == channels, value.array?.count == channels else {
        throw ModelError.setting("vae", key, value, "a number for each of \(channels) channels is needed")
      }
      return numbers.map(Float.init)
    }
    let means = try numbers("latents_mean", in: -1e6...1e6), deviations = try numbers("latents_std", in: Self.scales)
    guard let means, let deviations else {
      try require(means == nil && deviations == nil, "it has only one of vae.latents_mean and vae.latents_std")
      return nil
    }
    return LatentStatistics(means: means, deviations: deviations)
  }

  /// The same in tensors beside the weights.
  fileprivate func markedStatistics(channels: Int) throws -> LatentStatistics? {
    guard hasEDMStatistics else { return nil }
    let means = markerValues["edm_mean"] ?? [], deviations = markerValues["edm_std"] ?? []
    try require(
      means.count == channels && deviations.count == channels && (means + deviations).allSatisfy(\.isFinite)
        && deviations.allSatisfy { Self.scales ~= Double($0) },
      "the tensors edm_mean and edm_std are no statistics of \(channels) channels")
    return LatentStatistics(means: means, deviations: deviations)
  }

  private static let scales = 1e-6...1e6

  fileprivate func scalingFactor() throws -> Float? {
    guard let value = note("training", "model", "params", "scale_factor") else {
      return try number("vae", "scaling_factor", in: Self.scales).map(Float.init)
    }
    guard let factor = value.double, Self.scales ~= factor else {
      throw ModelError.setting("training", "scale_factor", value, "a number above 0 is needed")
    }
    return Float(factor)
  }
}
