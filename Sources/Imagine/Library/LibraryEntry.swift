internal import Foundation

/// What was found in a folder of models.
struct LibraryEntry {
  let url: URL
  /// Its path below the folder that was given, with slashes; in Hugging Face's cache, behind the repository.
  let path: String
  /// What its place says it is for; nil where only the file can say it.
  let placedKind: ModelKind?
  /// Whether the path begins with a repository of Hugging Face.
  let isOfHub: Bool

  /// The path without the file's ending.
  var barePath: String { Self.bare(path) }
  /// The name without the ending.
  var bareName: String { Self.bare(LibraryEntry.lastComponent(path)) }
  /// By what a person would call it.
  var name: String { isOfHub ? barePath : bareName }

  /// What it is for; files whose place does not say it are opened. Nil where that does not help.
  var kind: ModelKind? {
    switch placedKind {
    // AUTOMATIC1111 keeps both in one folder.
    case .controlNet where ModelKind(recognising: url) == .ipAdapter: .ipAdapter
    case let kind?: kind
    case nil: ModelKind(recognising: url)
    }
  }

  /// Whether it is worth opening to see if it is of a kind: embeddings are looked for at every drawing, and are small files.
  func canBe(_ wanted: ModelKind) -> Bool {
    guard placedKind == nil else { return true }
    return wanted != .embedding || (HashedFile(url.path(percentEncoded: false))?.size ?? .max) <= 1 << 26
  }

  /// Whether it may be of a kind. What cannot be read may be anything: to open it says why it cannot.
  func mayBe(_ wanted: ModelKind) -> Bool {
    if placedKind == wanted { return true }
    guard canBe(wanted) else { return false }
    if let placedKind, placedKind != .controlNet { return false }
    let kind = kind
    return kind == wanted || kind == nil && placedKind == nil
  }

  func file(_ kind: ModelKind) -> ModelFile {
    ModelFile(name: name, url: url, kind: kind, byteCount: url.fileBytes)
  }

  static let endings = ["safetensors", "sft", "ckpt", "pt", "pth", "bin", "gguf"]

  static func isWeights(_ name: String) -> Bool {
    let lower = name.lowercased()
    return endings.contains { lower.hasSuffix(".\($0)") } || lower.hasSuffix(".safetensors.index.json")
  }

  /// `Dream.vae.safetensors` -> `Dream.vae`
  static func bare(_ name: String) -> String {
    let lower = name.lowercased()
    for ending in [".safetensors.index.json"] + endings.map({ "." + $0 }) where lower.hasSuffix(ending) {
      return String(name.dropLast(ending.count))
    }
    return name
  }

  /// The name of a file by its path as a program wrote it down, on whatever system, without an ending.
  static func recordedName(_ path: String) -> String { bare(lastComponent(path.replacing("\\", with: "/"))) }

  static func lastComponent(_ path: String) -> String {
    path.utf8.lastIndex(of: UInt8(ascii: "/")).map { String(path[path.utf8.index(after: $0)...]) } ?? path
  }
}
