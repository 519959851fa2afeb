/// What the beginning of a GGUF file says of its tensors (format: ggml-org/ggml, docs/gguf.md), all of it checked.
struct GGUFHeader {
  /// Notes that are texts, but long ones.
  private(set) var metadata: [String: String] = [:]
  private(set) var tensors: [TensorInfo] = []
  /// Shapes that tensors had before they were cut into rows of whole blocks (city96/ComfyUI-GGUF), by their names.
  private var originalShapes: [UTF8Name: [Int]] = [:]
  private var alignment = 32

  private let file: String
  private let size: Int
  private var reader: ByteReader

  static func recognises(_ bytes: UnsafeRawBufferPointer) -> Bool { bytes.prefix(4).elementsEqual("GGUF".utf8) }

  /// - Parameters:
  ///   - bytes: the whole file; only the header is touched.
  ///   - file: what messages call it.
  init(_ bytes: UnsafeRawBufferPointer, file: String) throws(CheckpointError) {
    self.file = quoted(file)
    size = bytes.count
    reader = ByteReader(bytes, at: 4)
    let version = try number(UInt32.self)
    guard 2...3 ~= version else {
      let words = version.byteSwapped == 3 ? "for big-endian machines" : "of version \(version)"
      throw CheckpointError(
        .unsupportedFormat,
        "\(self.file) is a GGUF file \(words), which is not supported: use one of version 3, as they are written today."
      )
    }
    let tensorCount = try count(of: "tensors"), noteCount = try count(of: "notes")
    for _ in 0..<noteCount { try readNote() }
    var entries: [Entry] = [], names: Set<UTF8Name> = []
    for _ in 0..<tensorCount {
      let entry = try readEntry()
      guard names.insert(entry.name).inserted else {
        throw damaged("it has two tensors of the name \(quoted(entry.name.text))", .invalidTensor)
      }
      entries.append(entry)
    }
    let start = (reader.offset + alignment - 1) / alignment * alignment
    for entry in entries { tensors.append(try info(entry, from: start)) }
  }

  /// - Parameter what: what is wrong with the file, in words that fit after "it".
  private func damaged(_ what: String, _ code: CheckpointError.Code = .invalidHeader) -> CheckpointError {
    CheckpointError(code, "\(file) is damaged (\(what)): download it again.")
  }
}

// MARK: - Values

extension GGUFHeader {
  private static let textType: UInt32 = 8, arrayType: UInt32 = 9

  /// Bytes of single values by type.
  private static let sizes: [UInt32: Int] = [0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8]

  /// More bytes than any note that is looked at: a configuration.
  private static let longestText = 1 << 16

  /// More than the words of any language model.
  private static let mostElements = 1 << 24

  private mutating func number<Integer: FixedWidthInteger & BitwiseCopyable>(
    _ type: Integer.Type
  ) throws(CheckpointError) -> Integer {
    guard let value = reader.integer(type) else { throw cutShort }
    return value
  }

  private var cutShort: CheckpointError {
    CheckpointError(.truncatedFile, "\(file) ends within its header: download it again.")
  }

  private mutating func bytes(_ count: Int) throws(CheckpointError) -> UnsafeRawBufferPointer {
    guard let bytes = reader.bytes(count) else { throw cutShort }
    return bytes
  }

  /// How many of something follow: no more than any model has, so that a crafted file does not take forever.
  private mutating func count(of what: String) throws(CheckpointError) -> Int {
    let count = try number(UInt64.self)
    guard count <= 1 << 18 else { throw damaged("it says that it has \(count) \(what)") }
    return Int(count)
  }

  private mutating func length() throws(CheckpointError) -> Int {
    guard let length = Int(exactly: try number(UInt64.self)) else { throw cutShort }
    return length
  }

  /// A name; one that is longer than any, or no text, is a fault.
  private mutating func name() throws(CheckpointError) -> UTF8Name {
    let bytes = try bytes(try length())
    guard bytes.count <= UTF8Name.maximumLength, let text = String(validating: bytes, as: UTF8.self) else {
      throw damaged("a name in it is no text")
    }
    return UTF8Name(text)
  }

