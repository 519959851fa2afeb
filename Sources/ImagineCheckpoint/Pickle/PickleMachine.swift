/// Carries out a pickle's instructions as far as they build tensors, and dictionaries, lists, texts and numbers around them.
///
/// A pickle is a program for a machine with a stack, and Python's machine calls whatever functions it names. This one calls
/// none: it knows a few names (`PickleGlobal`) and builds by itself what they would have built. Every other name and
/// instruction ends it. It looks at each byte once, keeps values in one list, and never calls itself.
struct PickleMachine {
  private(set) var values: [PickleValue] = [.none, .bool(false), .bool(true), .tuple([]), .inert]
  /// Every storage that was named, by key.
  private(set) var storages: [UTF8Name: PickleStorage] = [:]

  private var reader: ByteReader
  private var stack: [Int] = []
  private var marks: [Int] = []
  private var memo: [Int: Int] = [:]

  /// Far more than the largest models need, and little enough to keep.
  private static let maximumValues = 1 << 20
  private static let inert = 4
  /// Steps through values that were built before; without a limit, a short pickle could take the same ones again and again.
  private var work = 1 << 24

  /// The first byte that no pickle was read from.
  var offset: Int { reader.offset }

  init(_ bytes: UnsafeRawBufferPointer, at offset: Int = 0) { reader = ByteReader(bytes, at: offset) }

  /// Reads one pickle.
  ///
  /// - Returns: the number of its value in `values`.
  mutating func run() throws(PickleFault) -> Int {
    (stack, marks, memo) = ([], [], [:])
    while true {
      let byte = try integer(UInt8.self)
      guard let opcode = PickleOpcode(rawValue: byte) else {
        throw .refused("the pickle instruction \(PickleOpcode.name(of: byte))")
      }
      if opcode == .stop { break }
      try perform(opcode)
    }
    guard marks.isEmpty, stack.count == 1 else { throw .damaged("its pickle ends with \(stack.count) values") }
    return try pop()
  }

  /// Reads one pickle that is a value by itself.
  mutating func value() throws(PickleFault) -> PickleValue {
    let index = try run()
    return values[index]
  }

  private mutating func perform(_ opcode: PickleOpcode) throws(PickleFault) {
    switch opcode {
    case .stop: break
    case .proto:
      let version = try integer(UInt8.self)
      guard 2...5 ~= version else { throw .unsupported("of the unknown version \(version)") }
    case .frame: _ = try integer(UInt64.self)
    case .mark: marks.append(stack.count)
    case .none: try push(at: 0)
    case .newFalse: try push(at: 1)
    case .newTrue: try push(at: 2)
    case .emptyTuple: try push(at: 3)
    case .binInt: try push(.int(Int(try integer(Int32.self))))
    case .binInt1: try push(.int(Int(try integer(UInt8.self))))
    case .binInt2: try push(.int(Int(try integer(UInt16.self))))
    case .long1: try long()
    case .binFloat: try push(.double(Double(bitPattern: UInt64(bigEndian: try integer(UInt64.self)))))
    case .binUnicode: try text(Int(try integer(UInt32.self)))
    case .shortBinUnicode, .shortBinString: try text(Int(try integer(UInt8.self)))
    case .binUnicode8: try text(Int(exactly: try integer(UInt64.self)) ?? .max)
    case .binString: try text(Int(try integer(Int32.self)))
    case .binBytes: try blob(Int(try integer(UInt32.self)))
    case .shortBinBytes: try blob(Int(try integer(UInt8.self)))
    case .emptyDict: try push(.dictionary([]))
    case .emptyList: try push(.list([]))
    case .tuple: try push(.tuple(try popMarked()))
    case .tuple1: try push(.tuple(try pop(1)))
    case .tuple2: try push(.tuple(try pop(2)))
    case .tuple3: try push(.tuple(try pop(3)))
    case .setItem: try setItems(try pop(2))
    case .setItems: try setItems(try popMarked())
    case .append: try append(try pop(1))
    case .appends: try append(try popMarked())
    case .binPut: memo[Int(try integer(UInt8.self))] = try top()
    case .longBinPut: memo[Int(try integer(UInt32.self))] = try top()
    case .memoize: memo[memo.count] = try top()
    case .binGet: try recall(Int(try integer(UInt8.self)))
    case .longBinGet: try recall(Int(try integer(UInt32.self)))
    case .global:
      guard let module = reader.line(atMost: 1024), let name = reader.line(atMost: 1024) else { throw Self.cutShort }
      try global(String(decoding: module, as: UTF8.self), String(decoding: name, as: UTF8.self))
    case .stackGlobal:
      let names = try pop(2)
      guard case .text(let module) = values[names[0]], case .text(let name) = values[names[1]] else {
        throw .refused("a name that is no text")
      }
      try global(module, name)
    case .binPersID: try push(.storage(try storage(try pop(1)[0])))
    case .reduce, .newObject:
      let operands = try pop(2)
      try call(operands[0], operands[1])
    case .build:
      let state = try pop(1)[0]
      try build(try top(), state)
    }
  }

