package import Foundation
internal import ImagineFiles

/// The tensors of one safetensors file, or of all the shards an index names, as one namespace.
package struct CheckpointTensors: Sendable {
  /// One tensor and the file that holds it.
  package struct Element: Sendable {
    package let info: TensorInfo
    package let file: SafetensorsFile
  }

  package private(set) var files: [SafetensorsFile]
  package private(set) var elements: [String: Element] = [:]

  /// The notes of the first file.
  package var metadata: [String: String] { files.first?.metadata ?? [:] }

  package subscript(_ name: String) -> Element? { elements[name] }

  /// Opens a `.safetensors` file, or every shard named by a `.safetensors.index.json` file.
  ///
  /// - Throws: `CheckpointError` for a file that cannot be used, a shard that is missing or lies outside the index's
  ///   folder, and a tensor that its shard does not hold.
  package init(_ url: URL) throws {
    if url.pathExtension.lowercased() == "json" {
      self.init(files: [])
      try open(index: url)
    } else {
      self.init(try SafetensorsFile(url))
    }
  }

  /// The tensors of one file.
  package init(_ file: SafetensorsFile) {
    files = [file]
    for info in file.tensors { elements[info.name] = Element(info: info, file: file) }
  }

  private init(files: [SafetensorsFile]) { self.files = files }

  private mutating func open(index url: URL) throws {
    let name = quoted(url.lastPathComponent)
    guard let weightMap = try ConfigurationFile.read(url)["weight_map"]?.object else {
      throw CheckpointError(
        .invalidIndex, "\(name) is no index of shards, it has no \"weight_map\": download it again.")
    }
    let folder = url.deletingLastPathComponent()
    var shards: [String: SafetensorsFile] = [:]
    // In order of names, so that the same files give the same message every time.
    for (tensor, value) in weightMap.sorted(by: { $0.key < $1.key }) {
      guard let shard = value.string, Self.isPlainFileName(shard) else {
        throw CheckpointError(
          .invalidIndex,
          "\(name) places the tensor \(quoted(tensor)) outside its own folder or in no .safetensors file: do not trust it, "
            + "download it again.")
      }
      if shards[shard] == nil {
        do {
          shards[shard] = try SafetensorsFile(folder.appending(path: shard))
        } catch let error as CheckpointError where error.code == CheckpointError.Code.fileNotFound.rawValue {
          throw CheckpointError(
            .missingShard, "The file \(quoted(shard)) named by \(name) is missing: download it into the same folder.")
        }
      }
      guard let file = shards[shard], let info = file[tensor] else {
        throw CheckpointError(
          .missingTensor,
          "\(name) places the tensor \(quoted(tensor)) in \(quoted(shard)), which does not hold it: download both again."
        )
      }
      elements[tensor] = Element(info: info, file: file)
    }
    files = shards.sorted { $0.key < $1.key }.map(\.value)
  }

  /// Whether a name from an index stays in the index's folder, on this system and on others.
  private static func isPlainFileName(_ name: String) -> Bool {
    guard let path = try? RelativePath(name), path.components.count == 1 else { return false }
    let bytes = Array(name.utf8)
    return bytes.reversed().starts(with: ".safetensors".utf8.reversed()) && bytes.first != UInt8(ascii: ".")
      && !bytes.contains(UInt8(ascii: "\\"))
  }
}

/// The JSON files beside the weights.
enum ConfigurationFile {
  /// Far above any real configuration or index.
  private static let maximumLength = 50_000_000

  /// Reads a JSON object.
  static func read(_ url: URL) throws -> JSONValue {
    let file = try MappedFile(url)
    return try withExtendedLifetime(file) {
      try parse(file.bytes, name: "\(url.deletingLastPathComponent().lastPathComponent)/\(url.lastPathComponent)")
    }
  }

  /// Reads the JSON object in a string found in a file's metadata.
  static func parse(_ text: String, name: String) throws -> JSONValue {
    var text = text
    return try text.withUTF8 { try parse(UnsafeRawBufferPointer($0), name: name) }
  }

  private static func parse(_ bytes: UnsafeRawBufferPointer, name: String) throws -> JSONValue {
    guard bytes.count <= maximumLength else {
      throw CheckpointError(
        .invalidConfiguration, "\(quoted(name)) is too large to be a configuration: download it again.")
    }
    do {
      let value = try JSONValue(parsing: bytes)
      if case .object = value { return value }
      throw JSONError(offset: 0, reason: "an object was expected")
    } catch let error as JSONError {
      throw CheckpointError(.invalidConfiguration, "\(quoted(name)) is not valid JSON (\(error)): download it again.")
    }
  }
}
