/// Everything about a Stable Diffusion model that is not a weight.
package struct ModelConfiguration: Sendable, Hashable {
  /// One of the text encoders.
  package struct TextEncoder: Sendable, Hashable {
    /// Its part of a checkpoint, as diffusers calls it.
    package var component = "text_encoder"
    package var model = CLIPTextModel.Configuration()
    /// The token that fills a sequence after its end: 49407 (end of text), or 0.
    package var padding: Int32 = 49407
    /// Layers at its end whose work is not wanted.
    package var skippedLayers = 0
    /// Layers behind those of the checkpoint, which it leaves out.
    package var absentLayers = 0
    /// Whether what the last wanted layer gives is normalised.
    package var isNormalised = true

    package init() {}
  }

  package var textEncoders = [TextEncoder()]
  package var unet = UNet2DConditionModel.Configuration()
  package var vae = AutoencoderKL.Configuration()
  /// A small autoencoder in place of `vae`; nil for none.
  package var tinyVAE: AutoencoderTiny.Configuration?
  /// What colours latents stand for, roughly; nil where nobody has said.
  package var latentColours: LatentColours? = .stableDiffusion1
  /// Which text encoder gives the UNet a prompt as one vector; nil if none does.
  package var pooled: Int?
  /// What the UNet is told of the picture.
  package var numbers: [Conditioning.PictureNumber] = []
  package var zeroesEmptyNegative = false
  /// What the UNet takes behind the noisy latents.
  package var planes: [Conditioning.Plane] = []
  package var scheduler = SchedulerConfiguration()
  package var defaults = GenerationDefaults()

  package init() {}

  /// The space that pictures are drawn in.
  package var latent: LatentFormat {
    if let tinyVAE { return LatentFormat(channels: tinyVAE.latentChannels, reduction: tinyVAE.reduction, scale: 1) }
    return LatentFormat(
      channels: vae.latentChannels, reduction: vae.reduction, scale: vae.scalingFactor,
      statistics: vae.latentStatistics)
  }
}

/// How a model was trained to see noise, in the words of diffusers' `scheduler_config.json`.
package struct SchedulerConfiguration: Sendable, Hashable {
  package var predictionType = "epsilon"
  package var betaSchedule = "scaled_linear"
  package var betaStart = 0.00085
  package var betaEnd = 0.012
  package var trainTimesteps = 1000
  /// The model that "align your steps" found levels for, in the words of ComfyUI's scheduler of that name.
  package var alignedSteps = "SD1"
  /// Whether the last timestep is noise alone: diffusers' `rescale_betas_zero_snr`.
  package var hasZeroTerminalSNR = false
  /// The noise of models that were trained with every level of it; nil for those of a beta schedule.
  package var edm: EDM?

  /// Karras et al. (2022).
  package struct EDM: Sendable, Hashable {
    package var sigmaMin = 0.002
    package var sigmaMax = 80.0
    /// The deviation of latents without noise.
    package var sigmaData = 0.5
  }

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
  /// How the model was distilled for few steps; nil if it was not.
  package var distillation: Distillation?

  package init() {}
}
