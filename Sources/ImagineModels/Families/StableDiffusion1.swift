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
      var text = try CLIPTextModel.Configuration(layout)
      // Its UNet is not told a prompt as one vector.
      text.projectionWidth = nil
      configuration.textEncoders[0].model = text
      configuration.unet = try UNet2DConditionModel.Configuration(layout, text: text.hiddenSize)
      configuration.vae = try AutoencoderKL.Configuration(layout)
      configuration.scheduler = try SchedulerConfiguration(layout)
      configuration.defaults = try GenerationDefaults(
        layout, scheduler: configuration.scheduler, reduction: configuration.vae.reduction)
      let width = text.hiddenSize, context = configuration.unet.crossAttentionDim
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
    if let layer = try clipSkip(), layer != 1 {
      throw ModelError.setting(
        "metadata", "modelspec.encoder_layer", .int(layer), "this version draws only with the last")
    }
    if padding(of: "tokenizer") == 0 {
      throw ModelError.setting("tokenizer", "pad_token", .string("!"), "this version draws only with the end of a text")
    }
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
