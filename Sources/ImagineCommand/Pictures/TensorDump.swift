import Foundation
import Imagine
import ImagineFiles

/// Where `--dump-tensors` writes.
struct TensorDump {
  private let path: String

  /// - Throws: `CommandFailure` if no new file can be made there.
  init(path: String) throws {
    self.path = path
    guard !path.isEmpty, path.utf8.last != UInt8(ascii: "/") else {
      throw CommandFailure.usage("--dump-tensors needs the name of a file.")
    }
    guard FileKind.of(path) == nil else {
      throw CommandFailure.usage("The file '\(path)' exists: give --dump-tensors another name.")
    }
    let (folder, name) = FileName.split(path)
    do { _ = try RelativePath(name) } catch {
      throw CommandFailure.usage("The file name that --dump-tensors gives \(error.reason): give another.")
    }
    guard FileKind.of(folder.isEmpty ? "." : folder) != nil else {
      throw CommandFailure.usage("There is no folder '\(folder)': make it, or name another with --dump-tensors.")
    }
    try OutputPlace.requireWritable(folder, option: "--dump-tensors")
  }

  func write(_ tensors: TensorRecord) throws {
    try tensors.write(to: URL(literalPath: path))
  }
}
