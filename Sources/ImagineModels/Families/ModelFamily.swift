package import ImagineCheckpoint

/// A kind of model: how to know one, and how it is built.
package struct ModelFamily: Sendable {
  /// As people call it.
  package let name: String
  /// Whether a file of this kind belongs here.
  package let recognises: @Sendable (CheckpointKind) -> Bool
  /// Reads a model's structure off its weights.
  ///
  /// - Throws: `ModelError` for every setting and number that a picture could not be drawn by as it is meant.
  package let configuration: @Sendable (CheckpointLayout) throws -> ModelConfiguration
  /// Whether a weight, by its canonical path, can be left unused without a picture being another one.
  package let isSpare: @Sendable (String) -> Bool

  /// Every family this version runs.
  package static let all: [ModelFamily] = [.stableDiffusion1]

  /// The family of a checkpoint.
  ///
  /// - Throws: `ModelError` that says what the file is instead.
  package static func of(_ kind: CheckpointKind, file: String) throws -> ModelFamily {
    guard let family = all.first(where: { $0.recognises(kind) }) else {
      throw ModelError(
        .unsupported,
        "\(file) is \(kind.description): give a checkpoint of \(all.map(\.name).joined(separator: " or ")) instead.")
    }
    return family
  }
}
