public import Foundation
internal import ImagineCheckpoint

extension ModelLibrary {
  /// The file or folder of a name.
  ///
  /// A path that exists is taken as it is. Else it is the one model of the kind with exactly that name, with or without its ending and
  /// the folders before it, capital or small; else the one that has the text in its name; else the one whose hash begins with it: that
  /// of the file (AUTOMATIC1111 shows ten digits of it) or of what follows the header of a `.safetensors` file (twelve), at least six
  /// digits. For hashes, files are read that were never seen, which takes seconds for each.
  /// - Throws: `ImagineError` with code `unreadableModel`, which names the models between which the name does not decide, or the
  ///   nearest names and the folders where nothing was found; `CancellationError`.
  public func find(_ name: String, _ kind: ModelKind) async throws -> URL {
    if let place = Self.place(name) { return place }
    let query = ModelQuery(name), entries = try entries(), found = Self.named(query, kind, entries)
    if let only = found.first, found.count == 1 { return only.url }
    if !found.isEmpty {
      if let hash = query.hash, let one = try await Self.first(of: found, hash) { return one }
      throw Self.ambiguous(name, kind, found)
    }
    let digits = query.hash ?? name
    if ModelQuery.isHash(digits), let found = try await find(hash: digits.lowercased(), kind, entries) { return found }
    throw notFound(name, kind, entries)
  }

  /// The same at once, by a path or a name alone: no file is read for its hash.
  package func findByName(_ name: String, _ kind: ModelKind) throws -> URL {
    if let place = Self.place(name) { return place }
    let entries = try entries(), found = Self.named(ModelQuery(name), kind, entries)
    if found.count > 1 { throw Self.ambiguous(name, kind, found) }
    guard let only = found.first else { throw notFound(name, kind, entries) }
    return only.url
  }

  /// What exists at a path.
  private static func place(_ name: String) -> URL? {
    let place = URL(path: name)
    return !name.isEmpty && FileManager.default.fileExists(atPath: place.path(percentEncoded: false)) ? place : nil
  }

  /// Those whose names are the query's best.
  private static func named(_ query: ModelQuery, _ kind: ModelKind, _ entries: [LibraryEntry]) -> [LibraryEntry] {
    for match in ModelQuery.Match.allCases {
      let found = entries.filter { query.match($0) == match && $0.mayBe(kind) }
      if !found.isEmpty { return found }
    }
    return []
  }

  /// What a picture was drawn with beside its model, by what its settings say: the file of exactly that name, with or without an
  /// ending, wherever it is.
  ///
  /// - Returns: the first of several; nil if there is none.
  /// - Throws: `CancellationError`; `ImagineError` as `files(_:)` does.
  public func file(named name: String, _ kind: ModelKind) throws -> URL? {
    let query = ModelQuery(name)
    return try entries().first { query.isNamed($0) && $0.mayBe(kind) }?.url
  }

  /// The model that a picture was drawn with, by what its settings say.
  ///
  /// A file of that name is taken; only where there is none, or where there are several, are files read for their hash.
  /// - Parameters:
  ///   - name: without its ending, or with that and with folders before it.
  ///   - hash: the first ten digits of the SHA-256 of its file.
  /// - Returns: nil if it is not here.
  /// - Throws: `CancellationError`; `ImagineError` as `files(_:)` does.
  public func checkpoint(named name: String?, hash: String?) async throws -> URL? {
    let entries = try entries(), hash = hash.flatMap { $0.utf8.count == 10 ? $0.lowercased() : nil }
    if let name {
      let query = ModelQuery(name), named = entries.filter { query.isNamed($0) && $0.mayBe(.checkpoint) }
      // Of several the one that it was, if that can be told.
      if named.count > 1, let hash, let found = try await Self.first(of: named, hash) { return found }
      if let found = named.first { return found.url }
    }
    guard let hash else { return nil }
    return try await Self.first(of: entries.filter { $0.mayBe(.checkpoint) }, hash)
  }

