package import Foundation
internal import ImagineCheckpoint
internal import ImagineGraph
package import ImagineModels

/// An IP-Adapter with its image encoder, opened to have a model look at pictures as at a prompt.
package struct OpenedImagePrompt: Sendable {
  package let adapter: OpenedPart
  package let encoder: OpenedPart
  package let configuration: IPAdapter.Configuration
  package let encoderConfiguration: CLIPVisionModel.Configuration
  package let notices: [EngineNotice]

  /// - Parameter encoder: a file or folder of the image encoder; nil for the one that lies beside the adapter.
  /// - Throws: `CheckpointError`, `ModelError` and `EngineError` for what cannot be read, what does not fit together, and what
  ///   is not complete.
  package init(_ url: URL, encoder: URL?, beside model: OpenedModel, on engine: ModelEngine) throws {
    let checkpoint = try PartCheckpoint.open(url, as: [.ipAdapter])
    let configuration = try IPAdapter.Configuration(checkpoint.shapes)
    let base = PartBase(model.model, configurations: model.checkpoint?.configs ?? [:])
    try configuration.requireFit(base, name: checkpoint.name)
    let (vision, structure) = try Self.encoder(encoder, configuration, checkpoint)
    let patches = structure.tokens
    let own = try OpenedPart.Opening(checkpoint, structure: "\(configuration) \(patches)") {
      .ipAdapter(IPAdapter($0, configuration), patches: patches)
    }
    let eyes = try OpenedPart.Opening(vision, structure: structure) { .imageEncoder(CLIPVisionModel($0, structure)) }
    adapter = engine.shared(own.part)
    self.encoder = engine.shared(eyes.part)
    self.configuration = configuration
    encoderConfiguration = structure
    notices = own.notices + eyes.notices
  }

  /// The image encoder that was named, or the one beside the adapter that fits it.
  private static func encoder(
    _ given: URL?, _ configuration: IPAdapter.Configuration, _ adapter: PartCheckpoint
  ) throws -> (PartCheckpoint, CLIPVisionModel.Configuration) {
    func opened(_ url: URL) throws -> (PartCheckpoint, CLIPVisionModel.Configuration) {
      let checkpoint = try PartCheckpoint.open(url, as: [.imageEncoder])
      return (checkpoint, try CLIPVisionModel.Configuration(checkpoint.shapes, own: checkpoint.configuration))
    }
    func width(_ encoder: CLIPVisionModel.Configuration) -> Int? {
      configuration.takesEmbedding ? encoder.projectionWidth : encoder.hiddenSize
    }
    if let given {
      let (checkpoint, structure) = try opened(given)
      guard width(structure) == configuration.pictureWidth else {
        throw EngineError(
          .invalidRequest,
          "The IP-Adapter \(quoted(adapter.name)) looks at vectors of \(configuration.pictureWidth) numbers, and the image "
            + "encoder \(quoted(checkpoint.name)) gives \(width(structure).map(String.init) ?? "none of a whole picture"): use "
            + "\(Self.usual(configuration)).", path: given.path(percentEncoded: false))
      }
      return (checkpoint, structure)
    }
    let folder = adapter.url.standardizedFileURL.deletingLastPathComponent()
    let places = [folder, folder.deletingLastPathComponent().appending(path: "models")].map {
      $0.appending(path: "image_encoder", directoryHint: .isDirectory)
    }
    for place in places where FileManager.default.fileExists(atPath: place.path(percentEncoded: false)) {
      let found = try opened(place)
      if width(found.1) == configuration.pictureWidth { return found }
    }
    throw EngineError(
      .invalidRequest,
      "The IP-Adapter \(quoted(adapter.name)) needs an image encoder, and there is none that fits it in a folder image_encoder "
        + "beside it: name the file of \(Self.usual(configuration)).", path: adapter.url.path(percentEncoded: false))
  }

  /// The encoder that published adapters were made with.
  private static func usual(_ configuration: IPAdapter.Configuration) -> String {
    configuration.takesEmbedding && configuration.pictureWidth == 1280 ? "CLIP ViT-bigG/14" : "CLIP ViT-H/14"
  }

  /// Tokens of one picture.
  var tokens: Int { configuration.tokens(patches: encoderConfiguration.tokens) }
}
