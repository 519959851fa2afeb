package import Foundation
internal import ImagineCheckpoint
package import ImagineGraph
package import ImagineModels

/// An upscaler, opened: its network, and where its weights come from.
///
/// Whatever could make running it fail is checked when it is made.
package final class OpenedUpscaler: Sendable {
  package let model: UpscalerNetwork
  /// What the engine runs.
  package let part: OpenedPart

  /// A short name, for metadata.
  package var name: String { part.name }

  /// - Throws: `CheckpointError` and `ModelError` for what cannot be read and what is no upscaler that can be run.
  package convenience init(_ url: URL) throws {
    let file = try UpscalerFile(url), name = "'\(url.lastPathComponent)'"
    let model = try UpscalerNetwork(file.tensors.mapValues { Shape($0.shape) }, file: name)
    try model.requireComplete(file: name)
    self.init(
      model, file, name: url.deletingPathExtension().lastPathComponent,
      identity: OpenedPart.Identity(file.shares, for: "upscaler"))
  }

  /// - Parameter identity: nil for weights that were made on the spot.
  package convenience init(
    _ model: UpscalerNetwork, _ weights: any WeightSource, name: String, identity: OpenedPart.Identity? = nil
  ) {
    let scaled = model.factors.isEmpty ? weights : ScaledWeights(weights, factors: model.factors)
    self.init(model, OpenedPart(name, [model.network], scaled, identity: identity))
  }

  private init(_ model: UpscalerNetwork, _ part: OpenedPart) {
    self.model = model
    self.part = part
  }

  /// The same with the networks that an engine has of these files already.
  package func shared(by engine: ModelEngine) -> OpenedUpscaler { OpenedUpscaler(model, engine.shared(part)) }
}

extension OpenedUpscaler: Hashable {
  package static func == (one: OpenedUpscaler, other: OpenedUpscaler) -> Bool { one === other }
  package func hash(into hasher: inout Hasher) { hasher.combine(ObjectIdentifier(self)) }
}