  private mutating func readNote() throws(CheckpointError) {
    let key = try name()
    switch try number(UInt32.self) {
    case Self.textType:
      let value = try bytes(try length())
      guard value.count <= Self.longestText, let text = String(validating: value, as: UTF8.self) else { return }
      metadata[key.text] = text
    case 4 where key == "general.alignment":
      alignment = Int(try number(UInt32.self))
      guard alignment.nonzeroBitCount == 1, alignment <= 1 << 20 else {
        throw damaged("its tensors lie at multiples of \(alignment)")
      }
    case Self.arrayType where key.text.hasPrefix(Self.originalShape):
      originalShapes[UTF8Name(String(key.text.dropFirst(Self.originalShape.count)))] = try shape()
    case let type: try skip(type, depth: 0)
    }
  }

  private static let originalShape = "comfy.gguf.orig_shape."

  private mutating func shape() throws(CheckpointError) -> [Int] {
    let type = try number(UInt32.self), count = try length()
    guard [4, 5].contains(type), count <= 8 else { throw damaged("it has a shape that is none") }
    var shape: [Int] = []
    for _ in 0..<count {
      let extent = Int(try number(Int32.self))
      guard extent > 0 else { throw damaged("it has a shape that is none") }
      shape.append(extent)
    }
    return shape
  }

  private mutating func skip(_ type: UInt32, depth: Int) throws(CheckpointError) {
    if let size = Self.sizes[type] {
      _ = try bytes(size)
    } else if type == Self.textType {
      _ = try bytes(try length())
    } else if type == Self.arrayType, depth < 4 {
      let type = try number(UInt32.self), count = try length()
      guard count <= Self.mostElements else { throw damaged("it has a list of \(count) values") }
      if let size = Self.sizes[type] {
        _ = try bytes(count * size)
      } else {
        for _ in 0..<count { try skip(type, depth: depth + 1) }
      }
    } else {
      throw damaged("a note in it has the unknown type \(type)")
    }
  }
}

// MARK: - Tensors

extension GGUFHeader {
  /// One tensor as the header states it.
  private struct Entry {
    let name: UTF8Name
    /// Fastest first.
    let extents: [Int]
    let type: UInt32
    let offset: UInt64
  }

  private mutating func readEntry() throws(CheckpointError) -> Entry {
    let name = try name(), rank = try number(UInt32.self)
    guard rank <= 4 else { throw damaged("the tensor \(quoted(name.text)) has \(rank) dimensions", .invalidTensor) }
    var extents: [Int] = []
    for _ in 0..<rank {
      guard let extent = Int(exactly: try number(UInt64.self)), extent <= SafetensorsHeader.maximumExtent else {
        throw damaged("the tensor \(quoted(name.text)) is larger than possible", .invalidTensor)
      }
      extents.append(extent)
    }
    return Entry(name: name, extents: extents, type: try number(UInt32.self), offset: try number(UInt64.self))
  }

  private func info(_ entry: Entry, from start: Int) throws(CheckpointError) -> TensorInfo {
    let name = quoted(entry.name.text)
    guard let format = GGUFType.formats[entry.type] else {
      throw CheckpointError(
        .unsupportedDataType,
        "The tensor \(name) in \(file) is quantised as \(GGUFType.name(entry.type)), which is not supported: use a Q8_0, Q6_K, "
          + "Q5_K or Q4_K version of the file.")
    }
    var shape = Array(entry.extents.reversed())
    guard (shape.last ?? 1) % format.blockLength == 0, let bytes = format.byteCount(of: shape) else {
      throw damaged("the tensor \(name) of shape \(shape) does not fill blocks of \(format.rawValue)", .invalidTensor)
    }
    guard let offset = Int(exactly: entry.offset), offset <= size - start, bytes <= size - start - offset else {
      throw CheckpointError(
        .truncatedFile, "\(file) is cut short: the tensor \(name) lies beyond its end, download it again.")
    }
    if let original = originalShapes[entry.name] {
      guard format.byteCount(of: original) == bytes else {
        throw damaged("the tensor \(name) has not the shape \(original) that is said of it", .invalidTensor)
      }
      shape = original
    }
    // stable-diffusion.cpp writes some matrices as if they had two dimensions more.
    if shape.count == 4, shape[0] == 1, shape[1] == 1 { shape.removeFirst(2) }
    return TensorInfo(
      name: entry.name, dataType: format, shape: shape, range: start + offset..<start + offset + bytes)
  }
}
