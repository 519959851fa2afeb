import Foundation
import Imagine
import ImagineFiles

/// Where `--output` sends pictures.
enum OutputPlace: Equatable {
  /// Into a folder, under names of their own; empty for the current one.
  case folder(String)
  /// To a file of this name in a folder.
  case file(folder: String, name: String)
  /// Into something that takes bytes and keeps no file: a pipe, or a device such as `/dev/null`.
  case stream(String)

  /// - Parameter format: of a file whose name says none.
  /// - Throws: `CommandFailure` for what cannot be a place, before any work is done.
  init(_ output: String?, severalPictures: Bool, format: FileFormat = .png) throws {
    guard let output else {
      self = .folder("")
      return
    }
    guard !output.isEmpty, !output.isExactly("-") else {
      throw CommandFailure.usage(
        "--output needs the name of a file or folder; pictures are not written to the standard output.")
    }
    guard output.utf8.count <= Self.longestPath else {
      throw CommandFailure.usage("--output is longer than the \(Self.longestPath) bytes of a path: shorten it.")
    }
    let kind = FileKind.of(output)
    if kind == .folder || output.utf8.last == UInt8(ascii: "/") {
      guard kind == .folder || kind == nil else {
        throw CommandFailure.usage("--output '\(output)' is a file, not a folder.")
      }
      self = .folder(output)
    } else if severalPictures {
      guard kind == nil, !Self.hasSuffix(output, FileFormat.endings) else {
        throw CommandFailure.usage(
          "--output '\(output)' is one file, but there are several pictures: name a folder.")
      }
      self = .folder(output)
    } else if kind == .stream {
      self = .stream(output)
    } else {
      self = try Self.file(output, kind, format)
    }
    try checkWritable()
  }

  /// What systems allow for a path, in bytes.
  private static let longestPath = 4096

  private static func file(_ output: String, _ kind: FileKind?, _ format: FileFormat) throws -> OutputPlace {
    guard kind == nil || kind == .file else {
      throw CommandFailure.usage("--output '\(output)' is no file that a picture can be written to: name another.")
    }
    guard !hasSuffix(output, otherFormats) else {
      throw CommandFailure.usage(
        "--output '\(output)' names a format that is not written: let the name end in .png, .jpg or .webp.")
    }
    let (folder, name) = FileName.split(FileFormat.completed(output, format))
    do { _ = try RelativePath(name) } catch {
      throw CommandFailure.usage("The file name that --output gives \(error.reason): give another.")
    }
    return .file(folder: folder, name: name)
  }

  /// Extensions that promise a format that is not written. Any other is part of the name, as in `v1.5`.
  private static let otherFormats = [
    ".gif", ".bmp", ".tif", ".tiff", ".avif", ".heic", ".jxl", ".ppm", ".svg",
  ]

  private static func hasSuffix(_ name: String, _ suffixes: [String]) -> Bool {
    suffixes.contains { name.hasSuffix(ignoringCase: $0) }
  }

  /// The folder that files go to; nil where there are none.
  var folder: String? {
    switch self {
    case .folder(let folder), .file(let folder, _): folder
    case .stream: nil
    }
  }

  /// A path as the person at the keyboard would write it.
  static func join(_ folder: String, _ name: String) -> String {
    folder.isEmpty || folder.utf8.last == UInt8(ascii: "/") ? folder + name : folder + "/" + name
  }

  /// Whether pictures can be written, as far as can be told now: better than after the first picture.
  private func checkWritable() throws {
    guard let folder else { return }
    try Self.requireWritable(folder, option: "--output")
  }

  /// - Throws: `CommandFailure` if no file could be made in a folder, or in the one that it will be made in.
  static func requireWritable(_ folder: String, option: String) throws {
    var existing = folder.isEmpty ? "." : folder
    while FileKind.of(existing) == nil {
      var path = existing[...]
      while path.utf8.last == UInt8(ascii: "/") { path = path[..<path.utf8.index(before: path.utf8.endIndex)] }
      let parent = FileName.split(String(path)).folder
      guard parent != existing else { break }
      existing = parent.isEmpty ? "." : parent
    }
    guard FileKind.of(existing) == .folder else {
      throw CommandFailure.usage("\(option) goes below '\(existing)', which is a file, not a folder.")
    }
    do { try Folder(path: existing).requireWritable() } catch {
      throw CommandFailure.usage(
        "The folder '\(existing)' cannot be written to (\(error.reason)): name another with \(option).")
    }
  }
}

/// What is at a path, at the end of links.
enum FileKind: Equatable {
  case file, folder
  /// A pipe, or a device that is read and written byte by byte.
  case stream
  case other

  /// Nil if there is nothing.
  static func of(_ path: String) -> FileKind? {
    // With a slash at its end, a file would not be found.
    var path = path[...]
    while path.utf8.count > 1, path.utf8.last == UInt8(ascii: "/") {
      path = path[..<path.utf8.index(before: path.utf8.endIndex)]
    }
    var status = stat()
    guard stat(String(path), &status) == 0 else { return nil }
    return switch status.st_mode & S_IFMT {
    case S_IFREG: .file
    case S_IFDIR: .folder
    case S_IFIFO, S_IFCHR: .stream
    default: .other
    }
  }
}
