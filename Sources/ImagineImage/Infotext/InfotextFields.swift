internal import Foundation

/// The line of settings at the end of an infotext: `Key: value, Key: "quoted, value"`.
enum InfotextFields {
  /// Writes one setting. The web UI leaves out a value equal to its key, and cannot read it again; here it stays.
  static func write(_ field: Infotext.Field) -> String { "\(field.key): \(quoted(field.value))" }

  /// The web UI quotes values with a comma, a colon or a line feed; those with a quotation mark or white space at an
  /// end, or with other control characters, would not survive its own parser either.
  private static func quoted(_ value: String) -> String {
    let scalars = value.unicodeScalars
    let needsQuotes =
      scalars.contains { $0 == "," || $0 == ":" || $0.value < 0x20 }
      || scalars.first == "\"" || value.trimmingWhitespace().unicodeScalars.count != scalars.count
    return needsQuotes ? jsonString(value) : value
  }

  /// JSON as Python's `json.dumps(value, ensure_ascii=False)` writes it.
  private static func jsonString(_ value: String) -> String {
    var result = "\""
    for scalar in value.unicodeScalars {
      switch scalar {
      case "\"": result += "\\\""
      case "\\": result += "\\\\"
      case "\n": result += "\\n"
      case "\r": result += "\\r"
      case "\t": result += "\\t"
      case "\u{8}": result += "\\b"
      case "\u{C}": result += "\\f"
      case "\0"..."\u{1F}":
        let hex = String(scalar.value, radix: 16)
        result += "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result + "\""
  }

  /// Finds the settings in a line: all matches of
  /// `\s*(\w[\w \-/]+):\s*("(?:\\.|[^\\"])+"|[^,]*)(?:,|$)`, in time linear in its length.
  static func parse(_ line: String) -> [Infotext.Field] {
    let scalars = Array(line.unicodeScalars)
    var fields: [Infotext.Field] = []
    var position = 0
    while let start = scalars[position...].firstIndex(where: isWord) {
      let keyEnd = scalars[start...].firstIndex { !isKey($0) } ?? scalars.endIndex
      guard keyEnd < scalars.endIndex, scalars[keyEnd] == ":", keyEnd - start >= 2 else {
        position = keyEnd
        continue
      }
      let valueStart =
        scalars[(keyEnd + 1)...].firstIndex { !$0.properties.isWhitespace } ?? scalars.endIndex
      let valueEnd = quotedEnd(in: scalars, from: valueStart) ?? plainEnd(in: scalars, from: valueStart)
      fields.append(
        Infotext.Field(
          key: text(scalars[start..<keyEnd]), value: unquoted(text(scalars[valueStart..<valueEnd]))))
      position = min(valueEnd + 1, scalars.endIndex)
    }
    return fields
  }

  private static func text(_ scalars: ArraySlice<Unicode.Scalar>) -> String {
    String(String.UnicodeScalarView(scalars))
  }

  private static func plainEnd(in scalars: [Unicode.Scalar], from start: Int) -> Int {
    scalars[start...].firstIndex(of: ",") ?? scalars.endIndex
  }

  /// The end of a quoted value, if one starts here and a comma or the end of the line follows it.
  private static func quotedEnd(in scalars: [Unicode.Scalar], from start: Int) -> Int? {
    guard start < scalars.endIndex, scalars[start] == "\"" else { return nil }
    var position = start + 1
    while position < scalars.endIndex, scalars[position] != "\"" {
      position += scalars[position] == "\\" ? 2 : 1
    }
    let end = position + 1
    guard position < scalars.endIndex, position > start + 1, end == scalars.endIndex || scalars[end] == "," else {
      return nil
    }
    return end
  }

  /// Decodes a JSON string; anything else stays as it is.
  private static func unquoted(_ value: String) -> String {
    guard value.utf8.first == UInt8(ascii: "\""), value.utf8.last == UInt8(ascii: "\"") else { return value }
    return (try? JSONDecoder().decode(String.self, from: Data(value.utf8))) ?? value
  }

  private static func isWord(_ scalar: Unicode.Scalar) -> Bool {
    if scalar == "_" { return true }
    switch scalar.properties.generalCategory {
    case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter, .decimalNumber,
      .letterNumber, .otherNumber:
      return true
    default: return false
    }
  }

  private static func isKey(_ scalar: Unicode.Scalar) -> Bool {
    isWord(scalar) || scalar == " " || scalar == "-" || scalar == "/"
  }
}
