/// Why a text is not JSON, and where.
package struct JSONError: Error, Sendable, Hashable, CustomStringConvertible {
  /// Bytes from the start of the text.
  package let offset: Int
  package let reason: String
  package var description: String { "\(reason) at byte \(offset)" }
}

/// A strict pull reader for JSON (RFC 8259) in untrusted files.
///
/// Reading what is expected, one value after the other, builds no tree, so a header costs no more memory than the tensors
/// it names. Nesting, the length of keys and their number are limited. A repeated key is an error: readers that let the
/// last one win can be made to disagree about a file.
struct JSONReader {
  private let bytes: UnsafeRawBufferPointer
  private(set) var offset = 0
  private var depth = 0

  static let maximumDepth = 64
  /// Members of one object: more tensors than any file holds.
  static let maximumMembers = 1 << 17

  /// - Parameter bytes: the text, which must outlive the reader.
  init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

  // MARK: Containers

  /// Reads an object, handing each key to `member`, which must read exactly one value.
  mutating func object(_ member: (inout JSONReader, UTF8Name) throws(JSONError) -> Void) throws(JSONError) {
    try open(UInt8(ascii: "{"), "an object")
    var keys: Set<UTF8Name> = []
    var first = true
    while try more(until: UInt8(ascii: "}"), first: &first) {
      let key = UTF8Name(try string(atMost: UTF8Name.maximumLength))
      guard keys.insert(key).inserted else { throw error("the key \(quoted(key.text)) appears twice") }
      guard keys.count <= Self.maximumMembers else {
        throw error("an object has more than \(Self.maximumMembers) members")
      }
      try expect(UInt8(ascii: ":"), "':'")
      try member(&self, key)
    }
  }

  /// Reads an array; `element` must read exactly one value each time.
  mutating func array(_ element: (inout JSONReader) throws(JSONError) -> Void) throws(JSONError) {
    try open(UInt8(ascii: "["), "an array")
    var first = true
    while try more(until: UInt8(ascii: "]"), first: &first) { try element(&self) }
  }

  /// Checks that only white space is left.
  mutating func end() throws(JSONError) {
    if peek() != nil { throw error("there is text after the end") }
  }

  private mutating func open(_ byte: UInt8, _ what: String) throws(JSONError) {
    try expect(byte, what)
    guard depth < Self.maximumDepth else { throw error("values are nested more than \(Self.maximumDepth) deep") }
    depth += 1
  }

  /// Whether another element follows; steps over the comma or the closing bracket.
  private mutating func more(until close: UInt8, first: inout Bool) throws(JSONError) -> Bool {
    if peek() == close {
      offset += 1
      depth -= 1
      return false
    }
    if first { first = false } else { try expect(UInt8(ascii: ","), "',' or '\(Character(UnicodeScalar(close)))'") }
    return true
  }

  // MARK: Values

  /// Reads any value as a tree.
  mutating func value() throws(JSONError) -> JSONValue {
    switch peek() {
    case UInt8(ascii: "{"):
      var members: [UTF8Name: JSONValue] = [:]
      try object { (reader, key) throws(JSONError) in members[key] = try reader.value() }
      return .object(members)
    case UInt8(ascii: "["):
      var elements: [JSONValue] = []
      try array { (reader) throws(JSONError) in elements.append(try reader.value()) }
      return .array(elements)
    case UInt8(ascii: "\""): return .string(try string())
    case UInt8(ascii: "t"): return try literal("true", .bool(true))
    case UInt8(ascii: "f"): return try literal("false", .bool(false))
    case UInt8(ascii: "n"): return try literal("null", .null)
    default: return try number()
    }
  }

  /// Reads a null if one is next, and says whether it was.
  mutating func null() throws(JSONError) -> Bool {
    guard peek() == UInt8(ascii: "n") else { return false }
    _ = try literal("null", .null)
    return true
  }

  /// Reads any value and forgets it.
  mutating func skip() throws(JSONError) {
    switch peek() {
    case UInt8(ascii: "{"): try object { (reader, _) throws(JSONError) in try reader.skip() }
    case UInt8(ascii: "["): try array { (reader) throws(JSONError) in try reader.skip() }
    default: _ = try value()
    }
  }

  /// Reads an integer from 0 to `Int.max` written in plain digits.
  mutating func count() throws(JSONError) -> Int {
    guard case .int(let value) = try number(), value >= 0 else { throw error("a whole number from 0 was expected") }
    return value
  }

  private mutating func literal(_ text: StaticString, _ value: JSONValue) throws(JSONError) -> JSONValue {
    for index in 0..<text.utf8CodeUnitCount {
      guard byte() == text.utf8Start[index] else { throw error("a value was expected") }
      offset += 1
    }
    return value
  }

