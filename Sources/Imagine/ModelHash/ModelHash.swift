internal import Foundation
internal import ImagineFiles
internal import ImagineVulkan
internal import Synchronization

/// The sign by which AUTOMATIC1111 and model sites know a model's file: the first ten digits of its SHA-256.
///
/// To compute it the whole file is read, so that happens once for a file, on a thread of its own that gives way to others,
/// while the first picture is drawn; later runs find it in the user's cache, by the file's path, size and time.
final class ModelHash: Sendable {
  private enum State {
    case computing
    case known(String)
    case unknown
  }

  private let state = Mutex(State.computing)
  private let isStopped = Atomic(false)

  /// - Parameters:
  ///   - url: the model's file; a folder has no hash.
  ///   - cache: the folder for what is kept between runs; nil keeps nothing.
  ///   - keepingFrom: bytes from which on it is worth keeping: smaller files are read in no time.
  ///   - start: bytes that are left out at the beginning. What is kept between runs is of whole files.
  ///   - digits: how many of the hash there are to be.
  init(
    _ url: URL, cache: URL? = VulkanBackend.Configuration.userCache(), keepingFrom: Int = 1 << 26, from start: Int = 0,
    digits: Int = 10
  ) {
    let path = url.path(percentEncoded: false)
    guard let file = HashedFile(path) else {
      settle(nil)
      return
    }
    let cache = file.size < keepingFrom ? nil : cache.map { ModelHashCache($0.path(percentEncoded: false)) }
    if let known = cache?[file] {
      settle(known)
      return
    }
    let thread = Thread { [self] in
      #if os(Linux)
        // On Linux this is the thread's own.
        setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, 10)
      #endif
      let hash = compute(path, from: start, digits: digits)
      // A file that changed meanwhile has neither its old hash nor this one.
      let isSame = hash != nil && HashedFile(path) == file
      if isSame, let hash { cache?.keep(hash, for: file) }
      settle(isSame ? hash : nil)
    }
    thread.name = "imagine hash"
    thread.start()
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

  /// The hash; nil if there is none, or it is not known yet.
  var known: String? {
    guard case .known(let hash) = state.withLock({ $0 }) else { return nil }
    return hash
  }

  private func compute(_ path: String, from start: Int, digits: Int) -> String? {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    guard lseek(descriptor, off_t(start), SEEK_SET) == off_t(start) else { return nil }
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 64)
    defer { buffer.deallocate() }
    var hash = SHA256()
    while !isStopped.load(ordering: .relaxed) {
      let count = read(descriptor, buffer.baseAddress, buffer.count)
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { return nil }
      guard count > 0 else { return String(hash.finish().prefix(digits)) }
      hash.update(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
    }
    return nil
  }
}

/// A regular file as it was at one time.
struct HashedFile: Equatable {
  let size: Int
  /// One line of text.
  let sign: String

  init?(_ path: String) {
    var status = stat()
    guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG, let real = realpath(path, nil) else {
      return nil
    }
    defer { free(real) }
    let name = String(cString: real)
    guard name.utf8.allSatisfy({ $0 >= 0x20 }) else { return nil }
    #if canImport(Darwin)
      let time = status.st_mtimespec
    #else
      let time = status.st_mtim
    #endif
    size = Int(status.st_size)
    sign = "\(status.st_size) \(time.tv_sec).\(time.tv_nsec) \(name)"
  }
}

/// Hashes kept between runs: lines of a hash, a size, a time and a path.
struct ModelHashCache {
  private static let name = "model-hashes"
  private static let mostLines = 200

  private let folder: String

  init(_ folder: String) { self.folder = folder }

  subscript(_ file: HashedFile) -> String? {
    guard let line = lines.first(where: { $0.dropFirst(11).utf8.elementsEqual(file.sign.utf8) }) else { return nil }
    let hash = String(line.prefix(10))
    return hash.utf8.count == 10 && hash.allSatisfy(\.isHexDigit) ? hash : nil
  }

  /// Keeps a hash; where that is not possible it is computed again next time.
  func keep(_ hash: String, for file: HashedFile) {
    let text = ([Substring("\(hash) \(file.sign)")] + lines.prefix(Self.mostLines - 1)).joined(separator: "\n") + "\n"
    try? Folder(path: folder, making: true).replace(Self.name, with: Array(text.utf8))
  }

  private var lines: [Substring] {
    guard let text = try? String(contentsOfFile: folder + "/" + Self.name, encoding: .utf8), text.utf8.count < 1 << 20
    else { return [] }
    return text.split(separator: "\n")
  }
}
