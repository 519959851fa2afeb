import ImagineCheckpoint

/// What is known of a model beside what its files hold.
package struct ModelHints: Sendable {
  /// Of the file or folder, which for some models is the only sign of how they were distilled.
  package var name = ""
  /// What the denoiser predicts, in diffusers' words, where the person says it: it outweighs all.
  package var prediction: String?
  /// The values of a weight by its canonical path; nil if they cannot be had.
  package var values: @Sendable (_ path: String) -> [Float]? = { _ in nil }

  package init() {}
}

extension ModelFamily {
  /// Reads a model's structure off its weights, and everything else off what came with them.
  ///
  /// - Throws: `ModelError` for every setting and number that a picture could not be drawn by as it is meant.
  package func configuration(_ layout: CheckpointLayout, _ hints: ModelHints = ModelHints()) throws
    -> ModelConfiguration
  {
    try layout.checkSettings()
    var configuration = ModelConfiguration()
    configuration.textEncoders = try textEncoders.map { try $0.configuration(layout) }
    let width = configuration.textEncoders.reduce(0) { $0 + $1.model.hiddenSize }
    configuration.unet = try UNet2DConditionModel.Configuration(layout, text: width)
    try configuration.readAutoencoder(layout, scale: latentScale)
    configuration.latentColours =
      configuration.vae.latentStatistics == nil ? latentColours : normalisedLatentColours
    try configuration.readConditions()
    configuration.zeroesEmptyNegative =
      layout.note("model_index", "force_zeros_for_empty_prompt")?.bool ?? zeroesEmptyNegative

    let distillation = Distillation(name: hints.name, layout: layout)
    let clue = predictsByClue ? hints.values(SchedulerConfiguration.velocityClue) : nil
    configuration.scheduler = try SchedulerConfiguration(
      layout, override: hints.prediction,
      otherwise: clue.map(SchedulerConfiguration.prediction) ?? distillation?.prediction ?? "epsilon")
    configuration.scheduler.alignedSteps = alignedSteps
    configuration.defaults = try GenerationDefaults(
      layout, family: defaults(configuration.scheduler.predictionType), scheduler: configuration.scheduler,
      distillation: distillation, reduction: configuration.latent.reduction)

    let context = configuration.unet.crossAttentionDim
    try require(
      width == context, "its text encoders give vectors of \(width) numbers, and its UNet takes \(context)")
    return configuration
  }
}

extension ModelFamily.TextEncoder {
  fileprivate func configuration(_ layout: CheckpointLayout) throws -> ModelConfiguration.TextEncoder {
    var encoder = ModelConfiguration.TextEncoder()
    encoder.component = component.rawValue
    encoder.model = try CLIPTextModel.Configuration(layout, component: component.rawValue)
    encoder.padding = layout.padding(of: component == .textEncoder ? "tokenizer" : "tokenizer_2") ?? padding
    encoder.isNormalised = isNormalised
    if let publishedLayers, encoder.model.layers != publishedLayers {
      let declared = layout.note(component.rawValue, "num_hidden_layers")?.int
      let isShortened = encoder.model.layers == publishedLayers - 1 || declared == encoder.model.layers
      encoder.absentLayers = isShortened ? layer - 1 : 0
    }
    let skipped = try (layout.clipSkip() ?? layer) - 1 - encoder.absentLayers
    try require(
      (0..<encoder.model.layers).contains(skipped),
      "its text encoder has \(encoder.model.layers) layers, and all but \(skipped) of them are asked for")
    encoder.skippedLayers = skipped
    return encoder
  }
}

extension ModelConfiguration {
  fileprivate mutating func readAutoencoder(_ layout: CheckpointLayout, scale: Float) throws {
    if AutoencoderTiny.Configuration.describes(layout) {
      tinyVAE = try AutoencoderTiny.Configuration(layout)
    } else {
      vae = try AutoencoderKL.Configuration(layout, scalingFactor: scale)
    }
  }

  /// What the UNet is told beside the noisy latents, as its weights ask for it.
  fileprivate mutating func readConditions() throws {
    let (inputs, outputs, latents) = (unet.inChannels, unet.outChannels, latent.channels)
    try require(outputs == latents, "its UNet gives \(outputs) channels, and its autoencoder takes \(latents)")
    let known = Conditioning.knownPlanes.first {
      $0.reduce(outputs) { $0 + $1.channels(latents: outputs) } == inputs
    }
    guard let known else {
      throw ModelError(
        .unsupported,
        "The model's UNet takes \(inputs) channels, as those for depth or for enlarging do, and this version draws with "
          + "\(outputs), \(outputs * 2) or \(outputs * 2 + 1): use another model.")
    }
    planes = known
    if planes.contains(.maskedPicture) {
      let hasEncoder = tinyVAE?.hasEncoder ?? vae.hasEncoder
      try require(hasEncoder, "its UNet is shown a picture's latents, and its autoencoder makes none")
      try require(
        tinyVAE != nil || vae.latentStatistics == nil,
        "its UNet is shown a picture's latents, and its autoencoder normalises them by channel")
    }
    guard let addition = unet.additionEmbedding else {
      for index in textEncoders.indices { textEncoders[index].model.projectionWidth = nil }
      return
    }
    let last = textEncoders.count - 1
    pooled = last
    for index in textEncoders.indices.dropLast() { textEncoders[index].model.projectionWidth = nil }
    let width = textEncoders[last].model.projectionWidth ?? textEncoders[last].model.hiddenSize
    try require(
      width == addition.textWidth,
      "its text encoder gives a prompt as \(width) numbers, and its UNet takes \(addition.textWidth)")
    numbers = [.originalHeight, .originalWidth, .cropTop, .cropLeft]
    numbers += addition.timeIDs == 5 ? [.aestheticScore] : [.targetHeight, .targetWidth]
  }
}

extension CheckpointLayout {
  /// Goes through every setting that came with the weights.
  fileprivate func checkSettings() throws {
    try checkNotes()
    let isTiny = AutoencoderTiny.Configuration.describes(self)
    let tokenizers = ["tokenizer", "tokenizer_2"].map {
      ($0, SettingTable(place: $0, rules: SettingTable.tokenizer))
    }
    let tables: [(String, SettingTable)] =
      [
        ("model_index", .pipeline), ("unet", .unet), ("vae", isTiny ? .tinyAutoencoder : .autoencoder),
        ("text_encoder", .textEncoder), ("text_encoder_2", .textEncoder2), ("scheduler", .scheduler),
        ("training", .training), ("defaults", .defaults),
      ] + tokenizers
    for (component, table) in tables {
      if let settings = configurations[component] { try table.check(settings) }
    }
  }
}
