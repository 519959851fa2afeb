internal import Foundation
internal import ImagineCheckpoint
internal import ImagineEngine
internal import ImagineModels

extension Pipeline {
  /// The textual inversions that a request's prompts may name.
  ///
  /// - Throws: `ImagineError` for one of the request's own that cannot be read, or has no name.
  func embeddings(_ request: GenerationRequest) throws -> EmbeddingCollection {
    var files: [String: URL] = [:]
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
