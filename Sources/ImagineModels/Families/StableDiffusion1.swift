import ImagineCheckpoint
import ImagineGraph

extension ModelFamily {
  /// Stable Diffusion 1.1 to 1.5 and whatever was trained from them; also smaller models of the same structure.
  package static let stableDiffusion1 = ModelFamily(
    name: "Stable Diffusion 1.x",
    recognises: { $0 == .stableDiffusion1(.latent) },
    configuration: { layout in
      try layout.checkSettings()
      var configuration = ModelConfiguration()
      configuration.textEncoder = try CLIPTextModel.Configuration(layout)
      configuration.unet = try UNet2DConditionModel.Configuration(layout, text: configuration.textEncoder.hiddenSize)
      configuration.vae = try AutoencoderKL.Configuration(layout)
      configuration.scheduler = try SchedulerConfiguration(layout)
      configuration.defaults = try GenerationDefaults(layout, reduction: configuration.vae.reduction)
      let width = configuration.textEncoder.hiddenSize, context = configuration.unet.crossAttentionDim
      try require(
        width == context, "its text encoder gives vectors of \(width) numbers, and its UNet takes \(context)")
      return configuration
    },
    isSpare: { path in
      // Projects a prompt to one vector, which this family's UNet is not told.
      path.hasPrefix("text_encoder.text_projection.")
        // Of the way from a picture to latents alone, without the encoder that it would follow.
        || path.hasPrefix("vae.quant_conv.")
        || path.hasPrefix("text_encoder_2.")
    })
}

extension CheckpointLayout {
  /// Goes through every setting that came with the weights.
  fileprivate func checkSettings() throws {
    try checkNotes()
    let tables: [(String, SettingTable)] = [
      ("model_index", .pipeline), ("unet", .unet), ("vae", .autoencoder), ("text_encoder", .textEncoder),
      ("scheduler", .scheduler), ("tokenizer", SettingTable(place: "tokenizer", rules: SettingTable.tokenizer)),
      ("training", .training), ("defaults", .defaults),
    ]
    for (component, table) in tables {
      if let settings = configurations[component] { try table.check(settings) }
    }
  }
}

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

extension AutoencoderKL.Configuration {
  init(_ layout: CheckpointLayout) throws {
    self.init()
    // Drawing needs the decoder, so the structure is read off that; it goes from coarse to fine.
    let levels = try layout.count(atMost: 6, "levels of the autoencoder") {
      "vae.decoder.up_blocks.\($0).resnets.0.conv1.weight"
    }
    try require(levels >= 1, "the autoencoder has no up blocks")
    blockOutChannels = try (0..<levels).reversed().compactMap {
      try layout.width("vae.decoder.up_blocks.\($0).resnets.0.conv1.weight", 0)
    }
    let layers = try layout.count(atMost: 16, "layers in a level of the autoencoder") {
      "vae.decoder.up_blocks.0.resnets.\($0).conv1.weight"
    }
    try require(layers >= 2, "its autoencoder has \(layers) layer in a level")
    layersPerBlock = layers - 1
    hasEncoder = layout.shapes.keys.contains { $0.hasPrefix("vae.encoder.") }
    latentChannels = try layout.width("vae.decoder.conv_in.weight", 1) ?? latentChannels
    normGroups = try layout.integer("vae", "norm_num_groups", in: CheckpointLayout.widths) ?? normGroups
    scalingFactor = try layout.scalingFactor() ?? scalingFactor

    for channels in blockOutChannels {
      try require(divides(normGroups, channels), "\(normGroups) groups do not divide \(channels) channels")
    }
    try require(latentChannels == 4, "its autoencoder has \(latentChannels) latent channels, not 4")
  }
}

