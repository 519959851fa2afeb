internal import Foundation

#if canImport(Darwin)
  internal import Darwin
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Glibc
#endif

/// A file that is being written under a hidden name in the folder where it shall appear.
///
/// It appears under its own name complete or not at all, and never in place of another file. Whatever happens, the
/// hidden file is removed with the value.
struct PendingFile: ~Copyable {
  private let descriptor: Int32
  private let path: String
  private let destination: String

  /// Makes the hidden file beside `destination`.
  init(for destination: URL) throws(ImageError) {
    self.destination = destination.path
    let folder = destination.deletingLastPathComponent()
    path = folder.appendingPathComponent(".imagine-\(UUID().uuidString).partial", isDirectory: false).path
    descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
    guard descriptor >= 0 else {
      throw .cannotWrite(path: destination.path, reason: FileFailure.system().reason)
    }
  }

  deinit {
    close(descriptor)
    unlink(path)
  }

  /// Writes all bytes and waits until the disk has them.
  func write(_ bytes: [UInt8]) throws(ImageError) {
    var done = 0
    while done < bytes.count {
      let written = bytes.withUnsafeBytes { buffer in
        systemWrite(descriptor, UnsafeRawBufferPointer(rebasing: buffer[done...]))
      }
      if written < 0, errno == EINTR { continue }
      guard written > 0 else { throw failure() }
      done += written
    }
    // Some file systems cannot synchronise; that is no reason to lose a picture.
    guard fsync(descriptor) == 0 || errno == EINVAL || errno == ENOTSUP else { throw failure() }
  }

  /// Gives the file the name `url`, which must be in the same folder; returns false if that name is taken.
  func publish(as url: URL) throws(ImageError) -> Bool {
    if link(path, url.path) == 0 { return true }
    switch errno {
    case EEXIST: return false
    case EPERM, ENOTSUP, ENOSYS, EMLINK, EOPNOTSUPP: return try publishByRenaming(to: url.path)
    default: throw failure()
    }
  }

  /// Takes the name with an empty file of our own and replaces that, for file systems without hard links.
  private func publishByRenaming(to name: String) throws(ImageError) -> Bool {
    let reservation = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
    guard reservation >= 0 else {
      if errno == EEXIST { return false }
      throw failure()
    }
    close(reservation)
    guard rename(path, name) == 0 else {
      let failure = failure()
      unlink(name)
      throw failure
    }
    return true
  }

  private func failure() -> ImageError {
    .cannotWrite(path: destination, reason: FileFailure.system().reason)
  }
}

private func systemWrite(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer) -> Int {
  write(descriptor, bytes.baseAddress, bytes.count)
}

/// Why a file operation failed.
struct FileFailure: Error {
  let reason: String

  /// The failure that `errno` tells of, in the words of the system.
  static func system() -> FileFailure {
    FileFailure(reason: String(cString: strerror(errno)))
  }
}

/// Returns the bytes of a regular file of at most `limit` bytes; pipes and devices, which may never end, are refused.
func readRegularFile(_ path: String, limit: Int) throws(FileFailure) -> [UInt8] {
  let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
  guard descriptor >= 0 else { throw .system() }
  defer { close(descriptor) }
  var status = stat()
  guard fstat(descriptor, &status) == 0 else { throw .system() }
  guard status.st_mode & S_IFMT == S_IFREG else { throw FileFailure(reason: "it is not a regular file") }
  guard let size = Int(exactly: status.st_size), size <= limit else {
    throw FileFailure(reason: "it is larger than \(limit) bytes")
  }
  var failed = false
  let bytes = [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
    while count < size {
      let got = read(descriptor, buffer.baseAddress?.advanced(by: count), size - count)
      if got < 0, errno == EINTR { continue }
      failed = got < 0
      guard got > 0 else { return }
      count += got
    }
  }
  if failed { throw .system() }
  return bytes
}
