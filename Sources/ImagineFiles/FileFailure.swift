internal import Foundation

/// What the system refused to do with a file.
package struct FileFailure: Error, Sendable, Hashable {
  /// The system's number, such as `ENOSPC`; 0 where it is not the system that refuses.
  package let code: Int32
  /// In the system's words, without a full stop.
  package let reason: String

  package init(code: Int32) {
    self.code = code
    reason = String(cString: strerror(code))
  }

  package init(_ reason: String) {
    code = 0
    self.reason = reason
  }

  /// The failure that `errno` tells of.
  package static func system() -> FileFailure { FileFailure(code: errno) }

  /// Whether the next file will fare no better: the disk is full, read-only or broken, or files may not grow.
  package var concernsAllFiles: Bool {
    [ENOSPC, EDQUOT, EROFS, EIO, EFBIG, ENODEV, ENXIO, ESTALE].contains(code)
  }
}
