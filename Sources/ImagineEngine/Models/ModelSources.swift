package import Foundation
package import ImagineCheckpoint
internal import ImagineModels

/// Where a model comes from: its file or folder, and others for some of its networks.
package struct ModelSources: Sendable, Hashable {
  package var model: URL
  /// Files or folders that networks come from in place of the model's own.
  package var parts: [Component: URL] = [:]
  /// What the denoiser predicts, in diffusers' words, where the person says it.
  package var prediction: String?

  package init(_ model: URL) { self.model = model }

  /// The model's, for metadata and for what names say of a model.
  var name: String {
    let path = model.standardizedFileURL
    return path.hasDirectoryPath ? path.lastPathComponent : path.deletingPathExtension().lastPathComponent
  }
}

extension OpenedModel {
  /// What two openings of the same files have in common: the very files, as they were when they were opened, and what was
  /// read out of them. A file that was replaced or written to since is another one, however it is called.
  package struct Identity: Sendable, Hashable {
    private let files: Set<Checkpoint.Share>
    private let configuration: ModelConfiguration

    init(_ checkpoint: Checkpoint, _ configuration: ModelConfiguration) {
      files = checkpoint.shares
      self.configuration = configuration
    }
  }
}
