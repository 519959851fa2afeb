import Foundation

/// What a file is that was given as a prompt file and is none.
enum OtherFormat {
  case utf16, binary, json, jsonLines, table

  /// Nil for what may be a list of prompts.
  ///
  /// - Parameter name: the file's, for its extension.
  init?(_ data: Data, name: String) {
    let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
    let data = data.starts(with: mark) ? Data(data.dropFirst(mark.count)) : data
    let name = name.lowercased()
    if data.starts(with: [0xFF, 0xFE]) || data.starts(with: [0xFE, 0xFF]) {
      self = .utf16
    } else if data.prefix(8000).contains(0) || Self.signatures.contains(where: { data.starts(with: $0) }) {
      self = .binary
    } else if name.hasSuffix(".json") || Self.isJSON(data) {
      self = .json
    } else if name.hasSuffix(".jsonl") || name.hasSuffix(".ndjson") || Self.isJSONLines(data) {
      self = .jsonLines
    } else if name.hasSuffix(".csv") || name.hasSuffix(".tsv") || Self.isTable(data) {
      self = .table
    } else {
      return nil
    }
  }

  var words: String {
    switch self {
    case .utf16: "in UTF-16"
    case .binary: "no text"
    case .json: "JSON, which is not read in this version"
    case .jsonLines: "a list of JSON objects, which is not read in this version"
    case .table: "a table (CSV), which is not read in this version"
    }
  }

  /// How compressed and other files begin that may have no zero among their first bytes.
  private static let signatures: [[UInt8]] = [
    [0x89, 0x50, 0x4E, 0x47], [0xFF, 0xD8, 0xFF], Array("GIF8".utf8), Array("RIFF".utf8), Array("%PDF".utf8),
    [0x1F, 0x8B], [0x28, 0xB5, 0x2F, 0xFD], Array("PK\u{3}\u{4}".utf8), [0x7F, 0x45, 0x4C, 0x46],
  ]

  /// A whole object or list; a prompt may well begin with a bracket.
  private static func isJSON(_ data: Data) -> Bool {
    guard let first = data.first(where: { $0 > 0x20 }), first == UInt8(ascii: "{") || first == UInt8(ascii: "[") else {
      return false
    }
    return (try? JSONSerialization.jsonObject(with: data)) != nil
  }

  private static func isJSONLines(_ data: Data) -> Bool {
    let first = data.prefix { $0 != 0x0A }
    return first.first == UInt8(ascii: "{") && (try? JSONSerialization.jsonObject(with: Data(first))) is [String: Any]
  }

  /// A first line of column names, one of which is for prompts.
  private static func isTable(_ data: Data) -> Bool {
    let first = String(decoding: data.prefix { $0 != 0x0A && $0 != 0x0D }.prefix(2000), as: UTF8.self)
    for separator in [",", ";", "\t"] {
      let columns = first.split(separator: Character(separator), omittingEmptySubsequences: false).map {
        $0.trimmingCharacters(in: CharacterSet(charactersIn: " \"\u{FEFF}")).lowercased()
      }
      if columns.count > 1, columns.contains("prompt"), columns.allSatisfy(columnNames.contains) { return true }
    }
    return false
  }

  /// What the columns of such tables are called; commas are frequent in prompts.
  private static let columnNames: Set<String> = [
    "prompt", "negative prompt", "negative_prompt", "negative-prompt", "negative", "seed", "steps", "width", "height",
    "size",
    "cfg", "cfg scale", "cfg_scale", "cfg-scale", "guidance", "guidance_scale", "sampler", "sampler_name", "scheduler",
    "schedule", "count", "batch_size", "output", "file", "filename", "file_name", "name", "title", "id", "index",
    "number",
    "model", "style", "styles", "category", "tags", "",
  ]
}
