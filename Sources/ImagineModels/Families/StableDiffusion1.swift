import ImagineCheckpoint
import ImagineGraph

extension ModelFamily {
  /// Stable Diffusion 1.1 to 1.5 and whatever was trained from them; also smaller models of the same structure.
  package static let stableDiffusion1 = ModelFamily(
    name: "Stable Diffusion 1.x",
    recognises: { $0 == .stableDiffusion1(.latent) },
    configuration: { layout in
      var configuration = ModelConfiguration()
      configuration.unet = try UNet2DConditionModel.Configuration(layout)
      configuration.vae = try AutoencoderKL.Configuration(layout)
      configuration.textEncoder = try CLIPTextModel.Configuration(layout)
      configuration.scheduler = SchedulerConfiguration(layout)
      configuration.defaults = GenerationDefaults(layout)
      return configuration
    })
}

extension UNet2DConditionModel.Configuration {
  init(_ layout: CheckpointLayout) throws {
    self.init()
    let levels = layout.count { "unet.down_blocks.\($0).resnets.0.conv1.weight" }
    try require(levels >= 1, "the UNet has no down blocks")
    blockOutChannels = (0..<levels).compactMap { layout.extent("unet.down_blocks.\($0).resnets.0.conv1.weight", 0) }
    layersPerBlock = layout.count { "unet.down_blocks.0.resnets.\($0).conv1.weight" }
    transformerDepth = (0..<levels).map { layout.transformerDepth("unet.down_blocks.\($0)") }
    midTransformerDepth = layout.transformerDepth("unet.mid_block")
    inChannels = layout.extent("unet.conv_in.weight", 1) ?? inChannels
    outChannels = layout.extent("unet.conv_out.weight", 0) ?? outChannels
    let toK = "unet.mid_block.attentions.0.transformer_blocks.0.attn2.to_k.weight"
    crossAttentionDim = layout.extent(toK, 1) ?? crossAttentionDim
    normGroups = layout.note("unet", "norm_num_groups")?.int ?? normGroups
    // What diffusers calls `attention_head_dim` has always been the number of heads in this family.
    let noted = layout.note("unet", "num_attention_heads") ?? layout.note("unet", "attention_head_dim")
    heads = try perLevel(noted, count: levels) ?? [Int](repeating: 8, count: levels)

    for (channels, heads) in zip(blockOutChannels, heads) {
      try require(channels >= 2 && channels % 2 == 0, "a UNet level has \(channels) channels")
      try require(divides(normGroups, channels), "\(normGroups) groups do not divide \(channels) channels")
      try require(divides(heads, channels), "\(heads) heads do not divide \(channels) channels")
    }
    try require(inChannels == 4 && outChannels == 4, "its UNet has \(inChannels) and \(outChannels) channels, not 4")
  }

  private func perLevel(_ value: JSONValue?, count: Int) throws -> [Int]? {
    if let number = value?.int { return [Int](repeating: number, count: count) }
    guard let list = value?.array else { return nil }
    let numbers = list.compactMap(\.int)
    try require(numbers.count == count, "its list of attention heads does not have \(count) numbers")
    return numbers
  }
}

extension CheckpointLayout {
  fileprivate func transformerDepth(_ block: String) -> Int {
    count { "\(block).attentions.0.transformer_blocks.\($0).norm1.weight" }
  }
}

extension AutoencoderKL.Configuration {
  init(_ layout: CheckpointLayout) throws {
    self.init()
    let levels = layout.count { "vae.encoder.down_blocks.\($0).resnets.0.conv1.weight" }
    try require((1...6).contains(levels), "the autoencoder has \(levels) levels")
    blockOutChannels = (0..<levels).compactMap {
      layout.extent("vae.encoder.down_blocks.\($0).resnets.0.conv1.weight", 0)
    }
    layersPerBlock = layout.count { "vae.encoder.down_blocks.0.resnets.\($0).conv1.weight" }
    latentChannels = layout.extent("vae.decoder.conv_in.weight", 1) ?? latentChannels
    normGroups = layout.note("vae", "norm_num_groups")?.int ?? normGroups
    scalingFactor = layout.note("vae", "scaling_factor")?.double.map(Float.init) ?? scalingFactor

    for channels in blockOutChannels {
      try require(divides(normGroups, channels), "\(normGroups) groups do not divide \(channels) channels")
    }
    try require(latentChannels == 4, "its autoencoder has \(latentChannels) latent channels, not 4")
    try require(scalingFactor.isFinite && scalingFactor > 0, "its latent scale is \(scalingFactor)")
  }
}

extension CLIPTextModel.Configuration {
  init(_ layout: CheckpointLayout) throws {
    self.init()
    let root = "text_encoder.text_model"
    vocabularySize = layout.extent("\(root).embeddings.token_embedding.weight", 0) ?? vocabularySize
    hiddenSize = layout.extent("\(root).embeddings.token_embedding.weight", 1) ?? hiddenSize
    maxPositions = layout.extent("\(root).embeddings.position_embedding.weight", 0) ?? maxPositions
    layers = layout.count { "\(root).encoder.layers.\($0).layer_norm1.weight" }
    intermediateSize = layout.extent("\(root).encoder.layers.0.mlp.fc1.weight", 0) ?? intermediateSize
    heads = layout.note("text_encoder", "num_attention_heads")?.int ?? max(hiddenSize / 64, 1)
    layerNormEpsilon = layout.note("text_encoder", "layer_norm_eps")?.double.map(Float.init) ?? layerNormEpsilon
    if let name = layout.note("text_encoder", "hidden_act")?.string {
      guard let known = Self.activations[name] else {
        throw ModelError(.invalidConfiguration, "The text encoder's activation '\(name)' is not known here.")
      }
      activation = known
    }

    try require(divides(heads, hiddenSize), "\(heads) heads do not divide \(hiddenSize) text channels")
    try require(vocabularySize == 49408, "its vocabulary has \(vocabularySize) tokens, not CLIP's 49408")
    try require(maxPositions == 77, "its text encoder has \(maxPositions) positions, not 77")
    try require(layers >= 1, "its text encoder has no layers")
  }

  /// transformers' names of activations.
  private static let activations: [String: Activation] = ["quick_gelu": .quickGELU, "gelu": .gelu, "silu": .silu]
}

extension SchedulerConfiguration {
  init(_ layout: CheckpointLayout) {
    self.init()
    func note(_ key: String) -> JSONValue? { layout.note("scheduler", key) }
    predictionType = note("prediction_type")?.string ?? predictionType
    betaSchedule = note("beta_schedule")?.string ?? betaSchedule
    betaStart = note("beta_start")?.double ?? betaStart
    betaEnd = note("beta_end")?.double ?? betaEnd
    trainTimesteps = note("num_train_timesteps")?.int ?? trainTimesteps
  }
}

extension GenerationDefaults {
  init(_ layout: CheckpointLayout) {
    self.init()
    func note(_ key: String) -> JSONValue? { layout.note("defaults", key) }
    width = note("width")?.int ?? width
    height = note("height")?.int ?? height
    steps = note("steps")?.int ?? steps
    guidanceScale = note("guidance_scale")?.double.map(Float.init) ?? guidanceScale
    sampler = note("sampler")?.string ?? sampler
  }
}

private func divides(_ part: Int, _ whole: Int) -> Bool { part >= 1 && whole >= part && whole % part == 0 }

private func require(_ condition: Bool, _ problem: @autoclosure () -> String) throws {
  guard condition else {
    throw ModelError(.invalidConfiguration, "The model does not fit together: \(problem()). Check where it comes from.")
  }
}
