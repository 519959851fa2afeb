/// A network of a diffusion pipeline, named as its folder in a diffusers model.
package enum Component: String, Sendable, Hashable, CaseIterable {
  case unet
  case vae
  case textEncoder = "text_encoder"
  case textEncoder2 = "text_encoder_2"

  /// How single files and component files write the way to each network. The first that fits a name counts; where two
  /// names lead to one tensor, the earlier prefix is the better one.
  static let prefixes: [(text: String, component: Component)] =
    [
      ("model.diffusion_model.", .unet),
      ("first_stage_model.", .vae),
      ("cond_stage_model.transformer.", .textEncoder),
      ("cond_stage_model.model.", .textEncoder),
      ("conditioner.embedders.0.transformer.", .textEncoder),
      // The refiner keeps its only text encoder, the large one, in this place too: see `KeyMap.init(_:)`.
      ("conditioner.embedders.0.model.", .textEncoder),
      ("conditioner.embedders.1.model.", .textEncoder2),
      ("conditioner.embedders.1.transformer.", .textEncoder2),
      ("cond_stage_model.1.transformer.", .textEncoder2),
    ]
    // ComfyUI's names of the encoders, wherever it writes them.
    + ["cond_stage_model.", "text_encoders.", ""].flatMap { place in
      [("clip_l", Component.textEncoder), ("clip_h", .textEncoder), ("clip_g", .textEncoder2)].map {
        (place + $0.0 + ".", $0.1)
      }
    } + [
      ("unet.", .unet),
      ("diffusion_model.", .unet),
      ("vae.", .vae),
      ("text_encoder.", .textEncoder),
      ("text_encoder_2.", .textEncoder2),
      ("te1.", .textEncoder),
      ("te2.", .textEncoder2),
      ("cond_stage_model.", .textEncoder),
    ]

  /// The class diffusers writes into the network's config.json.
  init?(className: String) {
    switch className {
    case "UNet2DConditionModel": self = .unet
    case "AutoencoderKL", "AutoencoderTiny": self = .vae
    case "CLIPTextModel": self = .textEncoder
    case "CLIPTextModelWithProjection": self = .textEncoder2
    default: return nil
    }
  }

  /// What people call the network, in words that fit after "no".
  package var networkName: String {
    switch self {
    case .unet: "UNet"
    case .vae: "VAE"
    case .textEncoder: "text encoder"
    case .textEncoder2: "second text encoder"
    }
  }
}
