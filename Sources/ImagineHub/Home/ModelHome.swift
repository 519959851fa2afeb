public import Foundation
public import Imagine
internal import ImagineFiles

/// The folder for models of one's own, with a folder for each kind.
public struct ModelHome: Sendable, Hashable {
  public let url: URL

  public init(_ url: URL) { self.url = url }

  /// How a file got here.
  public enum Arrival: Sendable, Hashable {
    case linked(URL)
    case copied(URL)
    /// It was here before.
    case present(URL)

    public var url: URL {
      switch self {
      case .linked(let url), .copied(let url), .present(let url): url
      }
    }
  }

  /// Puts a file, or a model's folder, into its place: a link to where it is, or a copy of a file.
  ///
  /// - Parameter kind: nil tells it from the file.
  /// - Throws: `ImagineError`.
  public func add(_ file: URL, _ kind: ModelKind? = nil, copying: Bool = false) async throws -> Arrival {
    let source = file.standardizedFileURL, path = source.path(percentEncoded: false)
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
      throw ImagineError(
        .unreadableModel, "There is no file or folder '\(TerminalText.line(path))': check the path.", path: path)
    }
    if isFolder.boolValue, copying {
      throw ImagineError(
        .invalidRequest,
        "'\(TerminalText.line(path))' is a folder, which is linked and not copied: leave out the copying.")
    }
    guard let kind = kind ?? ModelKind(recognising: source) else {
      let summary = ModelReport.summary(of: source)
      throw ImagineError(
        .unsupportedModel,
        "'\(source.lastPathComponent)' is \(summary), so its kind cannot be told: name the kind that it is.", path: path
      )
    }
    if isIn(source) { return .present(source) }
    return try Self.translating(url) { () throws -> Arrival in
      let folder = try Folder(path: place(kind).path(percentEncoded: false), making: true)
      if !copying {
        let name = try link(path, as: source.lastPathComponent, in: kind)
        return .linked(place(kind).appending(path: name))
      }
      guard let from = FileHandle(forReadingAtPath: path) else { throw FileFailure("'\(path)' cannot be read") }
      var copy = try NewFile(in: folder)
      while let bytes = try from.read(upToCount: 1 << 22), !bytes.isEmpty {
        try Task.checkCancellation()
        try bytes.withUnsafeBytes { try copy.write($0) }
      }
      try copy.synchronize()
      return .copied(place(kind).appending(path: try copy.publish(asFreeNameLike: source.lastPathComponent)))
    }
  }

  /// Removes a model that lies here.
  ///
  /// - Throws: `ImagineError` for what lies elsewhere, and what the system does not remove.
  public func remove(_ model: URL) throws {
    guard isIn(model) else {
      throw ImagineError(
        .invalidRequest,
        "'\(TerminalText.line(model.path(percentEncoded: false)))' does not lie in '\(url.path(percentEncoded: false))': only what "
          + "lies there is removed here.")
    }
    do { try FileManager.default.removeItem(at: model) } catch {
      throw ImagineError(
        .unwritableOutput,
        "'\(TerminalText.line(model.path(percentEncoded: false)))' cannot be removed: check the permissions.",
        cause: error)
    }
    if let name = recorded(model) { try? record(nil, name) }
  }

  /// Whether a file or folder lies here, a link as itself.
  public func isIn(_ model: URL) -> Bool {
    let parent = model.deletingLastPathComponent().resolvingSymlinksInPath().path(percentEncoded: false)
    let home = url.resolvingSymlinksInPath().path(percentEncoded: false)
    let slashed = home.hasSuffix("/") ? home : home + "/"
    return parent.hasPrefix(slashed)
  }

  private func place(_ kind: ModelKind) -> URL { url.appending(path: kind.rawValue) }

  /// Makes a link under the first name that is free, or finds the one that is there.
  private func link(_ path: String, as name: String, in kind: ModelKind) throws(FileFailure) -> String {
    for number in 1...1000 {
      let candidate = number == 1 ? name : FileName.numbered(name, number)
      let place = place(kind).appending(path: candidate).path(percentEncoded: false)
      if symlink(path, place) == 0 { return candidate }
      guard errno == EEXIST else { throw .system() }
      if (try? FileManager.default.destinationOfSymbolicLink(atPath: place)) == path { return candidate }
    }
    throw FileFailure("all names like '\(name)' are taken")
  }

  // MARK: What was fetched

  /// Gives a fetched file its place and its name, and remembers its hash.
  func take(_ part: PartFile, name: String, _ kind: ModelKind, hash: String) throws -> URL {
    let file = try take(part, name: name, kind)
    try record(hash, "\(kind.rawValue)/\(file.lastPathComponent)")
    return file
  }

  private func take(_ part: PartFile, name: String, _ kind: ModelKind) throws -> URL {
    let folder = place(kind)
    _ = try Folder(path: folder.path(percentEncoded: false), making: true)
    for number in 1...1000 {
      let candidate = number == 1 ? name : FileName.numbered(name, number)
      let file = folder.appending(path: candidate)
      // Reserved by a link, which fails where the name is taken.
      guard Foundation.link(part.path, file.path(percentEncoded: false)) != 0 else {
        unlink(part.path)
        return file
      }
      guard errno == EEXIST else {
        try part.publish(as: file.path(percentEncoded: false))
        return file
      }
    }
    throw FileFailure("all names like '\(name)' are taken")
  }

  static func translating<Result>(_ url: URL, _ body: () throws -> Result) throws -> Result {
    do { return try body() } catch let failure as FileFailure {
      let place = url.path(percentEncoded: false)
      throw ImagineError(.unwritableOutput, "In '\(place)' nothing can be kept: \(failure.reason).", path: place)
    }
  }
}
