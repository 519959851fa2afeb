internal import Foundation
internal import Imagine
internal import ImagineFiles
internal import Synchronization

/// A file that comes in pieces, over several connections and runs perhaps. What there is of it stays on the disk.
///
/// The file is held against other processes as long as it is open.
final class PartFile: HTTPReceiver {
  /// What is wrong with what comes.
  enum Problem: Sendable {
    /// Another part than the one that was asked for, or of another file.
    case otherPart
    /// More bytes than the file has, by what was said before.
    case tooLong
    /// A page for people.
    case page
    case disk(FileFailure)
  }

  private struct State {
    var count: Int
    /// Bytes of the whole file; nil as long as nobody says.
    var total: Int?
    var problem: Problem?
    var validator: String?
  }

  let path: String
  private let descriptor: Int32
  /// Bytes that the file must have; nil where that is not known beforehand.
  private let expected: Int?
  private let state: Mutex<State>
  private let told: @Sendable (Int) -> Void

  /// Opens what there is, or begins.
  ///
  /// - Parameters:
  ///   - validator: what the part that is there belongs to.
  ///   - told: called with the bytes that are there, as they grow.
  /// - Throws: `FileFailure`; `ImagineError` if another process has it.
  init(
    _ path: String, expected: Int?, validator: String? = nil, told: @escaping @Sendable (Int) -> Void
  ) throws {
    self.path = path
    self.expected = expected
    self.told = told
    descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o666)
    guard descriptor >= 0 else { throw FileFailure.system() }
    if flock(descriptor, LOCK_EX | LOCK_NB) != 0, errno == EWOULDBLOCK {
      close(descriptor)
      throw ImagineError(.downloadFailed, "Another program is fetching the same file: wait for it, or stop it.")
    }
    var status = stat()
    fstat(descriptor, &status)
    state = Mutex(State(count: Int(status.st_size), total: expected, validator: validator))
    if let expected, Int(status.st_size) > expected { restart() }
  }

  deinit { close(descriptor) }

  /// Bytes that are there.
  var count: Int { state.withLock { $0.count } }
  var problem: Problem? { state.withLock { $0.problem } }
  /// Which version the bytes are of, as far as the host says it.
  var validator: String? { state.withLock { $0.validator } }

  /// Whether all bytes are there, as far as that is known.
  var isComplete: Bool { state.withLock { $0.total == $0.count } }
  /// The bytes of the whole file; nil where nobody said.
  var total: Int? { state.withLock { $0.total } }

  /// What to ask for; nil for all of it.
  ///
  /// - Parameter isNamed: whether the address stands for one version of the file, so that nothing else need say it.
  func continuation(isNamed: Bool) -> Courier.Continuation? {
    state.withLock { state in
      guard state.count > 0, isNamed || state.validator != nil else { return nil }
      return Courier.Continuation(start: state.count, validator: isNamed ? nil : state.validator)
    }
  }

  /// Forgets what there is.
  func restart() {
    state.withLock { state in
      ftruncate(descriptor, 0)
      state.count = 0
      state.total = expected
      state.validator = nil
    }
  }

  // MARK: Answers

  func begin(_ head: HTTPHead) -> Bool {
    guard head.status == 200 || head.status == 206 else { return false }
    if head["content-type"]?.lowercased().hasPrefix("text/html") == true { return fail(.page) }
    if head.status == 206 {
      let (count, total, validator) = state.withLock { ($0.count, $0.total, $0.validator) }
      // A host that does not know If-Range goes on with whatever it has now.
      let isOtherVersion = expected == nil && head.validator != nil && head.validator != validator
      guard let range = head.contentRange, range.start == count, !isOtherVersion,
        total == nil || range.total == nil || range.total == total
      else { return fail(.otherPart) }
      state.withLock { $0.total = $0.total ?? range.total }
    } else {
      // All of it, whatever was asked for: another version, or a host that gives no parts.
      restart()
      if let length = head.contentLength {
        guard expected == nil || length <= expected ?? 0 else { return fail(.tooLong) }
        state.withLock { $0.total = expected ?? length }
      }
    }
    state.withLock { state in
      state.problem = nil
      state.validator = head.validator ?? state.validator
    }
    return true
  }

  func receive(_ bytes: UnsafeRawBufferPointer) -> Bool {
    let (count, total) = state.withLock { ($0.count, $0.total) }
    guard bytes.count <= (total ?? .max) - count else { return fail(.tooLong) }
    var rest = bytes, place = count
    while !rest.isEmpty {
      let written = pwrite(descriptor, rest.baseAddress, rest.count, off_t(place))
      if written < 0, errno == EINTR { continue }
      guard written > 0 else { return fail(.disk(.system())) }
      rest = UnsafeRawBufferPointer(rebasing: rest[written...])
      place += written
    }
    state.withLock { $0.count = place }
    told(place)
    return true
  }

  private func fail(_ problem: Problem) -> Bool {
    state.withLock { $0.problem = problem }
    return false
  }

  // MARK: The end

  /// Puts the whole file on the disk, and gives it its name.
  func publish(as destination: String) throws(FileFailure) {
    guard fsync(descriptor) == 0 || [EINVAL, ENOTSUP, EROFS].contains(errno) else { throw .system() }
    guard rename(path, destination) == 0 else { throw .system() }
  }

  /// Removes what there is.
  func remove() { unlink(path) }
}
