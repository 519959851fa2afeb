internal import Foundation

/// A regular file as read-only memory, paged in by the system as it is touched.
///
/// Memory of a file that another program cuts short is gone, and touching it raises SIGBUS. So who reads asks
/// `requireUnchanged` before and after: what is left is a file cut short within those milliseconds, and a disk that fails.
/// A library cannot answer for these, since signals are the whole process's; the command does.
final class MappedFile: @unchecked Sendable {  // The mapping is immutable and lives as long as the object.
  let url: URL
  let bytes: UnsafeRawBufferPointer
  private let isMapped: Bool
  /// Kept open to ask about the file; nil for a file that is no file.
  private let descriptor: Int32?
  let version: FileVersion

  /// Stands for a file that was built into the program: `bytes` must stay valid as long as the program runs.
  init(permanent bytes: UnsafeRawBufferPointer, name: String) {
    url = URL(filePath: name)
    self.bytes = bytes
    isMapped = false
    descriptor = nil
    version = FileVersion()
  }

  /// Maps the whole file.
  init(_ url: URL) throws {
    let name = quoted(url.lastPathComponent)
    // Not blocking: opening a named pipe would wait for a writer.
    let descriptor = open(url.path(percentEncoded: false), O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else {
      if errno == ENOENT || errno == ENOTDIR {
        throw CheckpointError(
          .fileNotFound, "There is no file \(quoted(url.path(percentEncoded: false))): check the path.")
      }
      throw CheckpointError(
        .unreadableFile,
        "The file \(name) cannot be opened (\(String(cString: strerror(errno)))): check its permissions.")
    }
    var owned = true
    defer { if owned { close(descriptor) } }

    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG, let size = Int(exactly: status.st_size)
    else { throw CheckpointError(.notAFile, "\(name) is not a regular file: give the path of a model file.") }

    self.url = url
    version = FileVersion(status)
    guard size > 0 else {
      isMapped = false
      self.descriptor = nil
      bytes = UnsafeRawBufferPointer(start: nil, count: 0)
      return
    }
    guard let start = mmap(nil, size, PROT_READ, MAP_PRIVATE, descriptor, 0), start != MAP_FAILED else {
      throw CheckpointError(
        .unreadableFile,
        "The file \(name) cannot be mapped into memory (\(String(cString: strerror(errno)))): copy it to a local disk.")
    }
    isMapped = true
    bytes = UnsafeRawBufferPointer(start: start, count: size)
    self.descriptor = descriptor
    owned = false
  }

  /// - Throws: `CheckpointError` if the file was written to since it was opened. One that was deleted or replaced by another
  ///   of its name stays as it was for who has it open.
  func requireUnchanged() throws(CheckpointError) {
    guard let descriptor else { return }
    var status = stat()
    guard fstat(descriptor, &status) == 0, FileVersion(status).contents == version.contents else {
      throw CheckpointError(
        .changedFile,
        "\(quoted(url.lastPathComponent)) was changed while it was in use: wait until it is complete, and start again.")
    }
  }

  /// Bytes around a touched one that Linux may bring into memory with it, where they are in its cache.
  private static let faultAround = 1 << 16

  /// Lets the system take back the memory of bytes that will hardly be read again.
  ///
  /// Pages of a mapped file count as the process's memory once they were touched, and those around them that came with
  /// them. Reading them again later works, and costs little while the file is in the system's cache.
  func release(_ range: Range<Int>) {
    guard isMapped, let start = bytes.baseAddress, !range.isEmpty else { return }
    let lower = range.lowerBound / Self.faultAround * Self.faultAround
    let upper = min((range.upperBound + Self.faultAround - 1) / Self.faultAround * Self.faultAround, bytes.count)
    madvise(UnsafeMutableRawPointer(mutating: start + lower), upper - lower, MADV_DONTNEED)
  }

  deinit {
    if isMapped, let start = bytes.baseAddress { munmap(UnsafeMutableRawPointer(mutating: start), bytes.count) }
    if let descriptor { close(descriptor) }
  }
}
