package import Foundation
internal import ImagineFiles
internal import ImagineGraph

/// The tensors of one file, or of all the shards an index names, as one namespace.
package struct CheckpointTensors: Sendable {
  /// One tensor and the file that holds it.
  package struct Element: Sendable {
    package let info: TensorInfo
    package let file: any TensorFile
  }

  package private(set) var files: [any TensorFile]
  package private(set) var elements: [UTF8Name: Element] = [:]

  /// The notes of the first file.
  package var metadata: [String: String] { files.first?.metadata ?? [:] }

  package subscript(_ name: String) -> Element? { elements[UTF8Name(name)] }

  /// Opens a file of tensors, or every shard named by a `.safetensors.index.json` file.
  ///
  /// - Throws: `CheckpointError` for a file that cannot be used, a shard that is missing or lies outside the index's
  ///   folder, and a tensor that its shard does not hold.
  package init(_ url: URL) throws {
    if url.pathExtension.lowercased() == "json" {
      self.init(files: [])
      try open(index: url)
    } else {
      self.init(try TensorContainer.open(MappedFile(url)))
    }
  }

  /// The tensors of one file.
  package init(_ file: any TensorFile) {
    files = [file]
    for info in file.tensors { elements[info.name] = Element(info: info, file: file) }
  }

  private init(files: [any TensorFile]) { self.files = files }

  private mutating func open(index url: URL) throws {
    let name = quoted(url.lastPathComponent)
    guard let weightMap = try ConfigurationFile.read(url)["weight_map"]?.object else {
      throw CheckpointError(
        .invalidIndex, "\(name) is no index of shards, it has no \"weight_map\": download it again.")
    }
    let folder = url.deletingLastPathComponent()
    var shards: [String: CheckpointTensors] = [:]
    // In order of names, so that the same files give the same message every time.
    for (tensor, value) in weightMap.sorted(by: { $0.key < $1.key }) {
      guard let shard = value.string, Self.isPlainFileName(shard) else {
        throw CheckpointError(
          .invalidIndex,
          "\(name) places the tensor \(quoted(tensor.text)) outside its own folder or in no file of weights: do not trust it, "
            + "download it again.")
      }
      if shards[shard] == nil {
        do {
          shards[shard] = try CheckpointTensors(TensorContainer.open(MappedFile(folder.appending(path: shard))))
        } catch let error as CheckpointError where error.code == CheckpointError.Code.fileNotFound.rawValue {
          throw CheckpointError(
            .missingShard, "The file \(quoted(shard)) named by \(name) is missing: download it into the same folder.")
        }
      }
      guard let element = shards[shard]?.elements[tensor] else {
        throw CheckpointError(
          .missingTensor,
          "\(name) places the tensor \(quoted(tensor.text)) in \(quoted(shard)), which does not hold it: download both again."
        )
      }
      elements[tensor] = element
    }
    files = shards.sorted { $0.key < $1.key }.flatMap(\.value.files)
  }

  /// Whether a name from an index stays in the index's folder, looked at byte by byte, as the system does.
  private static func isPlainFileName(_ name: String) -> Bool {
    let bytes = Array(name.utf8)
    return bytes.count <= 255
      && [".safetensors", ".bin"].contains { bytes.suffix($0.utf8.count).elementsEqual($0.utf8) }
      && bytes.allSatisfy { 0x20..<0x7F ~= $0 && $0 != UInt8(ascii: "/") && $0 != UInt8(ascii: "\\") }
      && bytes.first != UInt8(ascii: ".") && bytes.first != UInt8(ascii: "~")
  }
}

extension CheckpointTensors.Element {
  /// The numbers of a tensor that holds a few; none of one that holds more.
  func smallValues() throws -> [Float] {
    guard info.elementCount <= 64 else { return [] }
    var values = [Float](repeating: 0, count: info.elementCount)
    try file.withBytes(of: info, 0..<info.elementCount) { (bytes: UnsafeRawBufferPointer) in
      try values.withUnsafeMutableBytes { try info.dataType.convert(bytes, to: .float32, into: $0) }
    }
    return values
  }
}
