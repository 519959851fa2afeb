import Foundation

/// Pickles put together by hand, as no honest program writes them.
enum Pickle {
  static func op(_ byte: UInt8, _ bytes: [UInt8] = []) -> [UInt8] { [byte] + bytes }
  static let mark = op(0x28), stop = op(0x2E), reduce = op(0x52), build = op(0x62), setItem = op(0x73), tuple = op(0x74)
  static let emptyDict = op(0x7D), emptyList = op(0x5D), emptyTuple = op(0x29), none = op(0x4E), persistent = op(0x51)
  static let append = op(0x61), tuple1 = op(0x85), tuple2 = op(0x86), setItems = op(0x75), false_ = op(0x89)

  static func little<Integer: FixedWidthInteger>(_ value: Integer) -> [UInt8] {
    withUnsafeBytes(of: value.littleEndian) { Array($0) }
  }

  static func text(_ text: String) -> [UInt8] { op(0x58, little(UInt32(text.utf8.count)) + Array(text.utf8)) }
  static func global(_ module: String, _ name: String) -> [UInt8] { op(0x63, Array("\(module)\n\(name)\n".utf8)) }
  static func int(_ value: Int) -> [UInt8] {
    Int32(exactly: value).map { op(0x4A, little($0)) } ?? op(0x8A, [8] + little(Int64(value)))
  }
  static func put(_ index: UInt8) -> [UInt8] { op(0x71, [index]) }
  static func get(_ index: UInt8) -> [UInt8] { op(0x68, [index]) }

  static func storage(_ key: String, _ count: Int, kind: String = "FloatStorage") -> [UInt8] {
    mark + text("storage") + global("torch", kind) + text(key) + text("cpu") + int(count) + tuple + persistent
  }

  static func integers(_ values: [Int]) -> [UInt8] { mark + values.flatMap(int) + tuple }

  static func tensor(_ storage: [UInt8], offset: Int = 0, _ shape: [Int], _ strides: [Int]) -> [UInt8] {
    global("torch._utils", "_rebuild_tensor_v2") + mark + storage + int(offset) + integers(shape) + integers(strides)
      + false_ + global("collections", "OrderedDict") + emptyTuple + reduce + tuple + reduce
  }

  /// A pickle of `{"x": value}`.
  static func file(_ value: [UInt8]) -> [UInt8] {
    op(0x80, [2]) + emptyDict + text("x") + value + setItem + stop
  }
}

/// A ZIP archive from its parts, none of which need be right.
struct Archive {
  struct Member {
    var name: String
    var data: [UInt8]
    /// In the table of contents and not in the file, where they differ.
    var size: Int?
    var offset: Int?
    var method: UInt16 = 0
    var flags: UInt16 = 0
    /// Bytes in the header before the contents, which the table of contents does not have.
    var padding = 0
    var localName: String?
  }

  var members: [Member]
  /// Whether all sizes and places are written in 64 bits.
  var isLong = false
  var count: Int?
  var comment: [UInt8] = []

  init(_ members: [(name: String, data: [UInt8])]) {
    self.members = members.map { Member(name: $0.name, data: $0.data) }
  }

  /// A file of PyTorch with one pickle and storages by key.
  init(pickle: [UInt8], storages: [(key: String, data: [UInt8])] = [], order: String? = "little") {
    self.init(
      [(name: "x/data.pkl", data: pickle)] + (order.map { [(name: "x/byteorder", data: Array($0.utf8))] } ?? [])
        + storages.map { (name: "x/data/\($0.key)", data: $0.data) })
  }

  var bytes: [UInt8] {
    func u16(_ value: Int) -> [UInt8] { Pickle.little(UInt16(truncatingIfNeeded: value)) }
    func u32(_ value: Int) -> [UInt8] { Pickle.little(UInt32(truncatingIfNeeded: value)) }
    func u64(_ value: Int) -> [UInt8] { Pickle.little(UInt64(bitPattern: Int64(value))) }
    var file: [UInt8] = [], directory: [UInt8] = []
    for member in members {
      let offset = member.offset ?? file.count, size = member.size ?? member.data.count
      let local = Array((member.localName ?? member.name).utf8)
      file += [0x50, 0x4B, 3, 4] + u16(0) + Pickle.little(member.flags) + Pickle.little(member.method) + u64(0)
      file += u32(member.data.count) + u32(member.data.count) + u16(local.count) + u16(member.padding) + local
      file += [UInt8](repeating: 0x5A, count: member.padding) + member.data
      let extra = isLong ? u16(7) + u16(1) + [0] + u16(1) + u16(24) + u64(size) + u64(size) + u64(offset) : []
      directory += [0x50, 0x4B, 1, 2] + u16(0) + u16(0) + Pickle.little(member.flags) + Pickle.little(member.method)
      directory += u64(0) + u32(isLong ? -1 : size) + u32(isLong ? -1 : size) + u16(member.name.utf8.count)
      directory += u16(extra.count) + u16(0) + u64(0) + u32(isLong ? -1 : offset) + Array(member.name.utf8) + extra
    }
    let start = file.count, count = count ?? members.count
    file += directory
    let record = file.count
    if isLong {
      file +=
        [0x50, 0x4B, 6, 6] + u64(44) + u16(45) + u16(45) + u64(0) + u64(count) + u64(count) + u64(directory.count)
      file += u64(start) + [0x50, 0x4B, 6, 7] + u32(0) + u64(record) + u32(1)
    }
    file += [0x50, 0x4B, 5, 6] + u32(0) + u16(isLong ? -1 : count) + u16(isLong ? -1 : count)
    file += u32(isLong ? -1 : directory.count) + u32(isLong ? -1 : start) + u16(comment.count) + comment
    return file
  }
}
