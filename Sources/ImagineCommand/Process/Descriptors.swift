import Foundation

/// The files a process has open, by their numbers.
enum Descriptors {
  /// Enough for the model's files, the system's queues, and what else is open at once.
  private static let needed = 32

  /// Opens what is closed of the three standard streams on `/dev/null`, so that no other file takes its number and with
  /// it the messages that are meant for it. To be called first of all.
  static func openMissingStreams() {
    while true {
      let descriptor = open("/dev/null", O_RDWR)
      guard descriptor >= 0 else { return }
      guard descriptor <= STDERR_FILENO else {
        close(descriptor)
        return
      }
    }
  }

  /// Sees to it that files can be opened where the system would end the process if it could not.
  ///
  /// - Throws: `CommandFailure` if too few can be.
  static func requireSome() throws {
    raiseLimit()
    var opened: [Int32] = []
    defer { for descriptor in opened { close(descriptor) } }
    for _ in 0..<needed {
      let descriptor = open("/dev/null", O_RDONLY | O_CLOEXEC)
      guard descriptor >= 0 else {
        throw CommandFailure.failure(
          "Only \(opened.count) more files may be open at once, and \(needed) are needed: raise the limit, ulimit -n 256."
        )
      }
      opened.append(descriptor)
    }
  }

  /// Raises the soft limit, which a process may do for itself, if it is low.
  private static func raiseLimit() {
    #if canImport(Glibc)
      let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
    #else
      let resource = RLIMIT_NOFILE
    #endif
    var limit = rlimit()
    guard getrlimit(resource, &limit) == 0, limit.rlim_cur < 256 else { return }
    limit.rlim_cur = min(256, limit.rlim_max)
    _ = setrlimit(resource, &limit)
  }
}
