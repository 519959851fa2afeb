package import Foundation
internal import ImagineCheckpoint

/// The textual inversions that prompts may name: files, each read when it is first named.
package final class EmbeddingCollection: Sendable {
  /// By the names that prompts have for them.
  package let files: [String: URL]
  private let read = LoadedEmbeddings()

  package init(_ files: [String: URL]) { self.files = files }

  package static let none = EmbeddingCollection([:])

  /// - Throws: `EngineError` for a file that cannot be read as one.
  func file(_ name: String) throws -> EmbeddingFile? {
    guard let url = files[name] else { return nil }
    return try read.file(name) {
      do {
        return try EngineError.translating { try EmbeddingFile(url) }
      } catch var error as EngineError {
        error.path = url.path(percentEncoded: false)
        throw error
      }
    }
  }
}

/// What was read so far.
private final class LoadedEmbeddings: @unchecked Sendable {  // All state is behind the lock.
  private let lock = NSLock()
  private var files: [String: EmbeddingFile] = [:]

  func file(_ name: String, _ read: () throws -> EmbeddingFile) throws -> EmbeddingFile {
    try lock.withLock {
      if let file = files[name] { return file }
      let file = try read()
      files[name] = file
      return file
    }
  }
}