  private mutating func number() throws(JSONError) -> JSONValue {
    _ = peek()
    let start = offset
    if byte() == UInt8(ascii: "-") { offset += 1 }
    let digits = offset
    try skipDigits()
    if bytes[digits] == UInt8(ascii: "0"), offset - digits > 1 { throw error("a number has a leading zero") }
    var isInteger = true
    if byte() == UInt8(ascii: ".") {
      isInteger = false
      offset += 1
      try skipDigits()
    }
    if byte() == UInt8(ascii: "e") || byte() == UInt8(ascii: "E") {
      isInteger = false
      offset += 1
      if byte() == UInt8(ascii: "-") || byte() == UInt8(ascii: "+") { offset += 1 }
      try skipDigits()
    }
    guard offset - start <= 1000 else { throw error("a number is too long") }
    let text = String(decoding: bytes[start..<offset], as: UTF8.self)
    // "-0" is a float in JSON readers that tell the two apart.
    if isInteger, text != "-0", let value = Int(text) { return .int(value) }
    guard let value = Double(text), value.isFinite else { throw error("a number is out of range") }
    return .double(value)
  }

  private mutating func skipDigits() throws(JSONError) {
    let start = offset
    while let byte = byte(), (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) { offset += 1 }
    if offset == start { throw error("a value was expected") }
  }

  // MARK: Bytes

  private func byte() -> UInt8? { offset < bytes.count ? bytes[offset] : nil }

  /// The next byte that is no white space, left unread.
  private mutating func peek() -> UInt8? {
    while let byte = byte() {
      guard byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 else { return byte }
      offset += 1
    }
    return nil
  }

  private mutating func expect(_ byte: UInt8, _ what: String) throws(JSONError) {
    guard peek() == byte else { throw error("\(what) was expected") }
    offset += 1
  }

  func error(_ reason: String) -> JSONError { JSONError(offset: offset, reason: reason) }
}

// MARK: - Strings

extension JSONReader {
  /// Reads a string, which must be valid UTF-8.
  ///
  /// - Parameter limit: bytes that it may have in the file.
  mutating func string(atMost limit: Int = .max) throws(JSONError) -> String {
    try expect(UInt8(ascii: "\""), "a string")
    let first = offset
    var start = offset
    var unescaped: [UInt8] = []
    while true {
      guard let next = byte() else { throw error("a string does not end") }
      guard offset - first <= limit else { throw error("a name has more than \(limit) bytes") }
      switch next {
      case UInt8(ascii: "\""):
        let tail = bytes[start..<offset]
        offset += 1
        if unescaped.isEmpty { return try text(tail) }
        unescaped.append(contentsOf: tail)
        return try text(unescaped)
      case UInt8(ascii: "\\"):
        unescaped.append(contentsOf: bytes[start..<offset])
        offset += 1
        unescaped.append(contentsOf: String(try escape()).utf8)
        start = offset
      case 0..<0x20: throw error("a string has a control character")
      default: offset += 1
      }
    }
  }

  /// Decoding repairs what is not UTF-8; comparing with the source finds out whether it had to.
  private func text(_ source: some Collection<UInt8>) throws(JSONError) -> String {
    let text = String(decoding: source, as: UTF8.self)
    guard text.utf8.elementsEqual(source) else { throw error("a string is not valid UTF-8") }
    return text
  }

  private mutating func escape() throws(JSONError) -> Character {
    guard let kind = byte() else { throw error("a string does not end") }
    offset += 1
    switch kind {
    case UInt8(ascii: "\""): return "\""
    case UInt8(ascii: "\\"): return "\\"
    case UInt8(ascii: "/"): return "/"
    case UInt8(ascii: "b"): return "\u{8}"
    case UInt8(ascii: "f"): return "\u{C}"
    case UInt8(ascii: "n"): return "\n"
    case UInt8(ascii: "r"): return "\r"
    case UInt8(ascii: "t"): return "\t"
    case UInt8(ascii: "u"):
      let high = try codeUnit()
      if let scalar = UnicodeScalar(high) { return Character(scalar) }
      // Half of a surrogate pair: the other half must follow.
      guard high < 0xDC00, byte() == UInt8(ascii: "\\") else { throw error("an escape is half a character") }
      offset += 1
      guard byte() == UInt8(ascii: "u") else { throw error("an escape is half a character") }
      offset += 1
      let low = try codeUnit()
      guard (0xDC00...0xDFFF).contains(low),
        let scalar = UnicodeScalar(0x10000 + (UInt32(high) - 0xD800) << 10 + UInt32(low) - 0xDC00)
      else { throw error("an escape is half a character") }
      return Character(scalar)
    default: throw error("an escape is unknown")
    }
  }

  private mutating func codeUnit() throws(JSONError) -> UInt16 {
    var unit: UInt16 = 0
    for _ in 0..<4 {
      guard let digit = byte().flatMap({ Character(UnicodeScalar($0)).hexDigitValue }) else {
        throw error("an escape needs four hexadecimal digits")
      }
      unit = unit << 4 | UInt16(digit)
      offset += 1
    }
    return unit
  }
}