  /// The textual inversion that a picture was drawn with, by what its settings say.
  ///
  /// - Returns: the file of that name, and whether it has the hash; of several the one that has it. Nil if there is none.
  /// - Throws: `CancellationError`; `ImagineError` as `files(_:)` does.
  public func embedding(named name: String, hash: String?) async throws -> (file: URL, hasHash: Bool)? {
    let query = ModelQuery(name), named = try entries().filter { query.isNamed($0) && $0.mayBe(.embedding) }
    if let hash, let file = try await Self.first(of: named, hash.lowercased()) { return (file, true) }
    return named.first.map { ($0.url, false) }
  }

  // MARK: Hashes

  private static func first(of entries: [LibraryEntry], _ hash: String) async throws -> URL? {
    for entry in entries where try await ModelHash.of(entry.url, .file)?.hasPrefix(hash) == true { return entry.url }
    return nil
  }

  /// - Throws: `ImagineError` if several files begin so.
  private func find(hash: String, _ kind: ModelKind, _ entries: [LibraryEntry]) async throws -> URL? {
    let candidates = entries.filter { $0.mayBe(kind) }
    // Most sites tell ten digits of a whole file, and twelve of its weights.
    let parts: [ModelHash.Part] = hash.utf8.count == 12 ? [.weights, .file] : [.file, .weights]
    for part in parts {
      var found: [LibraryEntry] = []
      for entry in candidates where try await ModelHash.of(entry.url, part)?.hasPrefix(hash) == true {
        found.append(entry)
        // So many digits belong to one file.
        if hash.utf8.count >= 10 { return entry.url }
      }
      if found.count > 1 { throw Self.ambiguous(hash, kind, found) }
      if let only = found.first { return only.url }
    }
    return nil
  }

  // MARK: Messages

  private static let mostNamed = 8

  private static func ambiguous(_ name: String, _ kind: ModelKind, _ found: [LibraryEntry]) -> ImagineError {
    let names = found.map(\.name)
    // Models of one name are told apart by their paths.
    let shown = Set(names).count == names.count ? names : found.map { $0.url.path(percentEncoded: false) }
    return ImagineError(
      .unreadableModel,
      "\(quoted(name)) could be \(list(shown.sorted())): say more of the \(kind.name)'s name, or its path.")
  }

  private func notFound(_ name: String, _ kind: ModelKind, _ entries: [LibraryEntry]) -> ImagineError {
    let start = "There is no file or folder \(quoted(name)), and no \(kind.name) of that name"
    let there = folders.map(\.url).filter {
      FileManager.default.fileExists(atPath: $0.path(percentEncoded: false))
    }.map { $0.path(percentEncoded: false) }
    guard !there.isEmpty else {
      return ImagineError(.unreadableModel, "\(start), since there is no folder of models: name its path.", path: name)
    }
    let nearest = nearest(name, kind, entries)
    let hint =
      nearest.isEmpty
      ? "name its path" : "\(nearest.count == 1 ? "the nearest name is" : "near names are") \(Self.list(nearest))"
    return ImagineError(.unreadableModel, "\(start) in \(Self.list(there)): \(hint).", path: name)
  }

  /// Names that may have been meant, the most likely first.
  private func nearest(_ name: String, _ kind: ModelKind, _ entries: [LibraryEntry]) -> [String] {
    var rest = Set(entries.map { $0.bareName.lowercased() }), nearest: [String] = []
    let word = LibraryEntry.bare(LibraryEntry.lastComponent(name.lowercased()))
    for _ in 0..<20 where nearest.count < 3 {
      guard let next = NearestName.of(word, among: rest) else { break }
      rest.remove(next)
      if let entry = entries.first(where: { $0.bareName.lowercased() == next && $0.mayBe(kind) }) {
        nearest.append(entry.name)
      }
    }
    return nearest
  }

  private static func list(_ names: [String]) -> String {
    let shown = names.prefix(mostNamed).map(quoted)
    let more = names.count > mostNamed ? " and \(names.count - mostNamed) more" : ""
    guard let last = shown.last, shown.count > 1, more.isEmpty else { return shown.joined(separator: ", ") + more }
    return shown.dropLast().joined(separator: ", ") + " or " + last
  }
}
