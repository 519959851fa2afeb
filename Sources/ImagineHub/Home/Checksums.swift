public import Foundation
internal import Imagine
internal import ImagineCheckpoint
internal import ImagineFiles

extension ModelHome {
  /// The hashes that files had when they came: lines of 64 digits, a space, and a path below the folder.
  private static let fileName = ".checksums"
  private static let mostBytes = 4 << 20

  /// The path under which the hash of a model is kept; nil for what does not lie here.
  func recorded(_ model: URL) -> String? {
    guard isIn(model) else { return nil }
    let parts = model.standardizedFileURL.pathComponents.suffix(2)
    return parts.joined(separator: "/")
  }

  /// The hash that a file had when it came; nil if none was kept.
  func checksum(of model: URL) -> String? {
    guard let name = recorded(model) else { return nil }
    return lines.first { $0.dropFirst(65).utf8.elementsEqual(name.utf8) }.map { String($0.prefix(64)) }
  }

  /// Keeps the hash of a file, or forgets it.
  func record(_ hash: String?, _ name: String) throws {
    var kept = lines.filter { !$0.dropFirst(65).utf8.elementsEqual(name.utf8) }
    if let hash { kept.append(Substring("\(hash) \(name)")) }
    let folder = try Folder(path: url.path(percentEncoded: false), making: true)
    try folder.replace(Self.fileName, with: Array((kept.joined(separator: "\n") + "\n").utf8))
  }

  private var lines: [Substring] {
    guard let text = try? String(contentsOf: url.appending(path: Self.fileName), encoding: .utf8),
      text.utf8.count <= Self.mostBytes
    else { return [] }
    return text.split(separator: "\n")
  }
}

/// Whether a model's files are what they were when they came.
public struct ModelCheck: Sendable, Hashable {
  /// One file.
  public struct File: Sendable, Hashable {
    public enum Result: Sendable, Hashable {
      case intact
      /// Another hash, or another size, than it had.
      case damaged
      /// Nobody told the hash that it should have.
      case unknown
      case missing
    }

    public let name: String
    public let result: Result
    /// SHA-256, in 64 digits; nil where nothing was read.
    public let sha256: String?
  }

  public let files: [File]

  /// Reads the files of a model and compares them with what is known of them: what lies in Hugging Face's cache is called by its hash,
  /// of what was fetched from elsewhere the hash was kept.
  ///
  /// - Throws: `ImagineError`, `CancellationError`.
  public init(_ model: URL, home: ModelHome?) async throws {
    var files: [File] = []
    for (name, url) in try Self.files(of: model) { files.append(try await Self.check(name, url, home)) }
    self.files = files
  }

  private static func check(_ name: String, _ url: URL, _ home: ModelHome?) async throws -> File {
    let real = url.resolvingSymlinksInPath()
    guard FileManager.default.fileExists(atPath: real.path(percentEncoded: false)) else {
      return File(name: name, result: .missing, sha256: nil)
    }
    let found = try await FileDigest.sha256(ofFileAt: real.path(percentEncoded: false))
    let blob = real.lastPathComponent
    let isBlob = real.deletingLastPathComponent().lastPathComponent == "blobs" && blob.utf8.count == 64
    guard let wanted = isBlob ? blob : home?.checksum(of: url) else {
      return File(name: name, result: .unknown, sha256: found)
    }
    return File(name: name, result: found == wanted ? .intact : .damaged, sha256: found)
  }

  private static func files(of model: URL) throws -> [(String, URL)] {
    var isFolder: ObjCBool = false
    let path = model.path(percentEncoded: false)
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
      return [(model.lastPathComponent, model)]
    }
    guard isFolder.boolValue else { return [(model.lastPathComponent, model)] }
    let root = model.lastPathComponent.hasPrefix("models--") ? HubCache.presentVersion(of: model) ?? model : model
    let names = try? FileManager.default.subpathsOfDirectory(atPath: root.path(percentEncoded: false)).sorted()
    return (names ?? []).prefix(10_000).compactMap { name in
      let url = root.appending(path: name)
      var isFolder: ObjCBool = false
      let isThere = FileManager.default.fileExists(atPath: url.path(percentEncoded: false), isDirectory: &isFolder)
      return isThere && isFolder.boolValue || name.hasPrefix(".") ? nil : (name, url)
    }
  }
}