  // MARK: Values

  private mutating func long() throws(PickleFault) {
    let bytes = try run(Int(try integer(UInt8.self)))
    // Python's numbers have no end; those that mean something here have 64 bits.
    guard bytes.count <= 8 else { return try push(at: Self.inert) }
    var value: UInt64 = (bytes.last ?? 0) & 0x80 == 0 ? 0 : .max
    for byte in bytes.reversed() { value = value << 8 | UInt64(byte) }
    try push(.int(Int(truncatingIfNeeded: value)))
  }

  private mutating func text(_ length: Int) throws(PickleFault) {
    let bytes = try run(length)
    // Texts of Python 2 are bytes, and may be any.
    if let text = String(validating: bytes, as: UTF8.self) { try push(.text(text)) } else { try push(at: Self.inert) }
  }

  private mutating func blob(_ length: Int) throws(PickleFault) {
    _ = try run(length)
    try push(at: Self.inert)
  }

  private mutating func global(_ module: String, _ name: String) throws(PickleFault) {
    guard let global = PickleGlobal(module: module, name: name) else {
      throw .refused(quoted("\(module.prefix(100)).\(name.prefix(100))"))
    }
    try push(.global(global))
  }

  private mutating func setItems(_ items: [Int]) throws(PickleFault) {
    let target = try top()
    guard items.count % 2 == 0 else { throw .damaged("a key in its pickle has no value") }
    switch values[target] {
    case .dictionary(var pairs):
      // The list holds the pairs no more while they grow, or each addition would copy them.
      values[target] = .none
      for index in stride(from: 0, to: items.count, by: 2) { pairs.append((items[index], items[index + 1])) }
      values[target] = .dictionary(pairs)
    case .inert: break
    default: throw .damaged("its pickle puts items into what has none")
    }
  }

  private mutating func append(_ items: [Int]) throws(PickleFault) {
    let target = try top()
    switch values[target] {
    case .list(var elements):
      values[target] = .none
      elements += items
      values[target] = .list(elements)
    case .inert: break
    default: throw .damaged("its pickle appends to what is no list")
    }
  }

  // MARK: The stack

  private mutating func push(_ value: PickleValue) throws(PickleFault) {
    guard values.count < Self.maximumValues else {
      throw .damaged("its pickle has more than \(Self.maximumValues) values")
    }
    values.append(value)
    try push(at: values.count - 1)
  }

  private mutating func push(at index: Int) throws(PickleFault) {
    guard stack.count < Self.maximumValues else {
      throw .damaged("its pickle has more than \(Self.maximumValues) values")
    }
    stack.append(index)
  }

  private func top() throws(PickleFault) -> Int {
    guard let top = stack.last, stack.count > marks.last ?? 0 else { throw .damaged("its pickle misses a value") }
    return top
  }

  private mutating func pop() throws(PickleFault) -> Int { try pop(1)[0] }

  private mutating func pop(_ count: Int) throws(PickleFault) -> [Int] {
    guard stack.count - (marks.last ?? 0) >= count else { throw .damaged("its pickle misses a value") }
    defer { stack.removeLast(count) }
    return Array(stack.suffix(count))
  }

  private mutating func popMarked() throws(PickleFault) -> [Int] {
    guard let mark = marks.popLast() else { throw .damaged("its pickle misses a mark") }
    defer { stack.removeSubrange(mark...) }
    return Array(stack[mark...])
  }

  private mutating func spend(_ steps: Int) throws(PickleFault) {
    guard steps <= work else { throw .damaged("its pickle goes through the same values again and again") }
    work -= steps
  }

  private mutating func recall(_ index: Int) throws(PickleFault) {
    guard let value = memo[index] else { throw .damaged("its pickle asks for a value that it never kept") }
    try push(at: value)
  }

  // MARK: Bytes

  private static let cutShort = PickleFault.damaged("its pickle is cut short")

  private mutating func integer<Integer: FixedWidthInteger & BitwiseCopyable>(
    _ type: Integer.Type
  ) throws(PickleFault) -> Integer {
    guard let value = reader.integer(type) else { throw Self.cutShort }
    return value
  }

  private mutating func run(_ length: Int) throws(PickleFault) -> UnsafeRawBufferPointer {
    guard let bytes = reader.bytes(length) else { throw Self.cutShort }
    return bytes
  }
}

// MARK: - What names stand for

