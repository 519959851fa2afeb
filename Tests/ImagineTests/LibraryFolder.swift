import Foundation
import ImagineCheckpoint
import Testing

/// A folder for files of models, gone when the test is over.
final class LibraryFolder {
  let url = FileManager.default.temporaryDirectory.appending(path: "imagine-models-\(UUID().uuidString)")

  init() throws { try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true) }

  deinit { try? FileManager.default.removeItem(at: url) }

  /// Writes bytes to a path in it.
  @discardableResult
  func write(_ text: String, to path: String) throws -> URL {
    let file = try place(path)
    try Data(text.utf8).write(to: file)
    return file
  }

  /// Writes a file of small tensors of zeros.
  @discardableResult
  func write(_ names: [String], shape: [Int] = [8, 8, 1, 1], to path: String) throws -> URL {
    let file = try place(path)
    try SafetensorsWriter.write(
      names.map { .init(name: $0, shape: shape, values: .float32([Float](repeating: 0, count: shape.reduce(1, *)))) },
      to: file)
    return file
  }

  func link(_ path: String, to destination: String) throws {
    try FileManager.default.createSymbolicLink(atPath: place(path).path, withDestinationPath: destination)
  }

  private func place(_ path: String) throws -> URL {
    let file = url.appending(path: path)
    try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
    return file
  }
}
