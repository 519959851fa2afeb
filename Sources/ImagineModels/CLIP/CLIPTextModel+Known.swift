import ImagineGraph

/// The text encoders of published models.
extension CLIPTextModel.Configuration {
  /// OpenAI's ViT-L/14: of Stable Diffusion 1.x, and the first of XL.
  package static let clipL = CLIPTextModel.Configuration()

  /// OpenCLIP's ViT-H/14: of Stable Diffusion 2.x.
  package static let openCLIPH: CLIPTextModel.Configuration = {
    var configuration = CLIPTextModel.Configuration()
    configuration.hiddenSize = 1024
    configuration.intermediateSize = 4096
    configuration.layers = 24
    configuration.heads = 16
    configuration.activation = .gelu
    return configuration
  }()

  /// OpenCLIP's ViT-bigG/14: the second of Stable Diffusion XL, and the only one of its refiner.
  package static let openCLIPbigG: CLIPTextModel.Configuration = {
    var configuration = CLIPTextModel.Configuration()
    configuration.hiddenSize = 1280
    configuration.intermediateSize = 5120
    configuration.layers = 32
    configuration.heads = 20
    configuration.activation = .gelu
    configuration.projectionWidth = 1280
    return configuration
  }()
}
