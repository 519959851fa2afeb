internal import Foundation
internal import ImagineFiles

/// Returns the bytes of a regular file of at most `limit` bytes; pipes and devices, which may never end, are refused.
func readRegularFile(_ path: String, limit: Int) throws(FileFailure) -> [UInt8] {
  let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
  guard descriptor >= 0 else { throw .system() }
  defer { close(descriptor) }
  var status = stat()
  guard fstat(descriptor, &status) == 0 else { throw .system() }
  guard status.st_mode & S_IFMT == S_IFREG else { throw FileFailure("it is not a regular file") }
  guard let size = Int(exactly: status.st_size), size <= limit else {
    throw FileFailure("it is larger than \(limit) bytes")
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
