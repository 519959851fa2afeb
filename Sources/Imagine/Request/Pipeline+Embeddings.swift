internal import Foundation
internal import ImagineCheckpoint
internal import ImagineEngine
internal import ImagineModels
internal import Synchronization

extension Pipeline {
  /// The textual inversions that a request's prompts may name: those of the library, and its own before them.
  ///
  /// - Throws: `ImagineError` for one of the request's own that cannot be read, or has no name.
  func embeddings(_ request: GenerationRequest) throws -> EmbeddingCollection {
    var files = try named.files
    for embedding in request.embeddings {
      guard !embedding.name.isEmpty else {
        throw ImagineError(.invalidRequest, "A textual inversion needs a name that prompts can have for it.")
      }
      // A file that somebody gives should not wait for a prompt to be found broken.
      _ = try ImagineError.translating(path: embedding.file) { try EmbeddingFile(embedding.file) }
      files[embedding.name] = embedding.file
    }
    return EmbeddingCollection(files)
  }

  func featureReuse(_ cache: FeatureCache) throws -> FeatureReuse {
    guard 2...1000 ~= cache.interval else {
      throw ImagineError(
        .invalidRequest,
        "The whole denoiser cannot be run every \(cache.interval) times: choose 2 to 1000; 3 is usual.")
    }
    let skips = opened.model.skipCount
    guard 0..<skips ~= cache.branch else {
      throw ImagineError(
        .invalidRequest,
        "The denoiser of \(report.name) has no branch \(cache.branch) to keep: choose 0 to \(max(skips - 1, 0)); 0 is usual."
      )
    }
    return FeatureReuse(interval: cache.interval, branch: cache.branch)
  }
}

/// The textual inversions of a library, looked for when a prompt is first read.
final class NamedEmbeddings: Sendable {
  private let library: ModelLibrary
  private let found = Mutex<[String: URL]?>(nil)

  init(_ library: ModelLibrary) { self.library = library }

  /// - Throws: `ImagineError`, `CancellationError`.
  var files: [String: URL] {
    get throws {
      try found.withLock { found in
        if let found { return found }
        let names = try library.files(.embedding).map { ($0.url.deletingPathExtension().lastPathComponent, $0.url) }
        let files = Dictionary(names) { first, _ in first }
        found = files
        return files
      }
    }
  }
}
