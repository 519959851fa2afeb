internal import Foundation

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
