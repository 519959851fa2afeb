extension ModelConfiguration {
  /// Stable Diffusion 1.5.
  package static let stableDiffusion15 = ModelConfiguration()

  /// Of Stable Diffusion XL the UNet, which takes nearly all of the time; the other networks are those of 1.5.
  package static let stableDiffusionXLUNet: ModelConfiguration = {
    var configuration = ModelConfiguration()
    configuration.unet = .stableDiffusionXL
    configuration.defaults.width = 1024
    configuration.defaults.height = 1024
    return configuration
  }()

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
