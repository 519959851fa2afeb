internal import Foundation
internal import ImagineVulkan
internal import Synchronization

/// The SHA-256 of a model's file, by which AUTOMATIC1111 and model sites know it: the first ten digits of the whole file's, or the first
/// twelve of what its weights alone have.
///
/// To compute it the whole file is read, so that happens once for a file, on a thread of its own that gives way to others,
/// while the first picture is drawn; later runs find it in the user's cache, by the file's path, size and time.
final class ModelHash: Sendable {
  /// What of a file is hashed.
  enum Part: Sendable {
    case file
    /// What follows the header of a safetensors file, which stays the same when notes in it change.
    case weights
  }

  private enum State {
    case computing
    case known(String)
    case unknown
  }

  private let state = Mutex(State.computing)
  private let isStopped = Atomic(false)
  private let part: Part

  /// - Parameters:
  ///   - url: the model's file; a folder has no hash.
  ///   - cache: the folder for what is kept between runs; nil keeps nothing.
  ///   - keepingFrom: bytes from which on it is worth keeping: smaller files are read in no time.
  init(
    _ url: URL, _ part: Part = .file, cache: URL? = VulkanBackend.Configuration.userCache(), keepingFrom: Int = 1 << 26
  ) {
    self.part = part
    let path = url.path(percentEncoded: false)
    guard let file = HashedFile(path) else {
      settle(nil)
      return
    }
    let cache = file.size < keepingFrom ? nil : cache.map { ModelHashCache($0.path(percentEncoded: false), part) }
    if let known = cache?[file] {
      settle(known)
      return
    }
    let thread = Thread { [self] in
      #if os(Linux)
        // On Linux this is the thread's own.
        setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, 10)
      #endif
      let hash = compute(path)
      // A file that changed meanwhile has neither its old hash nor this one.
      let isSame = hash != nil && HashedFile(path) == file
      if isSame, let hash { cache?.keep(hash, for: file) }
      settle(isSame ? hash : nil)
    }
    thread.name = "imagine hash"
    thread.start()
  }

  /// The hash, once it is computed; nil for what has none.
  ///
  /// - Throws: `CancellationError`.
  static func of(
    _ url: URL, _ part: Part, cache: URL? = VulkanBackend.Configuration.userCache()
  ) async throws -> String? {
    let hash = ModelHash(url, part, cache: cache)
    defer { hash.stop() }
    while hash.isComputing { try await Task.sleep(for: .milliseconds(20)) }
    return hash.known
  }

  private func settle(_ hash: String?) {
    state.withLock { $0 = hash.map(State.known) ?? .unknown }
  }

  /// Gives up what is not computed yet.
  func stop() { isStopped.store(true, ordering: .relaxed) }

  /// Whether it is not known yet if there is a hash.
  var isComputing: Bool {
    if case .computing = state.withLock({ $0 }) { true } else { false }
  }

  /// The hash, in 64 digits; nil if there is none, or it is not known yet.
  var known: String? {
    guard case .known(let hash) = state.withLock({ $0 }) else { return nil }
    return hash
  }

  private func compute(_ path: String) -> String? {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    if part == .weights {
      guard let start = Self.weightsStart(descriptor), lseek(descriptor, off_t(start), SEEK_SET) == start else {
        return nil
      }
    }
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 64)
    defer { buffer.deallocate() }
    var hash = SHA256()
    while !isStopped.load(ordering: .relaxed) {
      let count = read(descriptor, buffer.baseAddress, buffer.count)
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { return nil }
      guard count > 0 else { return hash.finish() }
      hash.update(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
    }
    return nil
  }

  /// Where the weights of a safetensors file begin; nil for files of other formats.
  private static func weightsStart(_ descriptor: Int32) -> Int? {
    var start = [UInt8](repeating: 0, count: 9), status = stat()
    guard pread(descriptor, &start, 9, 0) == 9, start[8] == UInt8(ascii: "{"), fstat(descriptor, &status) == 0 else {
      return nil
    }
    let length = start[..<8].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    guard length <= 100_000_000, Int(length) + 8 <= Int(status.st_size) else { return nil }
    return Int(length) + 8
  }
}
