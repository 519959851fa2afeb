/// A name of a model as people and pictures have it.
struct ModelQuery {
  /// How an entry's name is that of the query, the best first.
  enum Match: Int, CaseIterable {
    /// With its ending.
    case whole
    case name
    case part
  }

  /// In small letters, with slashes: as written, and without an ending.
  private let path: String
  private let barePath: String
  private let hasFolders: Bool
  /// The digits in `dream.safetensors [e3b0c44298]`, as AUTOMATIC1111 lists models; nil without.
  let hash: String?

  init(_ text: String) {
    var text = text.lowercased().replacing("\\", with: "/")
    if text.hasSuffix("]"), let start = text.lastIndex(of: "["), text[..<start].hasSuffix(" ") {
      hash = String(text[text.index(after: start)...].dropLast())
      text = String(text[..<start].dropLast())
    } else {
      hash = nil
    }
    path = text
    barePath = LibraryEntry.bare(text)
    hasFolders = text.utf8.contains(UInt8(ascii: "/"))
  }

  /// Folders in the query are folders of the entry, the last ones of its path; without any they do not count.
  func match(_ entry: LibraryEntry) -> Match? {
    let whole = entry.path.lowercased(), bare = LibraryEntry.bare(whole)
    if hasFolders {
      if Self.isEnd(path, of: whole) { return .whole }
      if Self.isEnd(barePath, of: bare) { return .name }
    } else {
      if path == LibraryEntry.lastComponent(whole) { return .whole }
      if barePath == LibraryEntry.lastComponent(bare) { return .name }
    }
    return !path.isEmpty && path == barePath && bare.contains(path) ? .part : nil
  }

  /// Whether the last name is exactly that of an entry, whatever its ending and its folders are: pictures tell of folders on other
  /// machines.
  func isNamed(_ entry: LibraryEntry) -> Bool {
    let name = LibraryEntry.lastComponent(barePath)
    return !name.isEmpty && entry.bareName.lowercased() == name
  }

  private static func isEnd(_ path: String, of whole: String) -> Bool {
    whole == path || whole.hasSuffix("/" + path)
  }

  /// Whether a text can be the beginning of a file's hash. A word of letters alone is a name.
  static func isHash(_ text: String) -> Bool {
    6...64 ~= text.utf8.count && text.utf8.allSatisfy { 0x30...0x39 ~= $0 || 0x61...0x66 ~= $0 | 0x20 }
      && text.utf8.contains { 0x30...0x39 ~= $0 }
  }
}
