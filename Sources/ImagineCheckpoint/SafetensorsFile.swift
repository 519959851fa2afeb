package import Foundation

/// A memory-mapped safetensors file: opening it reads the header only, and bytes are paged in when asked for.
package final class SafetensorsFile: TensorFile {
  package let url: URL
  /// The tensors in the order of their place in the file.
  package let tensors: [TensorInfo]
  /// The free-form notes in the header.
  package let metadata: [String: String]

  private let file: MappedFile
  package var version: FileVersion { file.version }
  private let indices: [UTF8Name: Int]

  /// Opens and checks the file.
  ///
  /// - Throws: `CheckpointError` when it is missing, unreadable, of another format, or breaks a rule of the format.
  package convenience init(_ url: URL) throws {
    try self.init(MappedFile(url))
  }

  init(_ file: MappedFile) throws {
    try ForeignFormat.reject(file)
    let header = try SafetensorsHeader(file.bytes, file: file.url.lastPathComponent)
    url = file.url
    tensors = header.tensors
    metadata = header.metadata
    self.file = file
    indices = Dictionary(tensors.enumerated().map { ($1.name, $0) }, uniquingKeysWith: { first, _ in first })
  }

  /// What the header says of the named tensor; nil when there is none.
  package subscript(_ name: String) -> TensorInfo? { self[UTF8Name(name)] }

  subscript(_ name: UTF8Name) -> TensorInfo? { indices[name].map { tensors[$0] } }

  /// Gives the bytes of the named tensor, little-endian, row-major, at any alignment.
  ///
  /// - Throws: `CheckpointError` when the file has no such tensor; what `body` throws.
  package func withBytes<Result>(of name: String, _ body: (UnsafeRawBufferPointer) throws -> Result) throws -> Result {
    guard let info = self[name] else {
      throw CheckpointError(
        .missingTensor,
        "\(quoted(url.lastPathComponent)) has no tensor \(quoted(name)): the file is incomplete or of another model.")
    }
    return try withBytes(of: info, 0..<info.elementCount, body)
  }

  package func withBytes<Result>(
    of tensor: TensorInfo, _ elements: Range<Int>, _ body: (UnsafeRawBufferPointer) throws -> Result
  ) throws -> Result { try file.withBytes(of: tensor, elements, body) }

  package func release(_ tensor: TensorInfo, _ elements: Range<Int>) { file.release(tensor, elements) }
}
