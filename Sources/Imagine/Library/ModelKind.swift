/// What a file of a collection is for.
public enum ModelKind: String, Sendable, CaseIterable {
  /// A whole model, as a file or as a diffusers folder.
  case checkpoint
  case vae
  /// A model's UNet by itself.
  case unet
  case textEncoder
  /// A LoRA, or another change to a model's weights.
  case lora
  /// A textual inversion.
  case embedding
  /// A ControlNet or a T2I-Adapter.
  case controlNet
  case ipAdapter
  /// CLIP's network for pictures.
  case imageEncoder
  case upscaler

  /// The word for one of the kind, such as `LoRA`.
  public var name: String {
    switch self {
    case .checkpoint: "checkpoint"
    case .vae: "VAE"
    case .unet: "UNet"
    case .textEncoder: "text encoder"
    case .lora: "LoRA"
    case .embedding: "embedding"
    case .controlNet: "ControlNet"
    case .ipAdapter: "IP-Adapter"
    case .imageEncoder: "image encoder"
    case .upscaler: "upscaler"
    }
  }

  /// The word with its article, such as `an embedding`.
  package var nameWithArticle: String {
    let takesAn: Set<ModelKind> = [.embedding, .ipAdapter, .imageEncoder, .upscaler]
    return "\(takesAn.contains(self) ? "an" : "a") \(name)"
  }

  /// The word for several.
  public var pluralName: String { "\(name)s" }
}
