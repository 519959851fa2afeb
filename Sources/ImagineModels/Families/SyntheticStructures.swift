import ImagineCheckpoint

/// The structure of a published model, for measuring it without its weights.
package struct SyntheticStructure: Sendable {
  package let family: ModelFamily
  package let configuration: ModelConfiguration

  package init(_ family: ModelFamily, _ configuration: ModelConfiguration) {
    self.family = family
    self.configuration = configuration
  }

  /// A model of a family, made of these networks: everything else is read off its shapes, as it is of a checkpoint.
  private init(
    _ family: ModelFamily, _ texts: [CLIPTextModel.Configuration], _ unet: UNet2DConditionModel.Configuration,
    prediction: String? = nil
  ) throws {
    var networks = ModelConfiguration()
    networks.unet = unet
    networks.textEncoders = zip(family.textEncoders, texts).map { encoder, model in
      var text = ModelConfiguration.TextEncoder()
      text.component = encoder.component.rawValue
      text.model = model
      return text
    }
    let shapes = DiffusionModel(networks, CheckpointLayout(shapes: [:], configurations: [:])).parameters
    var hints = ModelHints()
    hints.prediction = prediction
    self.init(family, try family.configuration(CheckpointLayout(shapes: shapes, configurations: [:]), hints))
  }

  /// Stable Diffusion 1.5.
  package static func stableDiffusion15() throws -> SyntheticStructure {
    try SyntheticStructure(.stableDiffusion1, [.clipL], .stableDiffusion1)
  }

  /// Stable Diffusion 2.1 for 768 pixels, which predicts the velocity.
  package static func stableDiffusion21() throws -> SyntheticStructure {
    try SyntheticStructure(.stableDiffusion2, [.openCLIPH], .stableDiffusion2, prediction: "v_prediction")
  }

  /// Stable Diffusion XL.
  package static func stableDiffusionXL() throws -> SyntheticStructure {
    try SyntheticStructure(.stableDiffusionXL, [.clipL, .openCLIPbigG], .stableDiffusionXL)
  }

  /// Stable Diffusion XL's refiner.
  package static func stableDiffusionXLRefiner() throws -> SyntheticStructure {
    try SyntheticStructure(.stableDiffusionXLRefiner, [.openCLIPbigG], .stableDiffusionXLRefiner)
  }

  /// SSD-1B: Stable Diffusion XL with half of its UNet.
  package static func ssd1B() throws -> SyntheticStructure {
    try SyntheticStructure(.stableDiffusionXL, [.clipL, .openCLIPbigG], .ssd1B)
  }

  /// See `ModelConfiguration.miniature`.
  package static let miniature = SyntheticStructure(.stableDiffusion1, .miniature)
}

extension ModelConfiguration {
  /// The structure of Stable Diffusion 1.5 with few and narrow levels, for trying things out: under a million
  /// parameters beside the vocabulary.
  package static let miniature: ModelConfiguration = {
    var configuration = ModelConfiguration()
    configuration.unet.blockOutChannels = [32, 64]
    configuration.unet.mirror(layers: 1, depths: [1, 0], mid: 1)
    configuration.unet.heads = [4, 4]
    configuration.unet.crossAttentionDim = 64
    configuration.unet.normGroups = 8
    configuration.vae.blockOutChannels = [16, 32]
    configuration.vae.layersPerBlock = 1
    configuration.vae.normGroups = 8
    configuration.textEncoders[0].model.hiddenSize = 64
    configuration.textEncoders[0].model.intermediateSize = 128
    configuration.textEncoders[0].model.layers = 2
    configuration.textEncoders[0].model.heads = 4
    configuration.defaults.width = 32
    configuration.defaults.height = 32
    configuration.defaults.steps = 4
    return configuration
  }()
}
