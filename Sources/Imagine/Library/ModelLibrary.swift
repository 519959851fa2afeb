public import Foundation

/// Folders with models, where names are looked up.
///
/// A folder may be the root of AUTOMATIC1111 or ComfyUI, one of the folders in it, Hugging Face's cache, or any other with models in
/// it, in folders of their own or not. Files are only read where their place does not say what they are for, and then their names
/// and shapes alone.
public struct ModelLibrary: Sendable, Hashable {
  /// A folder with models.
  public struct Folder: Sendable, Hashable {
    public var url: URL
    /// What all in it is for; nil where names of folders, or else the files, say it.
    public var kind: ModelKind?

    public init(_ url: URL, kind: ModelKind? = nil) {
      self.url = url
      self.kind = kind
    }
  }

  /// Where models are, in the order in which they are looked through.
  public var folders: [Folder]

  public init(folders: [Folder] = []) { self.folders = folders }

  /// All models of a kind, by their names.
  ///
  /// - Throws: `ImagineError` if what lies beside a tree and says where its models are cannot be understood, `CancellationError`.
  public func files(_ kind: ModelKind) throws -> [ModelFile] {
    try entries().compactMap { entry in
      entry.canBe(kind) && entry.kind == kind ? entry.file(kind) : nil
    }.sorted(by: Self.precedes)
  }

  /// All models, by their names, and the files that are of no kind.
  package func all() throws -> (models: [ModelFile], others: [URL]) {
    var models: [ModelFile] = [], others: [URL] = []
    for entry in try entries() {
      if let kind = entry.kind { models.append(entry.file(kind)) } else { others.append(entry.url) }
    }
    return (models.sorted(by: Self.precedes), others)
  }

  /// Capital letters do not count at first; where names are the same, the places decide.
  private static func precedes(_ one: ModelFile, _ other: ModelFile) -> Bool {
    let (left, right) = (one.name.lowercased(), other.name.lowercased())
    return left != right ? left < right : one.url.path < other.url.path
  }

  func entries() throws -> [LibraryEntry] {
    var scan = LibraryScan()
    for folder in folders { try scan.look(into: folder) }
    return scan.entries
  }
}
