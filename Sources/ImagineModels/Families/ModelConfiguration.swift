/// Everything about a model that is not a weight.
package struct ModelConfiguration: Sendable, Hashable {
  package var unet = UNet2DConditionModel.Configuration()
  package var vae = AutoencoderKL.Configuration()
  package var textEncoder = CLIPTextModel.Configuration()
  package var scheduler = SchedulerConfiguration()
  package var defaults = GenerationDefaults()

  package init() {}
}

/// How a model was trained to see noise, in the words of diffusers' `scheduler_config.json`.
package struct SchedulerConfiguration: Sendable, Hashable {
  package var predictionType = "epsilon"
  package var betaSchedule = "scaled_linear"
  package var betaStart = 0.00085
  package var betaEnd = 0.012
  package var trainTimesteps = 1000
  /// Whether the last timestep is noise alone: diffusers' `rescale_betas_zero_snr`.
  package var hasZeroTerminalSNR = false

  package init() {}
}

/// What to ask of a model when the person does not say.
package struct GenerationDefaults: Sendable, Hashable {
  package var width = 512
  package var height = 512
  package var steps = 20
  package var guidanceScale: Float = 7
  /// A sampler's name.
  package var sampler = "euler"
  /// A schedule's name; nil for the sampler's own.
  package var schedule: String?

  package init() {}
}
