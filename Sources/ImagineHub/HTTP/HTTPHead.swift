/// The beginning of an answer: its status and its headers.
struct HTTPHead: Sendable {
  private(set) var status = 0
  /// By names in small letters; of several of one name the last.
  private var fields: [String: String] = [:]
  private var byteCount = 0

  /// More than any server needs.
  private static let mostBytes = 1 << 18

  subscript(_ name: String) -> String? { fields[name] }

  /// The bytes of the body, if it says so.
  var contentLength: Int? { fields["content-length"].flatMap(Self.number) }

  /// Which bytes of how many come, of `bytes 5-9/10`; nil without.
  var contentRange: (start: Int, total: Int?)? {
    guard let text = fields["content-range"], text.hasPrefix("bytes ") else { return nil }
    let parts = text.dropFirst(6).split(separator: "/", maxSplits: 1)
    guard parts.count == 2,
      let start = parts[0].split(separator: "-", omittingEmptySubsequences: false).first.flatMap({
        Self.number(String($0))
      })
    else {
      return nil
    }
    return (start, Self.number(String(parts[1])))
  }

  /// What a part of the body belongs to: a strong entity tag, else the time of the last change; nil without.
  var validator: String? {
    if let tag = fields["etag"], tag.hasPrefix("\""), tag.utf8.count <= 200 { return tag }
    return fields["last-modified"].flatMap { $0.utf8.count <= 100 ? $0 : nil }
  }

  /// Takes in a line; false if there are too many.
  mutating func add(_ line: String) -> Bool {
    byteCount += line.utf8.count
    guard byteCount <= Self.mostBytes else { return false }
    if line.hasPrefix("HTTP/") {
      // An answer may follow another, as after "100 Continue".
      fields = [:]
      status = line.split(separator: " ").dropFirst().first.flatMap { Int($0.prefix(3).filter(\.isASCII)) } ?? 0
    } else if let colon = line.firstIndex(of: ":") {
      let value = line[line.index(after: colon)...].drop { $0 == " " || $0 == "\t" }
      fields[line[..<colon].lowercased()] = String(value.prefix { !$0.isNewline })
    }
    return true
  }

  /// A number of bytes that can be one.
  private static func number(_ text: String) -> Int? {
    guard !text.isEmpty, text.utf8.count <= 18, text.utf8.allSatisfy({ 0x30...0x39 ~= $0 }) else { return nil }
    return Int(text)
  }
}
