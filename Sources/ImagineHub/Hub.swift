public import Foundation
public import Imagine
internal import ImagineFiles

/// Fetches models from Hugging Face, mirrors of it, and other addresses.
///
/// ```swift
/// let hub = try Hub()
/// let offer = try await hub.offer(HubSource("stabilityai/sdxl-turbo"))
/// print(offer.licence ?? "no licence told", offer.byteCount ?? 0)
/// let model = try await hub.fetch(offer) { print($0.receivedBytes) }
/// ```
///
/// What comes from a repository goes into the cache that Hugging Face's programs share, all else into a folder of one's own. A fetch that
/// ends early goes on where it was the next time. Nothing is sent but the names of what is asked for, and a token to the host that it is
/// for; whoever embeds `Imagine` alone links none of this.
public struct Hub: Sendable {
  public let settings: HubSettings
  let courier: Courier

  public init(_ settings: HubSettings) {
    self.init(settings, limits: HTTPLimits(userAgent: "imagine/\(ImagineVersion.number)")) {
      try await Task.sleep(for: $0)
    }
  }

  /// Takes its settings from the environment.
  ///
  /// - Throws: `ImagineError` for settings that make no sense.
  public init() throws { self.init(try HubSettings()) }

  init(_ settings: HubSettings, limits: HTTPLimits, pause: @escaping @Sendable (Duration) async throws -> Void) {
    self.settings = settings
    courier = Courier(limits: limits, tokens: settings.tokens, pause: pause)
  }

  /// Asks what a fetch would bring.
  ///
  /// - Parameters:
  ///   - kind: what a file from an address is for; nil tells it from the file. What comes from a repository needs no telling.
  ///   - allowsPickle: whether pickles are fetched where there are no safetensors.
  ///   - prefersFull: whether weights in 32 bits are fetched where there are weights in 16.
  /// - Throws: `ImagineError`, `CancellationError`.
  public func offer(
    _ source: HubSource, kind: ModelKind? = nil, allowsPickle: Bool = false, prefersFull: Bool = false
  ) async throws -> HubOffer {
    guard !settings.isOffline else {
      throw ImagineError(.downloadFailed, "HF_HUB_OFFLINE is set, so nothing is fetched: unset it to fetch models.")
    }
    switch source {
    case .repository(let name, let path, let revision):
      return try await repositoryOffer(name, path, revision, allowsPickle, prefersFull)
    case .address(let url): return try await addressOffer(url, kind, allowsPickle)
    }
  }

  /// Fetches what is missing of an offer.
  ///
  /// - Parameter progress: called on a thread of its own, many times a second.
  /// - Returns: the file, or the folder that is the model.
  /// - Throws: `ImagineError`, `CancellationError`; what has come by then is kept, and the next fetch goes on from there.
  public func fetch(_ offer: HubOffer, progress: @escaping @Sendable (HubProgress) -> Void = { _ in }) async throws
    -> URL
  {
    if let missing = offer.missingBytes, let free = offer.freeBytes, missing > free {
      throw ImagineError(
        .unwritableOutput,
        "'\(offer.name)' takes \(missing / 1_000_000) MB more, and \(free / 1_000_000) MB are free in "
          + "'\(offer.folder.path(percentEncoded: false))': make room there first.")
    }
    do {
      switch offer.content {
      case .repository(let folder, let listing, let files, let name, let path, let branch):
        return try await fetch(files, listing, into: folder, name, path, branch, progress)
      case .file(let file): return try await fetch(file, progress)
      }
    } catch let failure as FileFailure {
      let place = offer.folder.path(percentEncoded: false)
      throw ImagineError(.unwritableOutput, "In '\(place)' nothing can be kept: \(failure.reason).", path: place)
    }
  }

  // MARK: Repositories

  private static let longestListing = 64_000_000

  /// What to do where Hugging Face wants to know who asks.
  private func access(_ repository: String) -> String {
    let page = settings.endpoint.appending(path: repository).absoluteString
    return settings.token == nil
      ? "accept its conditions at \(page), and give your token in HF_TOKEN"
      : "accept its conditions at \(page) with the account of your token, or check the name"
  }

