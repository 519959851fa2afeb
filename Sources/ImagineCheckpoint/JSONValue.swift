/// A JSON document as a value: the configurations that travel with a model.
package enum JSONValue: Sendable, Hashable {
  case null
  case bool(Bool)
  /// A number written without fraction and exponent that fits in 64 bits.
  case int(Int)
  case double(Double)
  case string(String)
  case array([JSONValue])
  case object([UTF8Name: JSONValue])

  /// Reads a whole JSON text; throws `JSONError` for anything RFC 8259 does not allow, and for repeated keys.
  package init(parsing text: String) throws {
    var text = text
    self = try text.withUTF8 { try JSONValue(parsing: UnsafeRawBufferPointer($0)) }
  }

  init(parsing bytes: UnsafeRawBufferPointer) throws(JSONError) {
    var reader = JSONReader(bytes)
    self = try reader.value()
    try reader.end()
  }

  /// The member of an object with this name; nil when absent, null, or when this is no object.
  package subscript(_ key: String) -> JSONValue? {
    guard case .object(let members) = self, let member = members[UTF8Name(key)], member != .null else { return nil }
    return member
  }

  package var bool: Bool? { if case .bool(let value) = self { value } else { nil } }
  package var string: String? { if case .string(let value) = self { value } else { nil } }
  /// The string if it can name a choice: short, and of ASCII alone, so that comparing it costs nothing.
  package var word: String? { string.flatMap { $0.utf8.count <= 100 && UTF8Name($0).isASCII ? $0 : nil } }
  package var array: [JSONValue]? { if case .array(let value) = self { value } else { nil } }
  package var object: [UTF8Name: JSONValue]? { if case .object(let value) = self { value } else { nil } }

  /// The number as an integer, also when it was written as `8.0`.
  package var int: Int? {
    switch self {
    case .int(let value): value
    case .double(let value): Int(exactly: value)
    default: nil
    }
  }

  /// The number, however it was written.
  package var double: Double? {
    switch self {
    case .int(let value): Double(value)
    case .double(let value): value
    default: nil
    }
  }
}
