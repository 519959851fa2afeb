import Foundation
import Imagine
import Synchronization

/// Pictures that were read from files, the last few of them kept: lines of a prompt file often share one.
final class SourcePictures: Sendable {
  private static let most = 4
  /// The largest picture that is read from a pipe, in bytes.
  private static let largestStream = 1 << 28
  private let read = Mutex<[(path: String, picture: SourcePicture)]>([])
  /// What makes pictures larger.
  let upscalers = UpscalerFiles()

  /// The picture in a file; `-` is the standard input.
  ///
  /// - Throws: `ImagineError` for what is none.
  func picture(_ path: String) throws -> SourcePicture {
    try read.withLock { read in
      if let known = read.first(where: { $0.path == path }) { return known.picture }
      let picture = try Self.read(path)
      if read.count == Self.most { read.remove(at: read.first?.path == "-" ? 1 : 0) }
      read.append((path, picture))
      return picture
    }
  }

  private static func read(_ path: String) throws -> SourcePicture {
    if path == "-" { return try read(.standardInput, name: "on the standard input") }
    switch FileKind.of(path) {
    case .folder: throw ImagineError(.unreadablePicture, "'\(path)' is a folder: name a picture.")
    case .stream:
      guard let handle = FileHandle(forReadingAtPath: path) else { break }
      defer { try? handle.close() }
      return try read(handle, name: path)
    case .file, .other, nil: break
    }
    return try SourcePicture(contentsOf: URL(literalPath: path))
  }

  private static func read(_ stream: FileHandle, name: String) throws -> SourcePicture {
    guard isatty(stream.fileDescriptor) == 0 else {
      throw ImagineError(
        .unreadablePicture, "A picture cannot be typed: name a file, or lead one into the standard input.")
    }
    var bytes: [UInt8] = []
    while bytes.count <= largestStream, let part = try stream.read(upToCount: 1 << 20), !part.isEmpty { bytes += part }
    guard bytes.count <= largestStream else {
      throw ImagineError(
        .unreadablePicture, "The picture \(name) is larger than 256 MiB: make it smaller.")
    }
    return try SourcePicture(bytes: bytes, name: name)
  }
}