  private func repositoryOffer(
    _ name: String, _ path: String?, _ revision: String?, _ allowsPickle: Bool, _ prefersFull: Bool
  ) async throws -> HubOffer {
    guard let cache = settings.cache else { throw Self.noHome }
    let address = settings.endpoint.appending(path: "api/models/\(name)/revision/\(revision ?? "main")")
      .appending(queryItems: [URLQueryItem(name: "blobs", value: "true")])
    let text = TextReceiver(limit: Self.longestListing)
    try await courier.persist("the repository '\(name)'", access: access(name)) {
      (try await courier.ask(address, "the repository '\(name)'", into: text), .done)
    }
    guard let listing = text.text.flatMap(RepositoryListing.init) else {
      throw ImagineError(
        .downloadFailed, "'\(settings.endpoint.host() ?? "")' answers with no listing of '\(name)': check the address.")
    }
    let choice = FileChoice(
      repository: name, files: listing.files, allowsPickle: allowsPickle, prefersFull: prefersFull)
    let files = try path.map(choice.files(at:)) ?? choice.model()
    let folder = RepositoryFolder(name, in: cache)
    let missing = files.reduce(0) { $0 + $1.size - folder.bytes(of: $1) }
    // A commit has no branch that could lead to it.
    let branch = revision == nil ? "main" : revision == listing.commit ? nil : revision
    return HubOffer(
      name: name, files: files.map { .init(name: $0.path.text, byteCount: $0.size) }, licence: listing.licence,
      missingBytes: missing, freeBytes: FreeSpace.bytes(at: cache), folder: folder.url,
      content: .repository(folder, listing, files, name: name, path: path, branch: branch))
  }

  private func fetch(
    _ files: [RepositoryFile], _ listing: RepositoryListing, into folder: RepositoryFolder, _ name: String,
    _ path: String?,
    _ branch: String?, _ progress: @escaping @Sendable (HubProgress) -> Void
  ) async throws -> URL {
    try folder.prepare()
    let total = files.reduce(0) { $0 + $1.size }
    var before = 0
    for file in files {
      let start = before
      before += file.size
      if folder.has(file) { continue }
      let shown = file.path.text
      try await fetch(file, listing.commit, into: folder, name) { count in
        progress(HubProgress(file: shown, receivedBytes: start + count, totalBytes: total))
      }
    }
    // Links are made when all is here: a version that is begun would be taken for a whole one.
    try folder.link(files, listing.commit, branch: branch)
    let snapshot = folder.snapshot(listing.commit)
    if files.count == 1, let only = files.first { return snapshot.appending(path: only.path.text) }
    guard let path, !path.isEmpty else { return branch == "main" ? folder.url : snapshot }
    return snapshot.appending(path: path)
  }

  private func fetch(
    _ file: RepositoryFile, _ commit: String, into folder: RepositoryFolder, _ repository: String,
    told: @escaping @Sendable (Int) -> Void
  ) async throws {
    guard let lock = folder.lock(file) else {
      throw ImagineError(.downloadFailed, "Another program is fetching '\(file.name)': wait for it, or stop it.")
    }
    defer { withExtendedLifetime(lock) {} }
    // It may have been fetched between the look and the lock.
    if folder.has(file) { return }
    let url = settings.endpoint.appending(path: "\(repository)/resolve/\(commit)/\(file.path.text)")
    let part = try PartFile(folder.partPath(file), expected: file.size, told: told)
    try await courier.fetch(
      Courier.Errand(
        url: url, name: "'\(TerminalText.line(file.path.text))'", size: file.size, sha256: file.sha256, isNamed: true,
        access: access(repository)), into: part)
    try part.publish(as: folder.blob(file).path(percentEncoded: false))
  }

  static var noHome: ImagineError {
    ImagineError(.unwritableOutput, "There is no folder to keep models in, since HOME is not set: set it.")
  }
}
