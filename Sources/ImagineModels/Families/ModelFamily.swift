package import ImagineCheckpoint

/// A kind of model: how to know one, and in what its members differ from those of other kinds.
///
/// What the weights say is read off them by the readers that all families share; a family says what no weight shows.
package struct ModelFamily: Sendable {
  /// A text encoder that the family has.
  package struct TextEncoder: Sendable {
    /// Its part of a checkpoint, as diffusers calls it.
    let component: Component
    /// The token that fills a sequence after its end, where no tokenizer says another.
    let padding: Int32
    /// Which layer speaks to the UNet, counted from the last, 1.
    let layer: Int
    /// Whether what that layer gives is normalised.
    let isNormalised: Bool
    /// The layers of the published encoder: diffusers leaves out those that nobody asks for. Nil where it never does.
    var publishedLayers: Int?
  }

  /// As people call it.
  package let name: String
  /// Whether a file of this kind belongs here.
  package let recognises: @Sendable (CheckpointKind) -> Bool
  package let textEncoders: [TextEncoder]
  /// What an autoencoder's latents are multiplied by, where no note says another number.
  package let latentScale: Float
  /// What colours its latents stand for, roughly,
  package let latentColours: LatentColours
  /// and where the autoencoder normalises them by channel; nil for no colours then.
  package var normalisedLatentColours: LatentColours?
  /// Whose levels "align your steps" takes, as ComfyUI calls the model that they were found for.
  package var alignedSteps = "SD1"
  /// Whether an empty negative prompt stands for zeros, where no note says otherwise.
  package var zeroesEmptyNegative = false
  /// Whether the values of a weight tell what the UNet predicts, where nothing else says it.
  package var predictsByClue = false
  /// What to ask of a model, for what its UNet predicts.
  package let defaults: @Sendable (_ prediction: String) -> GenerationDefaults

  /// The family of a checkpoint.
  ///
  /// - Throws: `ModelError` that says what the file is instead.
  package static func of(_ kind: CheckpointKind, file: String) throws -> ModelFamily {
    guard let family = all.first(where: { $0.recognises(kind) }) else {
      throw ModelError(
        .unsupported,
        "\(file) is \(kind.description): give a checkpoint of Stable Diffusion 1, 2 or XL instead.")
    }
    return family
  }

  /// What a picture cannot be drawn without.
  package var components: [Component] { textEncoders.map(\.component) + [.unet, .vae] }

  /// Whether a weight, by its canonical path, can be left unused without a picture being another one.
  package func isSpare(_ path: String) -> Bool {
    // Projects a prompt to one vector, which not every UNet is told.
    path.hasSuffix("text_projection.weight") || path.hasSuffix("text_projection.bias")
      // Of the way from a picture to latents alone, without the encoder that it would follow.
      || path.hasPrefix("vae.quant_conv.")
      // A text encoder that other families have.
      || [Component.textEncoder, .textEncoder2].contains { component in
        path.hasPrefix("\(component.rawValue).") && !textEncoders.contains { $0.component == component }
      }
  }
}
