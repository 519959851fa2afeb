package import Foundation

/// The cache of Hugging Face's programs: `models--owner--name`, with the files of each version, as links, in a folder below
/// `snapshots`, and in `refs/main` which version is the present one.
package enum HubCache {
  /// Opens the model in a folder of the cache; nil for a folder that is none.
  ///
  /// - Throws: `CheckpointError` if no version is complete.
  static func snapshot(of url: URL) throws -> Opening? {
    let isSnapshots = url.lastPathComponent == "snapshots"
    let snapshots = isSnapshots ? url : url.appending(path: "snapshots", directoryHint: .isDirectory)
    let root = isSnapshots ? url.deletingLastPathComponent() : url
    guard url.lastPathComponent.hasPrefix("models--") || isSnapshots, isFolder(snapshots) else { return nil }
    if let folder = current(root, snapshots) { return try DiffusersFolder(folder).open() }
    var failure: (any Error)?
    for folder in versions(snapshots) {
      do { return try DiffusersFolder(folder).open() } catch { failure = failure ?? error }
    }
    throw failure
      ?? CheckpointError(
        .missingWeights,
        "The folder \(quoted(root.lastPathComponent)) holds no version of the model: download it again.")
  }

  /// The folder of the present version in a repository's folder, else of the newest; nil if there is none.
  package static func presentVersion(of root: URL) -> URL? {
    let snapshots = root.appending(path: "snapshots", directoryHint: .isDirectory)
    return current(root, snapshots) ?? versions(snapshots).first
  }

  private static func isFolder(_ url: URL) -> Bool {
    var isFolder: ObjCBool = false
    return FileManager.default.fileExists(atPath: url.path(percentEncoded: false), isDirectory: &isFolder)
      && isFolder.boolValue
  }

  /// The folder of the present version; nil where nothing, or no name, says it, or it is not there.
  private static func current(_ root: URL, _ snapshots: URL) -> URL? {
    let file = root.appending(path: "refs/main")
    guard FileManager.default.fileExists(atPath: file.path(percentEncoded: false)), let mapped = try? MappedFile(file),
      mapped.bytes.count <= 100, let text = String(validating: mapped.bytes, as: UTF8.self)
    else { return nil }
    let name = text.trimmingCharacters(in: .whitespacesAndNewlines)
    guard !name.isEmpty,
      name.utf8.allSatisfy({
        UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 || UInt8(ascii: "a")...UInt8(ascii: "z") ~= $0
      })
    else { return nil }
    let folder = snapshots.appending(path: name, directoryHint: .isDirectory)
    return isFolder(folder) ? folder : nil
  }

  /// The versions, the newest first.
  private static func versions(_ snapshots: URL) -> [URL] {
    let folders =
      (try? FileManager.default.contentsOfDirectory(
        at: snapshots, includingPropertiesForKeys: [.contentModificationDateKey], options: .skipsHiddenFiles)) ?? []
    let dated = folders.filter(isFolder).map { folder in
      (
        (try? folder.resourceValues(forKeys: [.contentModificationDateKey]))?.contentModificationDate ?? .distantPast,
        folder
      )
    }
    return dated.sorted { ($1.0, $0.1.lastPathComponent) < ($0.0, $1.1.lastPathComponent) }.map(\.1)
  }
}
