package import Foundation
internal import ImagineCheckpoint

extension ModelKind {
  /// What a file or a model's folder is, told from the names and shapes in it alone.
  ///
  /// - Returns: nil for what cannot be read, and for what none of the kinds is.
  package init?(recognising url: URL) {
    guard let checkpoint = try? Checkpoint.open(url), let kind = ModelKind(checkpoint) else { return nil }
    self = kind
  }

  private init?(_ checkpoint: Checkpoint) {
    switch checkpoint.kind {
    case .vae, .tinyVAE: self = .vae
    case .textEncoder: self = .textEncoder
    case .lora: self = .lora
    case .embedding: self = .embedding
    case .controlNet, .t2iAdapter: self = .controlNet
    case .ipAdapter: self = .ipAdapter
    case .imageEncoder: self = .imageEncoder
    case .upscaler: self = .upscaler
    case .motionModule, .unknown: return nil
    case .stableDiffusion1, .stableDiffusion2, .stableDiffusionXL, .stableDiffusionXLRefiner, .stableDiffusion3, .flux,
      .otherPipeline, .gguf:
      self = checkpoint.parts.map(\.component) == [.unet] ? .unet : .checkpoint
    }
  }

  /// What folders of this name hold in the trees of AUTOMATIC1111 and its forks, of ComfyUI, and in one's own; nil for all others.
  init?(folderName: String) {
    guard folderName.utf8.count <= 32 else { return nil }
    let name = folderName.lowercased().filter { $0 != "-" && $0 != "_" && $0 != " " }
    guard let kind = Self.folderNames[name] else { return nil }
    self = kind
  }

  /// Without hyphens and underscores, which the programs do not agree on.
  private static let folderNames: [String: ModelKind] = [
    "stablediffusion": .checkpoint, "checkpoint": .checkpoint, "checkpoints": .checkpoint, "diffusers": .checkpoint,
    "vae": .vae, "vaes": .vae, "vaeapprox": .vae,
    "unet": .unet, "unets": .unet, "diffusionmodels": .unet,
    "clip": .textEncoder, "textencoder": .textEncoder, "textencoders": .textEncoder,
    "lora": .lora, "loras": .lora, "lycoris": .lora,
    "embedding": .embedding, "embeddings": .embedding, "textualinversion": .embedding,
    "controlnet": .controlNet, "controlnets": .controlNet, "t2iadapter": .controlNet, "t2iadapters": .controlNet,
    "ipadapter": .ipAdapter, "ipadapters": .ipAdapter,
    "clipvision": .imageEncoder, "imageencoder": .imageEncoder, "imageencoders": .imageEncoder,
    "upscalemodels": .upscaler, "upscaler": .upscaler, "upscalers": .upscaler, "esrgan": .upscaler,
    "realesrgan": .upscaler, "swinir": .upscaler, "dat": .upscaler,
  ]
}
