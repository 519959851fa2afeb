internal import Foundation

/// Why a text is not the YAML that training configurations are written in, and where.
struct YAMLError: Error, CustomStringConvertible {
  let line: Int
  let reason: String
  var description: String { "\(reason) in line \(line)" }
}

/// Reads the part of YAML that configurations of training programs use: mappings by indentation, lists, scalars, and
/// texts of several lines after `|`, without empty ones.
///
/// What is beyond it (anchors, tags, texts that are folded) is an error, never skipped: a setting that is not understood
/// must not be taken for one that is not there.
struct YAMLReader {
  private struct Line {
    let number: Int
    let indentation: Int
    let text: Substring
  }

  private var lines: [Line]
  private var position = 0

  private static let maximumDepth = 32

  /// Reads a mapping.
  ///
  /// - Throws: `YAMLError`.
  static func read(_ bytes: UnsafeRawBufferPointer) throws -> JSONValue {
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw YAMLError(line: 1, reason: "text that is not UTF-8")
    }
    var reader = try YAMLReader(text)
    guard let first = reader.lines.first else { return .object([:]) }
    let value = try reader.block(indentation: first.indentation, depth: 0)
    if let rest = reader.next { throw YAMLError(line: rest.number, reason: "an indentation that fits nothing") }
    guard case .object = value else { throw YAMLError(line: first.number, reason: "no setting") }
    return value
  }

  private init(_ text: String) throws {
    var lines: [Line] = []
    let all = text.utf8.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    for (index, line) in all.enumerated() {
      var line = Substring(line)
      if line.utf8.last == UInt8(ascii: "\r") { line = line.dropLast() }
      let content = Self.withoutComment(line.drop { $0 == " " })
      guard !content.isEmpty, !(content.utf8.elementsEqual("---".utf8) && lines.isEmpty) else { continue }
      guard content.utf8.first != UInt8(ascii: "\t") else {
        throw YAMLError(line: index + 1, reason: "a tab where spaces are needed")
      }
      let indentation = line.utf8.prefix { $0 == UInt8(ascii: " ") }.count
      lines.append(Line(number: index + 1, indentation: indentation, text: content))
    }
    self.lines = lines
  }

  /// The text before a comment, without white space at its end.
  private static func withoutComment(_ text: Substring) -> Substring {
    var quote: UInt8?
    var previous = UInt8(ascii: " ")
    var end = text.utf8.endIndex
    for index in text.utf8.indices {
      let byte = text.utf8[index]
      if let open = quote {
        if byte == open { quote = nil }
      } else if byte == UInt8(ascii: "#"), previous == UInt8(ascii: " ") || previous == UInt8(ascii: "\t") {
        end = index
        break
      } else if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'") {
        quote = byte
      }
      previous = byte
    }
    let kept = text[..<end]
    let length = kept.utf8.reversed().prefix { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }.count
    return Substring(kept.utf8.dropLast(length))
  }

  private var next: Line? { position < lines.count ? lines[position] : nil }

  /// Reads the lines of one indentation, with what is deeper: a mapping or a list.
  private mutating func block(indentation: Int, depth: Int) throws -> JSONValue {
    guard let first = next else { return .null }
    guard depth < Self.maximumDepth else { throw YAMLError(line: first.number, reason: "values nested too deep") }
    if Self.isItem(first) { return try list(indentation: indentation, depth: depth) }
    var members: [UTF8Name: JSONValue] = [:]
    while let line = next, line.indentation == indentation {
      let (key, rest) = try Self.member(line)
      guard members[key] == nil else {
        throw YAMLError(line: line.number, reason: "the key \(quoted(key.text)) for the second time")
      }
      position += 1
      if rest.utf8.elementsEqual("|".utf8) {
        members[key] = .string(lines(deeperThan: indentation))
      } else if !rest.isEmpty {
        members[key] = try Self.scalarOrList(rest, line: line.number)
      } else if let inner = next,
        inner.indentation > indentation || (inner.indentation == indentation && Self.isItem(inner))
      {
        members[key] = try block(indentation: inner.indentation, depth: depth + 1)
      } else {
        members[key] = .null
      }
      if let following = next, following.indentation > indentation {
        throw YAMLError(line: following.number, reason: "an indentation that fits nothing")
      }
    }
    return .object(members)
  }

  /// Reads the lines of a text that stands deeper than its key, each with what it is indented by beyond the first.
  private mutating func lines(deeperThan indentation: Int) -> String {
    var text: [String] = []
    let first = next?.indentation ?? 0
    while let line = next, line.indentation > indentation {
      text.append(String(repeating: " ", count: max(0, line.indentation - first)) + line.text)
      position += 1
    }
    return text.joined(separator: "\n")
  }

  private static func isItem(_ line: Line) -> Bool {
    line.text.utf8.elementsEqual("-".utf8) || line.text.utf8.starts(with: "- ".utf8)
  }

  /// Reads items of scalars and of mappings, the only ones that configurations have.
  private mutating func list(indentation: Int, depth: Int) throws -> JSONValue {
    var items: [JSONValue] = []
    while let line = next, line.indentation == indentation, Self.isItem(line) {
      let text = line.text.dropFirst().drop { $0 == " " }
      if Self.isMember(text) {
        // A mapping's first key stands behind the dash, the others below it.
        let inner = indentation + line.text.utf8.count - text.utf8.count
        lines[position] = Line(number: line.number, indentation: inner, text: text)
        items.append(try block(indentation: inner, depth: depth + 1))
      } else {
        items.append(try Self.scalarOrList(text, line: line.number))
        position += 1
      }
    }
    return .array(items)
  }

  private static func isMember(_ text: Substring) -> Bool {
    guard let first = text.utf8.first, !"\"'[{".utf8.contains(first) else { return false }
    return text.utf8.last == UInt8(ascii: ":") || text.contains(": ")
  }

  private static func member(_ line: Line) throws -> (UTF8Name, Substring) {
    let bytes = line.text.utf8
    var colon = bytes.startIndex
    while let found = bytes[colon...].firstIndex(of: UInt8(ascii: ":")) {
      let after = bytes.index(after: found)
      colon = found
      if after == bytes.endIndex || bytes[after] == UInt8(ascii: " ") { break }
      colon = after
    }
    guard colon < bytes.endIndex, bytes[colon] == UInt8(ascii: ":"), colon > bytes.startIndex else {
      throw YAMLError(line: line.number, reason: "no 'key: value'")
    }
    let key = try scalar(line.text[..<colon], line: line.number)
    let rest = line.text[bytes.index(after: colon)...].drop { $0 == " " }
    guard case .string(let name) = key, name.utf8.count <= UTF8Name.maximumLength else {
      throw YAMLError(line: line.number, reason: "a key that is no name")
    }
    return (UTF8Name(name), rest)
  }

  private static func scalarOrList(_ text: Substring, line: Int) throws -> JSONValue {
    if text.utf8.elementsEqual("{}".utf8) { return .object([:]) }
    guard text.utf8.first == UInt8(ascii: "[") else { return try scalar(text, line: line) }
    guard text.utf8.last == UInt8(ascii: "]"), text.utf8.count >= 2 else {
      throw YAMLError(line: line, reason: "a list that does not end")
    }
    let inner = text.utf8.dropFirst().dropLast()
    if inner.allSatisfy({ $0 == UInt8(ascii: " ") }) { return .array([]) }
    return .array(
      try inner.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false).map {
        try scalar(Substring($0), line: line)
      })
  }

  private static func scalar(_ text: Substring, line: Int) throws -> JSONValue {
    let trimmed = text.trimmingCharacters(in: .whitespaces)
    guard let first = trimmed.utf8.first else { throw YAMLError(line: line, reason: "a value that is missing") }
    if first == UInt8(ascii: "\"") || first == UInt8(ascii: "'") {
      let inner = Substring(trimmed.utf8.dropFirst().dropLast())
      guard trimmed.utf8.count >= 2, trimmed.utf8.last == first, !inner.utf8.contains(first),
        !inner.utf8.contains(UInt8(ascii: "\\"))
      else { throw YAMLError(line: line, reason: "a quoted text that this reader does not know") }
      return .string(String(inner))
    }
    guard !"[]{}&*!|>%@`,?".utf8.contains(first) else {
      throw YAMLError(line: line, reason: "a kind of value that this reader does not know")
    }
    if let integer = Int(trimmed) { return .int(integer) }
    if UTF8Name(trimmed).isASCII, trimmed.utf8.contains(where: { 0x30...0x39 ~= $0 }), let number = Double(trimmed),
      number.isFinite
    {
      return .double(number)
    }
    guard trimmed.utf8.count <= 8 else { return .string(trimmed) }
    switch UTF8Name(trimmed) {
    case "true", "True", "TRUE": return .bool(true)
    case "false", "False", "FALSE": return .bool(false)
    case "null", "Null", "NULL", "~", "None": return .null
    default: return .string(trimmed)
    }
  }
}