extension CheckpointLayout {
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

extension CLIPTextModel.Configuration {
  init(_ layout: CheckpointLayout) throws {
    self.init()
    let root = "text_encoder.text_model"
    vocabularySize = try layout.width("\(root).embeddings.token_embedding.weight", 0) ?? vocabularySize
    hiddenSize = try layout.width("\(root).embeddings.token_embedding.weight", 1) ?? hiddenSize
    maxPositions = try layout.width("\(root).embeddings.position_embedding.weight", 0) ?? maxPositions
    layers = try layout.count(atMost: 128, "layers in its text encoder") {
      "\(root).encoder.layers.\($0).layer_norm1.weight"
    }
    intermediateSize = try layout.width("\(root).encoder.layers.0.mlp.fc1.weight", 0) ?? intermediateSize
    heads =
      try layout.integer("text_encoder", "num_attention_heads", in: CheckpointLayout.widths) ?? max(hiddenSize / 64, 1)
    layerNormEpsilon =
      try layout.number("text_encoder", "layer_norm_eps", in: 1e-12...1).map(Float.init) ?? layerNormEpsilon
    activation = try layout.choice("text_encoder", "hidden_act", among: Self.activations) ?? activation

    try require(divides(heads, hiddenSize), "\(heads) heads do not divide \(hiddenSize) text channels")
    try require(vocabularySize == 49408, "its vocabulary has \(vocabularySize) tokens, not CLIP's 49408")
    try require(maxPositions == 77, "its text encoder has \(maxPositions) positions, not 77")
    try require(layers >= 1, "its text encoder has no layers")
  }

  /// transformers' names of activations.
  private static let activations: [String: Activation] = ["quick_gelu": .quickGELU, "gelu": .gelu, "silu": .silu]
}

extension SchedulerConfiguration {
  init(_ layout: CheckpointLayout) throws {
    self.init()
    predictionType = try layout.predictionType()
    let schedules = ["scaled_linear": "scaled_linear", "linear": "linear"]
    betaSchedule = try layout.choice("scheduler", "beta_schedule", among: schedules) ?? betaSchedule
    betaStart = try layout.beta("beta_start", "linear_start") ?? betaStart
    betaEnd = try layout.beta("beta_end", "linear_end") ?? betaEnd
    trainTimesteps = try layout.integer("scheduler", "num_train_timesteps", in: 2...10_000) ?? trainTimesteps
    if let value = layout.note("training", "model", "params", "timesteps") {
      guard let count = value.int, 2...10_000 ~= count else {
        throw ModelError.setting("training", "timesteps", value, "a whole number from 2 to 10000 is needed")
      }
      trainTimesteps = count
    }
  }
}

extension CheckpointLayout {
  /// - Parameter original: the key of the training program's file, which outweighs diffusers' one.
  fileprivate func beta(_ key: String, _ original: String) throws -> Double? {
    guard let value = note("training", "model", "params", original) else {
      return try number("scheduler", key, in: 0...1)
    }
    guard let beta = value.double, 0...1 ~= beta else {
      throw ModelError.setting("training", original, value, "a number from 0 to 1 is needed")
    }
    return beta
  }
}

extension GenerationDefaults {
  /// - Parameter reduction: pixels along one side of a latent position.
  init(_ layout: CheckpointLayout, reduction: Int) throws {
    self.init()
    let sides = 1...1 << 13
    // The UNet's own size, in latent positions: one number, or height and width.
    if let value = layout.note("unet", "sample_size") {
      let numbers = (value.array ?? [value, value]).compactMap(\.int).filter { 1...1024 ~= $0 }
      guard numbers.count == 2, value.array?.count ?? 2 == 2 else {
        throw ModelError.setting("unet", "sample_size", value, "a whole number from 1 to 1024 is needed")
      }
      (height, width) = (numbers[0] * reduction, numbers[1] * reduction)
    }
    width = try layout.integer("defaults", "width", in: sides) ?? width
    height = try layout.integer("defaults", "height", in: sides) ?? height
    steps = try layout.integer("defaults", "steps", in: 1...1000) ?? steps
    guidanceScale = try layout.number("defaults", "guidance_scale", in: 0...1000).map(Float.init) ?? guidanceScale
    if let value = layout.note("defaults", "sampler") {
      guard let name = value.word else {
        throw ModelError.setting("defaults", "sampler", value, "the name of a sampler is needed")
      }
      sampler = name
    }
  }
}

private func divides(_ part: Int, _ whole: Int) -> Bool { part >= 1 && whole >= part && whole % part == 0 }

private func require(_ condition: Bool, _ problem: @autoclosure () -> String) throws {
  guard condition else { throw ModelError.contradiction(problem()) }
}
