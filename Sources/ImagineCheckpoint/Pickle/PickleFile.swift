package import Foundation

/// A file of weights as PyTorch saves them (`torch.save`): a ZIP archive of a pickle and the numbers it speaks of, or, before
/// PyTorch 1.6, pickles with the numbers behind them.
///
/// Python runs what a pickle asks for, so such a file can do anything to who opens it there. Here it can only describe
/// tensors: see `PickleMachine`.
package final class PickleFile: TensorFile {
  package let url: URL
  package let tensors: [TensorInfo]
  package let metadata: [String: String]
  private let file: MappedFile
  package var version: FileVersion { file.version }

  /// The longest pickle: real ones have a few hundred bytes for each tensor.
  private static let maximumLength = 1 << 26

  /// Whether the first bytes are those of such a file: of any pickle, and of a ZIP archive that begins as PyTorch's do or
  /// has such a member.
  static func recognises(_ bytes: UnsafeRawBufferPointer) -> Bool {
    if bytes.count >= 2, bytes[0] == 0x80, 2...5 ~= bytes[1] {
      // A safetensors file whose header has this length has zeros here.
      return bytes.count < 8 || bytes[4..<8].contains { $0 != 0 }
    }
    guard bytes.starts(with: ZipDirectory.signature) else { return false }
    if bytes.count > 30 {
      let length = Int(bytes.loadUnaligned(fromByteOffset: 26, as: UInt16.self).littleEndian)
      if bytes.dropFirst(30).prefix(length).suffix(9).elementsEqual("/data.pkl".utf8) { return true }
    }
    return (try? ZipDirectory(bytes))?.members.keys.contains { $0.text.utf8.suffix(9).elementsEqual("/data.pkl".utf8) }
      ?? false
  }

  /// - Throws: `CheckpointError` that says what the file asks for and is refused, or how it is damaged.
  init(_ file: MappedFile) throws(CheckpointError) {
    let name = quoted(file.url.lastPathComponent)
    try file.requireUnchanged()
    do throws(PickleFault) {
      let isArchive = file.bytes.starts(with: ZipDirectory.signature)
      let (contents, places) = try isArchive ? Self.archive(file.bytes) : Self.stream(file.bytes)
      var tensors: [TensorInfo] = []
      for (name, tensor) in contents.tensors {
        guard let place = places[tensor.storage.key], place.count >= tensor.storage.byteCount else {
          throw .damaged("the numbers of the tensor \(quoted(name.text)) are not in it")
        }
        tensors.append(tensor.info(name, in: place))
      }
      self.tensors = tensors
      metadata = contents.notes
    } catch {
      throw CheckpointError(error, file: name)
    }
    try file.requireUnchanged()
    url = file.url
    self.file = file
  }

  /// Reads the form of today.
  private static func archive(
    _ bytes: UnsafeRawBufferPointer
  ) throws(PickleFault) -> (PickleContents, places: [UTF8Name: Range<Int>]) {
    let members = try ZipDirectory(bytes).members
    let pickles = members.filter { $0.key.text.utf8.suffix(9).elementsEqual("/data.pkl".utf8) }
    guard pickles.count == 1, let (name, range) = pickles.first else {
      throw .damaged("it has \(pickles.count) members data.pkl")
    }
    let root = String(decoding: name.text.utf8.dropLast("data.pkl".utf8.count), as: UTF8.self)
    if let order = members[UTF8Name(root + "byteorder")], !bytes[order].elementsEqual("little".utf8) {
      throw .unsupported("with numbers in the byte order of other processors (big-endian)")
    }
    guard range.count <= maximumLength else { throw .damaged("its pickle is larger than possible") }
    var machine = PickleMachine(UnsafeRawBufferPointer(rebasing: bytes[range]))
    let object = try machine.run()
    let contents = try PickleContents(machine, root: object)
    var places: [UTF8Name: Range<Int>] = [:]
    for key in machine.storages.keys { places[key] = members[UTF8Name("\(root)data/\(key.text)")] }
    return (contents, places)
  }

  /// The number by which PyTorch knew its files before 1.6, as a pickle of its own, after the version of pickles.
  private static let magic: [UInt8] = [0x8A, 0x0A, 0x6C, 0xFC, 0x9C, 0x46, 0xF9, 0x20, 0x6A, 0xA8, 0x50, 0x19, 0x2E]

  /// Reads the old form: pickles of the magic number, the version 1001, the system, the object, and the storages' keys; then
  /// each storage, its count of elements before it.
  private static func stream(
    _ bytes: UnsafeRawBufferPointer
  ) throws(PickleFault) -> (PickleContents, places: [UTF8Name: Range<Int>]) {
    guard bytes.dropFirst(2).starts(with: magic) else {
      throw .unsupported("of another program than PyTorch")
    }
    var machine = PickleMachine(
      UnsafeRawBufferPointer(rebasing: bytes.prefix(maximumLength)), at: 2 + magic.count)
    guard case .int(1001) = try machine.value() else {
      throw .unsupported("of an unknown version of PyTorch")
    }
    let system = try machine.run()
    guard let order = machine.member("little_endian", of: system), case .bool(true) = machine.values[order] else {
      throw .unsupported("with numbers in the byte order of other processors (big-endian)")
    }
    let root = try machine.run()
    let contents = try PickleContents(machine, root: root)
    guard case .list(let keys) = try machine.value() else { throw .damaged("it has no list of storages") }

    var places: [UTF8Name: Range<Int>] = [:]
    var reader = ByteReader(bytes, at: machine.offset)
    for key in keys {
      guard case .text(let text) = machine.values[key], text.utf8.count <= UTF8Name.maximumLength,
        case let key = UTF8Name(text), places[key] == nil, let storage = machine.storages[key],
        let count = reader.integer(Int64.self).flatMap({ Int(exactly: $0) })
      else { throw .damaged("its list of storages does not fit its tensors") }
      let start = reader.offset
      let (size, overflow) = count.multipliedReportingOverflow(by: storage.format?.bytesPerBlock ?? 1)
      guard count >= 0, !overflow, size == storage.byteCount, reader.skip(size) else {
        throw .damaged("its storage \(quoted(key.text)) is cut short")
      }
      places[key] = start..<start + size
    }
    return (contents, places)
  }

  package func withBytes<Result>(
    of tensor: TensorInfo, _ elements: Range<Int>, _ body: (UnsafeRawBufferPointer) throws -> Result
  ) throws -> Result { try file.withBytes(of: tensor, elements, body) }

  package func release(_ tensor: TensorInfo, _ elements: Range<Int>) { file.release(tensor, elements) }
}

extension CheckpointError {
  /// - Parameter file: its name, quoted.
  fileprivate init(_ fault: PickleFault, file: String) {
    switch fault {
    case .refused(let what):
      self.init(
        .refusedPickle,
        "\(file) is a Python pickle that asks for \(what), which weights alone never need: nothing of it was run; use the "
          + ".safetensors file of the same model.")
    case .unsupported(let what):
      self.init(
        .unsupportedFormat, "\(file) is a Python pickle \(what): use the .safetensors file of the same model.")
    case .damaged(let what):
      self.init(.invalidHeader, "\(file) is not a valid file of PyTorch: \(what); download it again.")
    }
  }
}
