internal import Foundation

/// SHA-256 of files, for those who check what they have.
package enum FileDigest {
  /// The digest of bytes in 64 digits.
  package static func sha256(of bytes: [UInt8]) -> String {
    var hash = SHA256()
    bytes.withUnsafeBytes { hash.update($0) }
    return hash.finish()
  }

  /// The digest of a whole file in 64 digits.
  ///
  /// - Throws: `ImagineError` for what is no file that can be read, `CancellationError`.
  package static func sha256(ofFileAt path: String) async throws -> String {
    guard let hash = try await ModelHash.of(URL(path: path), .file, cache: nil) else {
      throw ImagineError(
        .unreadableModel, "The file cannot be read, or changes while it is read: '\(path)'.", path: path)
    }
    return hash
  }
}
