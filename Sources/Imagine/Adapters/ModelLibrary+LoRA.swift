public import Foundation
internal import ImagineCheckpoint
internal import Synchronization

extension ModelLibrary {
  /// The LoRA that a picture was drawn with, by what its settings say.
  ///
  /// - Parameters:
  ///   - name: as prompts have it.
  ///   - hash: twelve digits, as AUTOMATIC1111 writes it into pictures; nil if it is not said.
  /// - Returns: the file, and whether it has the hash: one of the name that has it, else one of any name that has it, else one of
  ///   the name. Nil if there is none.
  /// - Throws: `CancellationError`; `ImagineError` as `files(_:)` does.
  public func lora(named name: String, hash: String?) async throws -> (file: URL, hasHash: Bool)? {
    let entries = try entries(), query = ModelQuery(name)
    let named = entries.filter { query.isNamed($0) && $0.mayBe(.lora) }
    if let hash = hash?.lowercased(), hash.utf8.count == LoRAHashes.digits {
      let others = entries.filter { !query.isNamed($0) && $0.mayBe(.lora) }
      for entry in named + others where try await LoRAHashes.hash(of: entry.url) == hash { return (entry.url, true) }
    }
    return named.first.map { ($0.url, false) }
  }
}

/// The LoRAs of a library, looked for when one is first named.
final class NamedLoRAs: Sendable {
  private let library: ModelLibrary
  private let found = Mutex<[LibraryEntry]?>(nil)

  init(_ library: ModelLibrary) { self.library = library }

  /// The file of a name: the one that has exactly that name, with or without its ending and the folders before it; else the one
  /// that has the text in its name.
  ///
  /// - Returns: nil if there is none.
  /// - Throws: `ImagineError` where the name does not decide, and as `ModelLibrary.files(_:)` does.
  func file(named name: String) throws -> URL? {
    let query = ModelQuery(name), entries = try entries
    for match in ModelQuery.Match.allCases {
      let found = entries.filter { query.match($0) == match && $0.mayBe(.lora) }
      guard let first = found.first else { continue }
      guard found.count == 1 else {
        let names = found.prefix(8).map { quoted($0.barePath) }.joined(separator: ", ")
        throw ImagineError(
          .invalidRequest, "The LoRA \(quoted(name)) could be \(names): say more of its name, or give its file.")
      }
      return first.url
    }
    return nil
  }

  private var entries: [LibraryEntry] {
    get throws {
      try found.withLock { found in
        if let found { return found }
        let entries = try library.entries()
        found = entries
        return entries
      }
    }
  }
}
