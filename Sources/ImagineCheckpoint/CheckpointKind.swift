/// What a file of weights is, told from the names and shapes in it.
///
/// Recognising is not supporting: which models can run is decided where the models are.
package enum CheckpointKind: Sendable, Hashable {
  /// What a UNet takes besides the noisy latent, told from its number of input channels.
  package enum UNetInput: Sendable, Hashable {
    case latent
    case inpainting
    case imageEditing
    case depth
    case upscaling
    /// The latent, and beside it the vector of a picture (unCLIP).
    case imageVariation
    case other(channels: Int)
  }

  case stableDiffusion1(UNetInput)
  case stableDiffusion2(UNetInput)
  case stableDiffusionXL(UNetInput)
  case stableDiffusionXLRefiner
  case stableDiffusion3
  case flux
  /// A pipeline of this diffusers class, which is none of the others.
  case otherPipeline(String)
  case vae
  /// TAESD, the small autoencoder for previews.
  case tinyVAE
  case textEncoder
  case lora
  case controlNet
  case t2iAdapter
  case ipAdapter
  case motionModule
  case embedding
  case imageEncoder
  case upscaler
  /// A GGUF file of some other network, such as `llama`; nil where it does not say.
  case gguf(architecture: String?)
  case unknown

  /// What it is in words that fit after "is", as in "x.safetensors is a LoRA, not a model".
  package var description: String {
    switch self {
    case .stableDiffusion1(let input): "a Stable Diffusion 1 \(input.word)model"
    case .stableDiffusion2(let input): "a Stable Diffusion 2 \(input.word)model"
    case .stableDiffusionXL(let input): "a Stable Diffusion XL \(input.word)model"
    case .stableDiffusionXLRefiner: "the Stable Diffusion XL refiner"
    case .stableDiffusion3: "a Stable Diffusion 3 model"
    case .flux: "a FLUX model"
    case .otherPipeline(let name): "a model of the pipeline \(quoted(name))"
    case .vae: "a VAE"
    case .tinyVAE: "a tiny VAE (TAESD)"
    case .textEncoder: "a text encoder"
    case .lora: "a LoRA"
    case .controlNet: "a ControlNet"
    case .t2iAdapter: "a T2I-Adapter"
    case .ipAdapter: "an IP-Adapter"
    case .motionModule: "an AnimateDiff motion module"
    case .embedding: "a textual-inversion embedding"
    case .imageEncoder: "an image encoder (CLIP vision)"
    case .upscaler: "an image upscaler"
    case .gguf(let architecture?): "a GGUF model (\(architecture.visible()))"
    case .gguf(nil): "a GGUF model"
    case .unknown: "no model of a known kind"
    }
  }

  /// Whether it is, or begins with, the UNet or transformer that makes images.
  package var isImageModel: Bool {
    switch self {
    case .stableDiffusion1, .stableDiffusion2, .stableDiffusionXL, .stableDiffusionXLRefiner, .stableDiffusion3, .flux,
      .otherPipeline:
      true
    case .vae, .tinyVAE, .textEncoder, .lora, .controlNet, .t2iAdapter, .ipAdapter, .motionModule, .embedding,
      .imageEncoder, .upscaler, .gguf, .unknown:
      false
    }
  }
}

extension CheckpointKind.UNetInput {
  /// - Parameters:
  ///   - channels: the UNet's input channels; `latent`: its output channels.
  init(channels: Int, latent: Int) {
    // Latent alone, with a mask and a masked image, with an image, with depth, with a small RGB image.
    self =
      switch channels - latent {
      case 0: .latent
      case latent + 1: .inpainting
      case latent: .imageEditing
      case 1: .depth
      case 3: .upscaling
      default: .other(channels: channels)
      }
  }

  fileprivate var word: String {
    switch self {
    case .latent: ""
    case .inpainting: "inpainting "
    case .imageEditing: "image-editing "
    case .depth: "depth-to-image "
    case .upscaling: "upscaling "
    case .imageVariation: "image-variation (unCLIP) "
    case .other(let channels): "\(channels)-channel "
    }
  }
}
