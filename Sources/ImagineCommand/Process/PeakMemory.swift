import Foundation

/// The most memory this process has had at once.
enum PeakMemory {
  /// Bytes that are or were in memory, files mapped into it among them; nil if the system does not tell.
  static var bytes: Int? {
    var usage = rusage()
    #if canImport(Glibc)
      guard getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage) == 0 else { return nil }
      return usage.ru_maxrss * 1024
    #else
      guard getrusage(RUSAGE_SELF, &usage) == 0 else { return nil }
      return usage.ru_maxrss
    #endif
  }
}
