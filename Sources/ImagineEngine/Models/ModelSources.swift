package import Foundation
package import ImagineCheckpoint

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
  /// What two openings of the same files have in common.
  package struct Identity: Sendable, Hashable {
    private let sources: ModelSources
    private let source: Source
    /// Sizes and times of the last change, of files that may be replaced.
    private let changes: [String]

    init(_ sources: ModelSources, _ source: Source) {
      self.sources = sources
      self.source = source
      let files = source == .file ? [sources.model] + sources.parts.map(\.value) : []
      changes = files.map { url in
        let values = try? url.resourceValues(forKeys: [.fileSizeKey, .contentModificationDateKey])
        return "\(url.path) \(values?.fileSize ?? 0) \(values?.contentModificationDate?.timeIntervalSince1970 ?? 0)"
      }.sorted()
    }
  }
}
