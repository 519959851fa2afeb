internal import Foundation
internal import ImagineEngine

/// The sign by which AUTOMATIC1111 knows a textual inversion: twelve digits of the SHA-256 of its file.
enum EmbeddingHash {
  /// Such files are some kilobytes; what is larger goes without.
  private static let mostBytes = 1 << 26

  /// nil for a file that cannot be read.
  static func of(_ url: URL) -> String? {
    guard let file = HashedFile(url.path(percentEncoded: false)), file.size <= mostBytes,
      let bytes = try? Data(contentsOf: url)
    else { return nil }
    var hash = SHA256()
    bytes.withUnsafeBytes { hash.update($0) }
    return String(hash.finish().prefix(12))
  }

  /// Names and hashes of all that a request's prompts name, as they are written into pictures; nil for none.
  static func list(_ picture: PictureRequest, _ model: OpenedModel) -> String? {
    guard !picture.embeddings.files.isEmpty, let names = try? picture.namedEmbeddings(by: model) else { return nil }
    let hashes = names.compactMap { name in picture.embeddings.files[name].flatMap(of).map { "\(name): \($0)" } }
    return hashes.isEmpty ? nil : hashes.joined(separator: ", ")
  }
}
