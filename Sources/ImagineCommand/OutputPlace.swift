import Foundation
import Imagine

/// Where `--output` sends pictures.
enum OutputPlace: Equatable {
  /// Into a folder, under names of their own; empty for the current one.
  case folder(String)
  /// To this file.
  case file(String)

  /// - Throws: `CommandFailure` for what cannot be a place, before any work is done.
  init(_ output: String?, severalPictures: Bool) throws {
    guard let output else {
      self = .folder("")
      return
    }
    let isFolder = try Self.kind(of: output).map { $0 == .typeDirectory }
    if isFolder == true || output.hasSuffix("/") {
      guard isFolder != false else { throw Self.refusal("--output '\(output)' is a file, not a folder.") }
      self = .folder(output)
    } else if severalPictures {
      guard isFolder == nil, !Self.hasSuffix(output, [".png"]) else {
        throw Self.refusal("--output '\(output)' is one file, but there are several pictures: name a folder.")
      }
      self = .folder(output)
    } else {
      guard !output.isEmpty, output != "-" else {
        throw Self.refusal(
          "--output needs the name of a file or folder; pictures are not written to the standard output.")
      }
      guard !Self.hasSuffix(output, Self.otherFormats) else {
        throw Self.refusal("--output '\(output)' names a format other than PNG: let the name end in .png.")
      }
      self = .file(Self.hasSuffix(output, [".png"]) ? output : output + ".png")
    }
    try checkWritable()
  }

  /// Extensions that promise something else than PNG. Any other is part of the name, as in `v1.5`.
  private static let otherFormats = [
    ".jpg", ".jpeg", ".webp", ".gif", ".bmp", ".tif", ".tiff", ".avif", ".heic", ".jxl", ".ppm", ".svg",
  ]

  private static func hasSuffix(_ name: String, _ suffixes: [String]) -> Bool {
    suffixes.contains { name.lowercased().hasSuffix($0) }
  }

  /// The path of a picture in this place.
  func path(name: String) -> String {
    switch self {
    case .folder(let folder): Self.join(folder, name)
    case .file(let path): path
    }
  }

  static func join(_ folder: String, _ name: String) -> String {
    folder.isEmpty || folder.hasSuffix("/") ? folder + name : folder + "/" + name
  }

  /// The folder part of a path, empty for the current folder.
  static func folder(of path: String) -> String {
    path.lastIndex(of: "/").map { String(path[...$0]) } ?? ""
  }

  /// Whether pictures can be written, as far as can be told without writing: better now than after the first picture.
  private func checkWritable() throws {
    let wanted =
      switch self {
      case .folder(let folder): folder
      case .file(let path): Self.folder(of: path)
      }
    var folder = URL(filePath: wanted.isEmpty ? "." : wanted).standardizedFileURL
    while try Self.kind(of: folder.path) == nil, folder.path != "/" { folder.deleteLastPathComponent() }
    guard try Self.kind(of: folder.path) == .typeDirectory else {
      throw Self.refusal("--output goes below '\(folder.path)', which is a file, not a folder.")
    }
    guard FileManager.default.isWritableFile(atPath: folder.path) else {
      throw Self.refusal("The folder '\(folder.path)' may not be written to: name another with --output.")
    }
  }

  private static func kind(of path: String) throws -> FileAttributeType? {
    let resolved = URL(filePath: path).resolvingSymlinksInPath().path
    return try? FileManager.default.attributesOfItem(atPath: resolved)[.type] as? FileAttributeType
  }

  private static func refusal(_ message: String) -> CommandFailure {
    CommandFailure(status: CommandLineProgram.Status.usage, message: message)
  }
}
