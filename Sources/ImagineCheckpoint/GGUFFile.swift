internal import Foundation

/// What the beginning of a GGUF file says (format: ggml-org/ggml, docs/gguf.md): enough to call it what it is.
struct GGUFHeader {
  /// The network that the file is of, such as `flux` or `llama`; nil where it does not say, or is damaged.
  private(set) var architecture: String?

  static func recognises(_ bytes: UnsafeRawBufferPointer) -> Bool { bytes.prefix(4).elementsEqual("GGUF".utf8) }

  init(_ bytes: UnsafeRawBufferPointer) {
    var reader = ByteReader(bytes, at: 4)
    guard let version = reader.integer(UInt32.self), 2...3 ~= version, reader.integer(UInt64.self) != nil,
      let notes = reader.integer(UInt64.self)
    else { return }
    // Writers put the architecture first; an array comes later, and ends the search.
    for _ in 0..<min(notes, 64) {
      guard let key = text(&reader), let type = reader.integer(UInt32.self) else { return }
      if type == 8 {
        guard let value = text(&reader) else { return }
        if key == "general.architecture" {
          architecture = value
          return
        }
      } else {
        guard let size = Self.sizes[type], reader.skip(size) else { return }
      }
    }
  }

  /// A string of any length that lies in the file; what is too long to be a name of anything is empty.
  private func text(_ reader: inout ByteReader) -> String? {
    guard let length = reader.integer(UInt64.self).flatMap({ Int(exactly: $0) }), let bytes = reader.bytes(length)
    else {
      return nil
    }
    return length <= 100 ? String(validating: bytes, as: UTF8.self) ?? "" : ""
  }

  /// Bytes of single values by type.
  private static let sizes: [UInt32: Int] = [
    0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8,
  ]
}

/// A GGUF file, of which this version can say what it is, and read no tensor.
final class GGUFFile: TensorFile {
  let url: URL
  let header: GGUFHeader
  let tensors: [TensorInfo] = []
  let metadata: [String: String] = [:]
  private let file: MappedFile
  package var version: FileVersion { file.version }

  init(_ file: MappedFile) {
    self.file = file
    url = file.url
    header = GGUFHeader(file.bytes)
  }

  func withBytes<Result>(
    of tensor: TensorInfo, _ elements: Range<Int>, _ body: (UnsafeRawBufferPointer) throws -> Result
  ) throws -> Result { try file.withBytes(of: tensor, elements, body) }

  func release(_ tensor: TensorInfo, _ elements: Range<Int>) { file.release(tensor, elements) }
}
