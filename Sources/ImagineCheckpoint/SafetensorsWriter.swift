package import Foundation
internal import ImagineFiles

/// Writes safetensors files, tensor after tensor, without building the file in memory.
package struct SafetensorsWriter {
  /// The numbers of one tensor.
  package enum Values: Sendable {
    case float32([Float])
    case int64([Int64])
  }

  /// One tensor to write.
  package struct Tensor: Sendable {
    package let name: String
    package let shape: [Int]
    package let values: Values

    package init(name: String, shape: [Int], values: Values) {
      self.name = name
      self.shape = shape
      self.values = values
    }
  }

  /// Writes the tensors to `url`, which appears complete or not at all.
  ///
  /// As the format's own writer does, tensors are ordered by element size, largest first, then by name, and the header is
  /// padded to 8 bytes, so that every tensor is aligned.
  ///
  /// - Throws: `CheckpointError` when two tensors have one name, a shape does not fit its values, or the disk refuses.
  package static func write(_ tensors: [Tensor], metadata: [String: String] = [:], to url: URL) throws {
    let ordered = tensors.sorted { ($1.dataType.bytesPerBlock, $0.name) < ($0.dataType.bytesPerBlock, $1.name) }
    let header = try header(of: ordered, metadata: metadata)
    let (folder, name) = FileName.split(url.path(percentEncoded: false))
    do {
      var file = try NewFile(in: Folder(path: folder))
      try write(header, to: file)
      for tensor in ordered { try tensor.withChunks { try write($0, to: file) } }
      try file.publish(replacing: name)
    } catch let failure as FileFailure {
      throw CheckpointError(
        .cannotWrite, "\(quoted(url.path(percentEncoded: false))) cannot be written: \(failure.reason).")
    }
  }

  private static func write(_ data: Data, to file: borrowing NewFile) throws {
    for region in data.regions { try region.withUnsafeBytes { try file.write($0) } }
  }

  /// The length and the padded JSON header, laid out for tensors in this order.
  private static func header(of tensors: [Tensor], metadata: [String: String]) throws -> Data {
    var members: [String] = []
    if !metadata.isEmpty {
      let notes = metadata.sorted { $0.key < $1.key }.map { "\(json($0.key)):\(json($0.value))" }
      members.append("\"__metadata__\":{\(notes.joined(separator: ","))}")
    }
    var names: Set<String> = ["__metadata__"]
    var offset = 0
    for tensor in tensors {
      guard names.insert(tensor.name).inserted else {
        throw CheckpointError(
          .cannotWrite, "Two tensors to be written have the name \(quoted(tensor.name)): rename one.")
      }
      guard tensor.shape.allSatisfy({ $0 >= 0 }), tensor.dataType.byteCount(of: tensor.shape) == tensor.byteCount else {
        throw CheckpointError(
          .cannotWrite,
          "The tensor \(quoted(tensor.name)) to be written has not as many values as its shape \(tensor.shape).")
      }
      let end = offset + tensor.byteCount
      let shape = tensor.shape.map(String.init).joined(separator: ",")
      members.append(
        "\(json(tensor.name)):{\"dtype\":\"\(tensor.dataType.rawValue)\",\"shape\":[\(shape)],"
          + "\"data_offsets\":[\(offset),\(end)]}")
      offset = end
    }
    var text = Array("{\(members.joined(separator: ","))}".utf8)
    text.append(contentsOf: repeatElement(UInt8(ascii: " "), count: (8 - text.count % 8) % 8))
    return withUnsafeBytes(of: UInt64(text.count).littleEndian) { Data($0) } + Data(text)
  }

  /// A string as a JSON literal.
  private static func json(_ text: String) -> String {
    var literal = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": literal += "\\\""
      case "\\": literal += "\\\\"
      case "\u{0}"..."\u{1F}":
        let digits = String(scalar.value, radix: 16)
        literal += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: literal.unicodeScalars.append(scalar)
      }
    }
    return literal + "\""
  }
}

extension SafetensorsWriter.Tensor {
  fileprivate var dataType: StorageFormat {
    switch values {
    case .float32: .float32
    case .int64: .int64
    }
  }

  fileprivate var byteCount: Int {
    switch values {
    case .float32(let values): values.count * 4
    case .int64(let values): values.count * 8
    }
  }

  /// Gives the bytes in pieces of at most 4 MiB.
  fileprivate func withChunks(_ body: (Data) throws -> Void) rethrows {
    switch values {
    case .float32(let values): try values.withUnsafeBytes { try Self.chunks($0, body) }
    case .int64(let values): try values.withUnsafeBytes { try Self.chunks($0, body) }
    }
  }

  private static func chunks(_ bytes: UnsafeRawBufferPointer, _ body: (Data) throws -> Void) rethrows {
    for start in stride(from: 0, to: bytes.count, by: 4 << 20) {
      try body(Data(bytes[start..<min(start + 4 << 20, bytes.count)]))
    }
  }
}
