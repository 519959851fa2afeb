internal import Foundation
internal import ImagineCheckpoint

/// A walk through folders of models.
///
/// Links are followed, and every file and folder is met once, however many ways lead to it. The walk ends in any folder: how deep it
/// goes, how many names it reads and how many files it takes are bounded.
struct LibraryScan {
  private(set) var entries: [LibraryEntry] = []
  private var seen: Set<FileIdentity> = []
  private var namesRead = 0

  /// Models are seldom in more folders than these.
  private static let deepest = 10
  private static let mostFiles = 100_000
  private static let mostNames = 1_000_000

  /// What two names of one file have in common.
  private struct FileIdentity: Hashable {
    let device: UInt64
    let number: UInt64
  }

  /// Where the walk is.
  private struct Place {
    let url: URL
    /// The path from the folder that was given; empty for that itself.
    let path: String
    let kind: ModelKind?
    var isOfHub = false
    var depth = 0

    func below(_ name: String) -> Place {
      Place(
        url: url.appending(path: name), path: path.isEmpty ? name : "\(path)/\(name)", kind: kind, isOfHub: isOfHub,
        depth: depth + 1)
    }
  }

  /// Looks into a folder that a person named, or that is looked through by habit: one that is not there holds nothing.
  mutating func look(into folder: ModelLibrary.Folder) throws {
    guard Self.isFolder(folder.url) else { return }
    let name = folder.url.resolvingSymlinksInPath().lastPathComponent
    try walk(Place(url: folder.url, path: "", kind: folder.kind ?? ModelKind(folderName: name)))
    guard folder.kind == nil else { return }
    for tree in [folder.url] + (name == "models" ? [folder.url.deletingLastPathComponent()] : []) {
      for place in try ExtraModelPaths.places(beside: tree) where Self.isFolder(place.url) {
        try walk(Place(url: place.url, path: "", kind: place.kind))
      }
    }
  }

  private mutating func walk(_ place: Place) throws {
    guard place.depth <= Self.deepest, entries.count < Self.mostFiles, namesRead < Self.mostNames,
      isNew(place.url, S_IFDIR)
    else { return }
    try Task.checkCancellation()
    guard let names = try? FileManager.default.contentsOfDirectory(atPath: place.url.path(percentEncoded: false)) else {
      return
    }
    namesRead += names.count
    if place.url.lastPathComponent.hasPrefix("models--"), names.contains("snapshots") {
      return try walkRepository(place)
    }
    if Checkpoint.isPipeline(place.url, names) {
      // Beside the folder's own networks there may be whole checkpoints; a network's folder is no model of its own.
      take(place, kind: .checkpoint)
      for name in names.sorted() where LibraryEntry.isWeights(name) { takeFile(place.below(name), isShard: false) }
      return
    }
    if names.contains("config.json"), names.contains(where: LibraryEntry.isWeights) {
      return takeNetwork(place, names)
    }
    let hasIndex = names.contains { $0.hasSuffix(".safetensors.index.json") }
    for name in Self.wanted(names, in: place.url).sorted() where !name.hasPrefix(".") {
      guard entries.count < Self.mostFiles else { return }
      var below = place.below(name)
      if Self.isFolder(below.url) {
        if let kind = ModelKind(folderName: name) {
          below = Place(url: below.url, path: below.path, kind: kind, isOfHub: below.isOfHub, depth: below.depth)
        }
        try walk(below)
      } else if LibraryEntry.isWeights(name) {
        takeFile(below, isShard: hasIndex && name.contains("-of-"))
      }
    }
  }

  /// The root of a program holds much beside models: where it is one, only these folders are looked into.
  private static func wanted(_ names: [String], in folder: URL) -> [String] {
    let marks = ["webui.py", "webui.sh", "launch.py", "comfy", "main.py", "modules_forge"]
    guard names.contains("models"), names.contains(where: marks.contains) else { return names }
    return names.filter { ["models", "embeddings"].contains($0) }
  }

  // MARK: Models

  /// A folder of one network, with its weights in several precisions perhaps; loose files of other names are models of their own.
  private mutating func takeNetwork(_ place: Place, _ names: [String]) {
    let own = names.filter { name in
      LibraryEntry.isWeights(name)
        && ["diffusion_pytorch_model.", "model.", "pytorch_model."].contains { name.hasPrefix($0) }
        || name.contains("-of-")
    }
    if !own.isEmpty { take(place, kind: place.kind) }
    for name in names.sorted() where LibraryEntry.isWeights(name) && !own.contains(name) {
      takeFile(place.below(name), isShard: false)
    }
  }

  /// A repository in Hugging Face's cache: its present version, else the newest.
  private mutating func walkRepository(_ place: Place) throws {
    guard let snapshot = HubCache.presentVersion(of: place.url) else { return }
    let name = String(place.url.lastPathComponent.dropFirst("models--".count)).replacing("--", with: "/")
    let first = entries.count
    try walk(Place(url: snapshot, path: name, kind: place.kind, isOfHub: true, depth: place.depth + 1))
    // The whole model is known by the folder that stays the same from version to version.
    if entries.count > first, entries[first].url == snapshot {
      let entry = entries[first]
      entries[first] = LibraryEntry(url: place.url, path: entry.path, placedKind: entry.placedKind, isOfHub: true)
    }
  }

  private mutating func takeFile(_ place: Place, isShard: Bool) {
    let lower = place.url.lastPathComponent.lowercased()
    guard !isShard, isNew(place.url, S_IFREG) else { return }
    // What AUTOMATIC1111 keeps beside a checkpoint of the same name.
    let isVAE = [".vae.pt", ".vae.ckpt", ".vae.safetensors"].contains { lower.hasSuffix($0) }
    take(place, kind: isVAE ? .vae : place.kind)
  }

  private mutating func take(_ place: Place, kind: ModelKind?) {
    let path = place.path.isEmpty ? place.url.lastPathComponent : place.path
    entries.append(LibraryEntry(url: place.url, path: path, placedKind: kind, isOfHub: place.isOfHub))
  }

  /// Whether something is what it is taken for, and was not met before. A pipe or a device with a model's name is neither.
  private mutating func isNew(_ url: URL, _ kind: mode_t) -> Bool {
    var status = stat()
    guard stat(url.path(percentEncoded: false), &status) == 0, status.st_mode & S_IFMT == kind else { return false }
    return seen.insert(FileIdentity(device: UInt64(truncatingIfNeeded: status.st_dev), number: UInt64(status.st_ino)))
      .inserted
  }

  private static func isFolder(_ url: URL) -> Bool {
    var status = stat()
    return stat(url.path(percentEncoded: false), &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
  }
}
