import Foundation

/// The process's own memory, asked beforehand.
///
/// An array that the system has no memory for ends the process: Swift has no way to say so. Whoever makes one of a size that
/// comes from a file or a request asks here first.
package enum HostMemory {
  /// What small things may take meanwhile.
  private static let reserve = 1 << 25

  /// Whether the process could have so many bytes more at this moment. Nothing stays allocated.
  ///
  /// It is what `malloc` would be told: limits of the process count, and what is far beyond the machine; not whether each
  /// page of it will be there, which Linux decides when it is touched.
  package static func has(_ byteCount: Int) -> Bool {
    let (length, overflow) = max(byteCount, 0).addingReportingOverflow(reserve)
    guard !overflow, let start = mmap(nil, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANON, -1, 0),
      start != MAP_FAILED
    else { return false }
    munmap(start, length)
    return true
  }
}
