public import Foundation
internal import ImagineCheckpoint
package import ImagineEngine

/// Where a model comes from: its file or folder, and other files for some of its networks.
public struct ModelFiles: Sendable, Hashable {
  /// A checkpoint (`.safetensors`, `.ckpt`, `.gguf`), a diffusers folder, or a model's folder in the cache of Hugging Face's programs.
  public var model: URL
  /// The autoencoder, in place of the model's own; also a small one such as TAESD.
  public var vae: URL?
  /// The UNet, in place of the model's own.
  public var unet: URL?
  /// The text encoder, in place of the model's own: CLIP ViT-L of Stable Diffusion 1 and XL, OpenCLIP ViT-H of 2.
  public var clipL: URL?
  /// The large text encoder of Stable Diffusion XL and its refiner, OpenCLIP ViT-bigG, in place of the model's own.
  public var clipG: URL?
  /// What the denoiser predicts, where the files do not say it or are wrong.
  public var prediction: Prediction?

  public init(_ model: URL) { self.model = model }

  /// The same in the engine's own words.
  package var sources: ModelSources {
    var sources = ModelSources(model)
    let parts: [(Component, URL?)] = [(.vae, vae), (.unet, unet), (.textEncoder, clipL), (.textEncoder2, clipG)]
    for (component, url) in parts { sources.parts[component] = url }
    sources.prediction = prediction?.rawValue
    return sources
  }
}

/// What a denoiser's output means.
public struct Prediction: RawRepresentable, Sendable, Hashable, CaseIterable {
  /// diffusers' word for it, such as `v_prediction`.
  public let rawValue: String

  /// The noise.
  public static let epsilon = Prediction("epsilon")
  /// The velocity, between noise and picture.
  public static let velocity = Prediction("v_prediction")
  /// The picture itself.
  public static let sample = Prediction("sample")

  public static let allCases = [epsilon, velocity, sample]

  private init(_ word: String) { rawValue = word }

  /// Nil for a word that this version does not know.
  public init?(rawValue: String) {
    guard let known = Self.allCases.first(where: { $0.rawValue == rawValue }) else { return nil }
    self = known
  }
}
