import Foundation
import ImagineCheckpoint
import Testing

@Suite("Nothing of a pickle is run, and nothing in it reaches beyond it")
struct HostilePickleTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func open(_ bytes: [UInt8]) throws -> CheckpointTensors {
    try CheckpointTensors(folder.file("x.ckpt", Data(bytes)))
  }

  private func error(_ pickle: [UInt8], storages: [(key: String, data: [UInt8])] = []) -> CheckpointError? {
    let bytes = Archive(pickle: pickle, storages: storages).bytes
    return #expect(throws: CheckpointError.self) { try open(bytes) }
  }

  private static let storages = [(key: "0", data: [UInt8](repeating: 0, count: 24))]

  // MARK: Programs

  /// Pickles that do something when Python reads them, and the word by which they are refused.
  private static let programs: [(pickle: [UInt8], word: String)] = [
    (
      Pickle.file(Pickle.global("os", "system") + Pickle.text("touch /tmp/x") + Pickle.tuple1 + Pickle.reduce),
      "os.system"
    ),
    (Pickle.file(Pickle.global("posix", "system")), "posix.system"),
    (Pickle.file(Pickle.global("builtins", "eval")), "builtins.eval"),
    (Pickle.file(Pickle.global("__builtin__", "getattr")), "__builtin__.getattr"),
    (Pickle.file(Pickle.global("torch", "load")), "torch.load"),
    (Pickle.file(Pickle.global("torch.storage", "_load_from_bytes")), "torch.storage._load_from_bytes"),
    (Pickle.file(Pickle.global("torch._utils", "_rebuild_tensor_v2.__globals__")), "__globals__"),
    (Pickle.file(Pickle.global("collections OrderedDict", "")), "collections OrderedDict."),
    (Pickle.file(Pickle.global("pytorch_lightning", "seed_everything")), "pytorch_lightning.seed_everything"),
    (Pickle.file(Pickle.text("os") + Pickle.text("system") + Pickle.op(0x93)), "os.system"),
    (Pickle.file(Pickle.int(1) + Pickle.text("system") + Pickle.op(0x93)), "a name that is no text"),
    (Pickle.file(Pickle.mark + Pickle.text("ls") + Pickle.op(0x69, Array("os\nsystem\n".utf8))), "INST"),
    (Pickle.file(Pickle.mark + Pickle.text("ls") + Pickle.op(0x6F)), "OBJ"),
    (Pickle.file(Pickle.op(0x82, [1])), "EXT1"), (Pickle.file(Pickle.op(0x83, [1, 0])), "EXT2"),
    (Pickle.file(Pickle.op(0x84, [1, 0, 0, 0])), "EXT4"), (Pickle.file(Pickle.op(0x92)), "NEWOBJ_EX"),
    (Pickle.file(Pickle.op(0x50, Array("id\n".utf8))), "PERSID"), (Pickle.file(Pickle.op(0x97)), "NEXT_BUFFER"),
    (Pickle.file(Pickle.op(0x30)), "POP"), (Pickle.file(Pickle.op(0x32)), "DUP"),
    (Pickle.file(Pickle.op(0xFF)), "0xff"),
    (Pickle.file(Pickle.op(0x49, Array("1\n".utf8))), "INT"), (Pickle.file(Pickle.op(0x8B, [0, 0, 0, 0])), "LONG4"),
    (Pickle.file(Pickle.text("x") + Pickle.tuple1 + Pickle.persistent), "persistent"),
    (Pickle.file(Pickle.int(1) + Pickle.persistent), "persistent"),
    (
      Pickle.file(
        Pickle.mark + Pickle.text("module") + Pickle.global("torch", "FloatStorage") + Pickle.text("0")
          + Pickle.text("cpu")
          + Pickle.int(1) + Pickle.tuple + Pickle.persistent), "persistent"
    ),
    (Pickle.file(Pickle.text("x") + Pickle.emptyTuple + Pickle.reduce), "no function"),
    (Pickle.file(Pickle.global("torch", "Size") + Pickle.int(1) + Pickle.reduce), "without arguments"),
    (Pickle.file(Pickle.global("torch", "float16") + Pickle.emptyTuple + Pickle.reduce), "no function"),
    (Pickle.file(Pickle.int(1) + Pickle.none + Pickle.build), "a state"),
    (Pickle.file(Pickle.global("torch._utils", "_rebuild_parameter") + Pickle.emptyTuple + Pickle.reduce), "parameter"),
    (Pickle.file(Pickle.global("torch._utils", "_rebuild_tensor_v2") + Pickle.emptyTuple + Pickle.reduce), "tensor"),
    (Pickle.file(Pickle.tensor(Pickle.storage("0", 1, kind: "ComplexFloatStorage"), [1], [1])), "ComplexFloatStorage"),
  ]

  @Test(arguments: programs) func refused(_ pickle: [UInt8], _ word: String) {
    let error = error(pickle, storages: Self.storages)
    #expect(error?.code == "refusedPickle")
    #expect(error?.description.contains(word) == true, "\(error?.description ?? "")")
    #expect(error?.description.contains("nothing of it was run") == true)
  }

  @Test("Every instruction is known or refused, each in one sentence") func everyByte() {
    for byte in UInt8.min...UInt8.max {
      let error = error(Pickle.op(0x80, [2]) + [byte, byte])
      #expect(error?.description.hasSuffix(".") == true)
      #expect(error?.description.contains("\n") == false)
    }
  }

  // MARK: Numbers out of bounds

  private static let wrong: [[UInt8]] = [
    Pickle.tensor(Pickle.storage("0", 6), [7], [1]), Pickle.tensor(Pickle.storage("0", 6), offset: 6, [1], [1]),
    Pickle.tensor(Pickle.storage("0", 6), offset: -1, [1], [1]),
    Pickle.tensor(Pickle.storage("0", 6), [2, 2], [5, 1]),
    Pickle.tensor(Pickle.storage("0", 6), [2], [-1]), Pickle.tensor(Pickle.storage("0", 6), [-2], [1]),
    Pickle.tensor(Pickle.storage("0", 6), [2, 3], [1]), Pickle.tensor(Pickle.storage("0", 6), [100], [0]),
    Pickle.tensor(Pickle.storage("0", 6), [1 << 31, 1 << 31], [0, 0]),
    Pickle.tensor(Pickle.storage("0", 6), [1 << 30, 1 << 30, 1 << 30], [0, 0, 0]),
    Pickle.tensor(Pickle.storage("0", 6), [2], [.max]), Pickle.tensor(Pickle.storage("0", 6), offset: .max, [2], [1]),
    Pickle.tensor(Pickle.storage("0", 6), [0, 1 << 40], [1, 1]),
    Pickle.tensor(Pickle.storage("0", .max), [2], [1]), Pickle.tensor(Pickle.storage("0", -1), [0], [1]),
    Pickle.tensor(Pickle.storage("0", 7), [7], [1]), Pickle.tensor(Pickle.storage("1", 6), [6], [1]),
    Pickle.tensor(Pickle.storage("../0", 6), [6], [1]),
    Pickle.tensor(Pickle.storage("0", 6), Array(repeating: 1, count: 65), Array(repeating: 1, count: 65)),
    // One storage of two sizes.
    Pickle.storage("0", 5) + Pickle.tuple1 + Pickle.op(0x85)
      + Pickle.tensor(Pickle.storage("0", 6), [6], [1]) + Pickle.tuple2,
  ]

  @Test(arguments: wrong) func tensorsBeyondTheirStorage(_ value: [UInt8]) {
    let error = error(Pickle.file(value), storages: Self.storages)
    #expect(["invalidHeader", "refusedPickle"].contains(error?.code), "\(error?.description ?? "")")
  }

  private static let broken: [[UInt8]] = [
    [], Pickle.op(0x80, [2]), Pickle.op(0x80, [2]) + Pickle.stop, Pickle.op(0x80, [9]) + Pickle.emptyDict + Pickle.stop,
    Pickle.file(Pickle.op(0x58, [0xFF, 0xFF, 0xFF, 0xFF])), Pickle.file(Pickle.op(0x8D, Pickle.little(UInt64.max))),
    Pickle.file(Pickle.op(0x54, Pickle.little(Int32(-1)))), Pickle.file(Pickle.get(7)),
    Pickle.file(Pickle.op(0x6A, [0, 0, 0, 0x80])),
    Pickle.file(Pickle.tuple), Pickle.file(Pickle.setItem), Pickle.file(Pickle.int(1) + Pickle.int(2) + Pickle.append),
    Pickle.file(Pickle.mark + Pickle.mark),
    Pickle.file(Pickle.emptyDict + Pickle.mark + Pickle.int(1) + Pickle.setItems),
    Pickle.file(Pickle.mark + Pickle.put(0)),
    Pickle.file(Pickle.global("no end of line", String(repeating: "x", count: 2000))),
    Pickle.op(0x80, [2]) + Pickle.emptyList + Pickle.stop,
    Pickle.op(0x80, [2]) + Pickle.none + Pickle.none + Pickle.stop,
  ]

  @Test(arguments: broken) func brokenPickles(_ pickle: [UInt8]) {
    let codes = ["invalidHeader", "unsupportedFormat"]
    #expect(codes.contains(error(pickle)?.code ?? "") == true)
  }

  // MARK: Bombs

  @Test("Values that hold themselves, or each other a thousand million times, end") func cycles() throws {
    let tensor = Pickle.tensor(Pickle.storage("0", 6), [6], [1])
    // A list in itself, and a dictionary in itself.
    let list = Pickle.emptyList + Pickle.put(1) + Pickle.get(1) + Pickle.append
    let dictionary = Pickle.emptyDict + Pickle.put(2) + Pickle.text("self") + Pickle.get(2) + Pickle.setItem
    let both = Pickle.mark + Pickle.text("l") + list + Pickle.text("d") + dictionary + Pickle.text("w") + tensor
    let pickle = Pickle.op(0x80, [2]) + Pickle.emptyDict + both + Pickle.setItems + Pickle.stop
    #expect(try open(Archive(pickle: pickle, storages: Self.storages).bytes).elements.keys.map(\.text) == ["w"])

    // Each dictionary holds the one before ten times: 10^6 ways lead to the tensor, and one is taken.
    var laughs = Pickle.op(0x80, [2]) + Pickle.emptyDict + Pickle.text("all") + Pickle.mark
    laughs += Pickle.emptyDict + Pickle.text("w") + tensor + Pickle.setItem + Pickle.put(0)
    for level in 1...60 as ClosedRange<UInt8> {
      laughs += Pickle.emptyDict + Pickle.put(level) + Pickle.mark
      for number in 0..<10 { laughs += Pickle.text("\(number)") + Pickle.get(level - 1) }
      laughs += Pickle.setItems
    }
    laughs += Pickle.tuple + Pickle.setItem + Pickle.text("sixth") + Pickle.get(6) + Pickle.setItem
    laughs += Pickle.text("last") + Pickle.get(60) + Pickle.setItem + Pickle.stop
    #expect(try open(Archive(pickle: laughs, storages: Self.storages).bytes).elements.count == 1)
  }

  @Test("Deep nesting takes no stack") func depth() {
    let nested = [UInt8](repeating: 0x5D, count: 200_000) + [UInt8](repeating: 0x61, count: 199_999)
    let tuples = Pickle.none + [UInt8](repeating: 0x85, count: 900_000)
    for value in [nested, tuples] {
      #expect(throws: Never.self) { try open(Archive(pickle: Pickle.file(value)).bytes) }
    }
    #expect(error(Pickle.op(0x80, [2]) + [UInt8](repeating: 0x28, count: 1_000_000))?.code == "invalidHeader")
    #expect(error(Pickle.op(0x80, [2]) + [UInt8](repeating: 0x7D, count: 5_000_000))?.code == "invalidHeader")
  }

  @Test("Long lists are not gone through again and again") func work() {
    var pickle = Pickle.op(0x80, [2]) + Pickle.emptyList + Pickle.mark
    for _ in 0..<50_000 { pickle += Pickle.int(1) + Pickle.none + Pickle.tuple2 }
    pickle +=
      Pickle.op(0x65) + Pickle.tuple1 + Pickle.put(0) + Pickle.global("collections", "OrderedDict") + Pickle.put(1)
    for _ in 0..<100_000 { pickle += Pickle.get(1) + Pickle.get(0) + Pickle.reduce }
    #expect(error(pickle + Pickle.stop)?.description.contains("again and again") == true)
  }

  @Test("Names are bytes of bounded length, and shown without what a terminal obeys") func names() throws {
    let tensor = Pickle.tensor(Pickle.storage("0", 6), [6], [1])
    let long =
      Pickle.op(0x80, [2]) + Pickle.emptyDict + Pickle.text(String(repeating: "x", count: 1000)) + Pickle.emptyDict
    let inner = Pickle.text(String(repeating: "y", count: 100)) + tensor
    let pickle = long + inner + Pickle.setItem + Pickle.setItem + Pickle.stop
    #expect(error(pickle, storages: Self.storages)?.code == "invalidHeader")
    let shown = error(Pickle.file(Pickle.global("os\u{1B}[2J", "x")))?.description ?? ""
    #expect(shown.contains("\\u{1b}") && !shown.contains("\u{1B}"))
    let marks = "a" + String(repeating: "\u{301}\u{323}", count: 200_000)
    #expect(error(Pickle.file(Pickle.text(marks) + Pickle.text(marks) + Pickle.op(0x93)))?.code == "refusedPickle")
    let key = error(Pickle.file(Pickle.tensor(Pickle.storage(marks, 1), [1], [1])))
    #expect(key?.code == "refusedPickle")
  }

  // MARK: Archives

  private func archive(_ change: (inout Archive) -> Void) -> String? {
    var archive = Archive(
      pickle: Pickle.file(Pickle.tensor(Pickle.storage("0", 6), [6], [1])), storages: Self.storages)
    change(&archive)
    let bytes = archive.bytes
    return errorCode { _ = try open(bytes) }
  }

  @Test func honestArchives() {
    #expect(archive { _ in } == nil)
    #expect(archive { $0.isLong = true } == nil)
    #expect(archive { $0.comment = [UInt8](repeating: 0x50, count: 65535) } == nil)
    // The header before the contents may be longer than the table of contents says.
    #expect(archive { $0.members[2].padding = 37 } == nil)
    #expect(archive { $0.members.remove(at: 1) } == nil)
  }

  @Test func hostileArchives() {
    let damaged = "invalidHeader"
    #expect(archive { $0.members[2].size = 1 << 20 } == damaged)
    #expect(archive { ($0.isLong, $0.members[2].size) = (true, .max) } == damaged)
    #expect(archive { ($0.isLong, $0.members[2].offset) = (true, .max - 8) } == damaged)
    #expect(archive { ($0.isLong, $0.members[2].offset) = (true, -1) } == damaged)
    #expect(archive { $0.members[2].offset = $0.members[0].data.count } == damaged)
    #expect(archive { $0.members[0].size = $0.members[0].data.count + 40 } == damaged)
    #expect(archive { $0.members[2].method = 8 } == damaged)
    #expect(archive { $0.members[2].flags = 1 } == damaged)
    #expect(archive { $0.members[2].localName = "x/data/1" } == damaged)
    #expect(archive { $0.members[2].size = 20 } == damaged)
    #expect(archive { $0.count = 60_000 } == damaged)
    #expect(archive { ($0.isLong, $0.count) = (true, .max) } == damaged)
    #expect(archive { $0.members.append($0.members[2]) } == damaged)
    #expect(archive { $0.members.append(.init(name: "y/data.pkl", data: [])) } == damaged)
    #expect(archive { $0.members[1].data = Array("big".utf8) } == "unsupportedFormat")
  }

  @Test("A file cut short anywhere is damaged, not read") func cutShort() throws {
    for name in ["checkpoint.pt", "old.ckpt"] {
      let bytes = try [UInt8](Data(contentsOf: goldens.appending(path: "pickles/\(name)")))
      for length in stride(from: 1, to: bytes.count, by: 31) {
        let code = errorCode { _ = try open(Array(bytes[..<length])) }
        #expect(code != nil && code?.hasPrefix("other") == false, "\(name) \(length)")
      }
    }
  }

  @Test("Old files: the order of bytes, and storages that are not theirs") func oldForm() throws {
    let bytes = try [UInt8](Data(contentsOf: goldens.appending(path: "pickles/old.ckpt")))
    let order = try #require(bytes.firstRange(of: Array("little_endian".utf8)))
    var big = bytes
    let flag = try #require(big[order.upperBound...].firstIndex(of: 0x88))
    big[flag] = 0x89
    #expect(errorCode { _ = try open(big) } == "unsupportedFormat")
    #expect(errorCode { _ = try open(bytes) } == nil)
    let other = Pickle.op(0x80, [2]) + Pickle.emptyDict + Pickle.stop
    #expect(errorCode { _ = try open(other) } == "unsupportedFormat")
  }
}
