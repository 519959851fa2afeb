import Imagine
import ImagineFiles

/// The file that shows a picture while it is drawn.
struct PreviewFile {
  private let path: String
  private let folder: String
  private let name: String

  /// - Throws: `CommandFailure` if no file can be written there.
  init(_ path: String) throws {
    self.path = path
    (folder, name) = FileName.split(path)
    switch FileKind.of(path) {
    case nil, .file: break
    default: throw CommandFailure.usage("--preview '\(path)' is no file that can be replaced: name another.")
    }
    do { _ = try RelativePath(name) } catch {
      throw CommandFailure.usage("The file name that --preview gives \(error.reason): give another.")
    }
    guard !FileFormat.endings.dropFirst().contains(where: { name.hasSuffix(ignoringCase: $0) }) else {
      throw CommandFailure.usage("--preview '\(path)' is written as PNG: let its name end in .png.")
    }
    guard FileKind.of(folder.isEmpty ? "." : folder) == .folder else {
      throw CommandFailure.usage("There is no folder '\(folder)': make it, or name another with --preview.")
    }
    try OutputPlace.requireWritable(folder, option: "--preview")
  }

  /// Whoever reads the file sees one picture or the next, never a part of one.
  ///
  /// - Returns: why it could not be written; nil if it was.
  func show(_ png: [UInt8]) -> String? {
    do {
      try Folder(path: folder.isEmpty ? "." : folder).replace(name, with: png)
      return nil
    } catch {
      return "The preview '\(path)' cannot be written: \(error.reason)."
    }
  }
}
