internal import ImagineCheckpoint
internal import ImagineFiles

/// A file of a repository, as its listing tells of it.
struct RepositoryFile: Sendable, Hashable {
  let path: RelativePath
  let size: Int
  /// What the cache calls its contents: their SHA-256 where they are large, else Git's name for them.
  let blob: String

  /// The contents' SHA-256; nil for small files.
  var sha256: String? { blob.utf8.count == 64 ? blob : nil }
  var name: String { path.name }
  /// The folders it is in, with slashes; empty at the root.
  var folder: String { path.folders.joined(separator: "/") }

  /// Nil for an entry without a size or a proper name; those are of no use to anybody.
  init?(_ entry: JSONValue) {
    guard let text = entry["rfilename"]?.string, let path = try? RelativePath(text),
      let size = entry["lfs"]?["size"]?.int ?? entry["size"]?.int, size >= 0, size < 1 << 50,
      let blob = entry["lfs"]?["sha256"]?.string ?? entry["blobId"]?.string, [40, 64].contains(blob.utf8.count),
      blob.utf8.allSatisfy({ 0x30...0x39 ~= $0 || 0x61...0x66 ~= $0 })
    else { return nil }
    self.path = path
    self.size = size
    self.blob = blob
  }
}

/// What Hugging Face tells of a repository.
struct RepositoryListing: Sendable {
  /// The version, 40 digits.
  let commit: String
  let files: [RepositoryFile]
  /// The licence's short name; nil where none is told.
  let licence: String?
  /// Whether its owner wants to know who fetches it.
  let isGated: Bool

  private static let mostFiles = 50_000

  init?(_ text: String) {
    guard let value = try? JSONValue(parsing: text), let commit = value["sha"]?.string, commit.utf8.count == 40,
      commit.utf8.allSatisfy({ 0x30...0x39 ~= $0 || 0x61...0x66 ~= $0 }), let entries = value["siblings"]?.array,
      entries.count <= Self.mostFiles
    else { return nil }
    self.commit = commit
    files = entries.compactMap(RepositoryFile.init)
    let tagged = value["tags"]?.array?.lazy.compactMap(\.word).first { $0.hasPrefix("license:") }
    licence = value["cardData"]?["license"]?.word ?? tagged.map { String($0.dropFirst("license:".count)) }
    isGated = value["gated"].map { $0 != .bool(false) } ?? false
  }
}
