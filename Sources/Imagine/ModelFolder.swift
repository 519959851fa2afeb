public import Foundation

/// A folder with models in it, to find again what a picture was drawn with.
public struct ModelFolder: Sendable, Hashable {
  public let url: URL

  public init(_ url: URL) { self.url = url }

  /// Files that are looked at, at most.
  private static let mostFiles = 10_000
  /// Entries of folders, models or not.
  private static let mostSeen = 1_000_000
  private static let endings: Set<String> = ["safetensors", "ckpt"]

  /// The model of a name or a hash.
  ///
  /// A file of that name is taken; only where there is none are files read for their hash, which takes seconds for each that
  /// was never seen.
  /// - Parameters:
  ///   - name: as pictures have it: without its ending, or with that and with folders before it.
  ///   - hash: the first ten digits of the SHA-256 of its file.
  /// - Returns: nil if it is not here.
  /// - Throws: `CancellationError`.
  public func model(named name: String?, hash: String?) async throws -> URL? {
    let files = try files(endingIn: Self.endings)
    if let name {
      let wanted = Self.bare(name), named = files.filter { Self.bare($0.lastPathComponent) == wanted }
      // Of several the one that it was, if that can be told.
      if named.count > 1, let hash, hash.count == 10 {
        for file in named where try await Self.hash(of: file) == hash.lowercased() { return file }
      }
      if let found = named.first { return found }
    }
    guard let hash, hash.count == 10 else { return nil }
    for file in files where try await Self.hash(of: file) == hash.lowercased() { return file }
    return nil
  }

  private static func hash(of file: URL) async throws -> String? {
    let hash = ModelHash(file)
    defer { hash.stop() }
    while hash.isComputing { try await Task.sleep(for: .milliseconds(20)) }
    return hash.known
  }

  /// All models here and in folders below, in the order of their paths; links to folders are followed here alone.
  ///
  /// - Throws: `CancellationError`.
  func files(endingIn endings: Set<String>) throws -> [URL] {
    guard
      let found = FileManager.default.enumerator(
        at: url.resolvingSymlinksInPath(), includingPropertiesForKeys: nil, options: [.skipsHiddenFiles])
    else { return [] }
    var files: [URL] = [], seen = 0
    for case let file as URL in found {
      seen += 1
      guard files.count < Self.mostFiles, seen <= Self.mostSeen else { break }
      if seen.isMultiple(of: 256) { try Task.checkCancellation() }
      // What only has the name of a model, such as a folder or a pipe, is none.
      if endings.contains(file.pathExtension.lowercased()), HashedFile(file.path(percentEncoded: false)) != nil {
        files.append(file)
      }
    }
    return files.sorted { $0.path < $1.path }
  }

  /// `sd/Dream_Shaper.safetensors [abc]` -> `dream_shaper`
  private static func bare(_ name: String) -> String {
    let last = name.split { $0 == "/" || $0 == "\\" }.last.map(String.init) ?? name
    let lower = last.lowercased()
    for ending in endings where lower.hasSuffix("." + ending) { return String(lower.dropLast(ending.count + 1)) }
    return lower
  }
}
