import ImagineGraph

/// The parsed and checked header of a safetensors file (format: huggingface/safetensors, README "Format").
///
/// Everything the format promises is checked here, once: the tensors tile the data section without gap or overlap, in
/// bounds, each exactly as long as its shape says. What comes later indexes without further doubt.
package struct SafetensorsHeader: Sendable {
  /// The tensors in the order of their place.
  package private(set) var tensors: [TensorInfo] = []
  /// The free-form notes; those whose key is not plain ASCII mean nothing to any program and are left out.
  package private(set) var metadata: [String: String] = [:]

  /// The longest header the format allows.
  static let maximumLength = 100_000_000
  /// The largest extent of a tensor in any file: far above any real one, and small enough that widths can be added and multiplied.
  package static let maximumExtent = Int(Int32.max)

  /// - Parameters:
  ///   - bytes: the whole file; only the header is touched.
  ///   - file: the file's name for messages.
  /// - Throws: `CheckpointError` that names the rule and the tensor.
  package init(_ bytes: UnsafeRawBufferPointer, file: String) throws(CheckpointError) {
    let file = quoted(file)
    func invalid(_ reason: String, _ code: CheckpointError.Code = .invalidHeader) -> CheckpointError {
      CheckpointError(code, "\(file) is not a valid safetensors file: \(reason); download it again.")
    }
    guard bytes.count >= 8 else { throw invalid("it has only \(bytes.count) bytes", .truncatedFile) }
    let length = UInt64(littleEndian: bytes.loadUnaligned(as: UInt64.self))
    guard length <= Self.maximumLength else {
      throw invalid("its first eight bytes are not the length of a header")
    }
    let headerEnd = 8 + Int(length)
    guard headerEnd <= bytes.count else {
      throw invalid("its header should have \(length) bytes but the file ends before", .truncatedFile)
    }

    // Names, shapes and notes take a few times as many bytes as their text.
    guard length < 1 << 20 || HostMemory.has(4 * Int(length)) else {
      throw CheckpointError(.unreadableFile, "There is no memory for the header of \(file), \(length) bytes.")
    }

    var entries: [Entry] = []
    do throws(JSONError) {
      var reader = JSONReader(UnsafeRawBufferPointer(rebasing: bytes[8..<headerEnd]))
      try reader.object { (reader, name) throws(JSONError) in
        if name == "__metadata__" {
          // Some programs write null for no notes.
          guard try !reader.null() else { return }
          try reader.object { (reader, key) throws(JSONError) in
            let note = try reader.string()
            if key.isASCII { metadata[key.text] = note }
          }
        } else {
          entries.append(try Entry(name, &reader))
        }
      }
      try reader.end()
    } catch {
      throw invalid("its header is wrong (\(error))")
    }

    // Tiles in order of their place; an empty tensor comes before the one that starts where it stands.
    entries.sort { ($0.begin, $0.end, $0.name) < ($1.begin, $1.end, $1.name) }
    let dataLength = bytes.count - headerEnd
    var next = 0
    tensors.reserveCapacity(entries.count)
    for entry in entries {
      guard let dataType = StorageFormat(safetensors: entry.dataType) else {
        throw CheckpointError(
          .unsupportedDataType,
          "The tensor \(quoted(entry.name.text)) in \(file) has the number format \(quoted(entry.dataType)), which is not "
            + "supported: use a float16, bfloat16 or float32 version of the file.")
      }
      let tensor = quoted(entry.name.text)
      guard entry.begin <= entry.end else {
        throw invalid("the tensor \(tensor) ends before it begins", .invalidTensor)
      }
      guard entry.shape.allSatisfy({ $0 <= Self.maximumExtent }) else {
        throw invalid(
          "the tensor \(tensor) has the shape \(entry.shape), which is larger than possible", .invalidTensor)
      }
      guard let size = dataType.byteCount(of: entry.shape), size == entry.end - entry.begin else {
        throw invalid(
          "the tensor \(tensor) of shape \(entry.shape) and format \(dataType.rawValue) does not fill its "
            + "\(entry.end - entry.begin) bytes", .invalidTensor)
      }
      guard entry.begin == next else {
        throw invalid(
          "the tensor \(tensor) begins at byte \(entry.begin), where byte \(next) is next (tensors must follow each other)",
          .invalidTensor)
      }
      next = entry.end
      guard next <= dataLength else {
        throw invalid(
          "the tensor \(tensor) needs \(next) bytes of data, but the file is cut short at \(dataLength)", .truncatedFile
        )
      }
      tensors.append(
        TensorInfo(
          name: entry.name, dataType: dataType, shape: entry.shape,
          range: headerEnd + entry.begin..<headerEnd + entry.end))
    }
    guard next == dataLength else {
      throw invalid("it has \(dataLength - next) bytes that belong to no tensor")
    }
  }
}

/// One tensor as the header states it, nothing checked yet but the types.
private struct Entry {
  /// More bytes than the name of any number format.
  private static let longestDataType = 32

  let name: UTF8Name
  var dataType = ""
  var shape: [Int] = []
  var begin = 0
  var end = 0

  init(_ name: UTF8Name, _ reader: inout JSONReader) throws(JSONError) {
    self.name = name
    let quotedName = quoted(name.text)
    var found: Set<UTF8Name> = []
    var dataType = ""
    var shape: [Int] = []
    var offsets: [Int] = []
    try reader.object { (reader, key) throws(JSONError) in
      found.insert(key)
      switch key {
      case "dtype": dataType = try reader.string(atMost: Self.longestDataType)
      case "shape":
        try reader.array { (reader) throws(JSONError) in
          // No network has more; without a limit a crafted header could ask for gigabytes here.
          guard shape.count < 64 else { throw reader.error("the tensor \(quotedName) has too many dimensions") }
          shape.append(try reader.count())
        }
      case "data_offsets":
        try reader.array { (reader) throws(JSONError) in
          guard offsets.count < 2 else { throw reader.error("the tensor \(quotedName) has more than two offsets") }
          offsets.append(try reader.count())
        }
      default: try reader.skip()
      }
    }
    for key: UTF8Name in ["dtype", "shape", "data_offsets"] where !found.contains(key) {
      throw reader.error("the tensor \(quotedName) has no \(key)")
    }
    guard offsets.count == 2 else { throw reader.error("the tensor \(quotedName) has no two offsets") }
    self.dataType = dataType
    self.shape = shape
    (begin, end) = (offsets[0], offsets[1])
  }
}