extension PickleMachine {
  /// The persistent id of a storage: ('storage', kind, key, location, count), in old files with a view that is None.
  private mutating func storage(_ id: Int) throws(PickleFault) -> PickleStorage {
    guard case .tuple(let parts) = values[id], 5...6 ~= parts.count, case .text("storage") = values[parts[0]],
      case .global(.storage(let format)) = values[parts[1]], case .text(let text) = values[parts[2]],
      case .int(let count) = values[parts[4]], count >= 0, text.utf8.count <= UTF8Name.maximumLength
    else { throw .refused("a persistent object that is no storage") }
    if parts.count == 6 {
      guard case .none = values[parts[5]] else { throw .refused("a storage that is a part of another") }
    }
    let key = UTF8Name(text)
    let (bytes, overflow) = count.multipliedReportingOverflow(by: format?.bytesPerBlock ?? 1)
    let storage = PickleStorage(key: key, format: format, byteCount: bytes)
    guard !overflow, storages[key] ?? storage == storage else {
      throw .damaged("its storage \(quoted(text)) has two sizes, or an impossible one")
    }
    storages[key] = storage
    return storage
  }

  /// What a call of a known name would have made of its arguments.
  private mutating func call(_ function: Int, _ arguments: Int) throws(PickleFault) {
    guard case .tuple(let arguments) = values[arguments] else { throw .refused("a call without arguments") }
    switch values[function] {
    case .inert, .global(.inert): try push(at: Self.inert)
    case .global(.tensor(let version)): try push(.tensor(try tensor(arguments, version: version)))
    case .global(.parameter):
      guard let first = arguments.first, case .tensor = values[first] else {
        throw .refused("a parameter of no tensor")
      }
      try push(at: first)
    case .global(.orderedDictionary): try push(.dictionary(try pairs(arguments)))
    case .global(.parameterDictionary) where arguments.isEmpty: try push(.parameterDictionary)
    case .global(.size):
      guard arguments.count == 1, case .tuple = values[arguments[0]] else { throw .refused("a size of no numbers") }
      try push(at: arguments[0])
    default: throw .refused("a call of what is no function")
    }
  }

  /// The items of a dictionary that is made with them, as Python 2 does.
  private mutating func pairs(_ arguments: [Int]) throws(PickleFault) -> [(key: Int, value: Int)] {
    guard let first = arguments.first else { return [] }
    guard arguments.count == 1, case .list(let items) = values[first] else {
      throw .refused("a dictionary of what is no list")
    }
    try spend(items.count)
    var pairs: [(key: Int, value: Int)] = []
    for item in items {
      switch values[item] {
      case .list(let pair) where pair.count == 2, .tuple(let pair) where pair.count == 2:
        pairs.append((pair[0], pair[1]))
      default: throw .refused("a dictionary of what are no pairs")
      }
    }
    return pairs
  }

  /// (storage, offset, size, stride), then whether it is trained, hooks, in version 3 the format, notes.
  private func tensor(_ arguments: [Int], version: Int) throws(PickleFault) -> PickleTensor {
    guard arguments.count >= (version == 3 ? 7 : 4), arguments.count <= 8,
      case .storage(let storage) = values[arguments[0]], case .int(let offset) = values[arguments[1]],
      let shape = integers(arguments[2]), let strides = integers(arguments[3])
    else { throw .refused("a tensor that is made in an unknown way") }
    var format = storage.format
    if version == 3 {
      guard case .global(.format(let stated)) = values[arguments[6]] else {
        throw .refused("a tensor in an unknown number format")
      }
      format = stated
    }
    guard let format else { throw .refused("a tensor in no number format") }
    return try PickleTensor(storage, format, offset: offset, shape: shape, strides: strides)
  }

  private func integers(_ index: Int) -> [Int]? {
    guard case .tuple(let parts) = values[index], parts.count <= 64 else { return nil }
    var integers: [Int] = []
    for part in parts {
      guard case .int(let value) = values[part] else { return nil }
      integers.append(value)
    }
    return integers
  }

  /// Gives an object its state, of which only parameters mean something.
  private mutating func build(_ object: Int, _ state: Int) throws(PickleFault) {
    switch values[object] {
    case .inert, .dictionary: break
    case .parameterDictionary:
      if case .dictionary(let members) = values[state] { try spend(members.count) }
      let parameters = member("_parameters", of: state) ?? Self.inert
      // Where they grow later, they are copied first.
      if case .dictionary(let members) = values[parameters] { try spend(members.count) }
      values[object] = values[parameters]
    default: throw .refused("a state for what has none")
    }
  }

  /// The value of a dictionary's text key: the last one counts.
  func member(_ key: String, of dictionary: Int) -> Int? {
    guard case .dictionary(let pairs) = values[dictionary] else { return nil }
    return pairs.last { pair in
      guard case .text(let text) = values[pair.key] else { return false }
      return text.utf8.elementsEqual(key.utf8)
    }?.value
  }
}
