package import Foundation

/// Which file it is and when somebody last wrote to it: what tells it from every other file, and from itself at other
/// times.
package struct FileVersion: Sendable, Hashable {
  /// What changes when somebody writes to a file.
  struct Contents: Sendable, Hashable {
    var size = 0
    var seconds = 0
    var nanoseconds = 0
  }

  private(set) var contents = Contents()
  private var device = 0
  private var number: UInt64 = 0

  /// Of what is no file.
  init() {}

  /// Of the file at a place as it is now; nil if there is none.
  package init?(at url: URL) {
    var status = stat()
    guard stat(url.path(percentEncoded: false), &status) == 0 else { return nil }
    self.init(status)
  }

  init(_ status: stat) {
    #if canImport(Darwin)
      let time = status.st_mtimespec
    #else
      let time = status.st_mtim
    #endif
    contents = Contents(size: Int(status.st_size), seconds: Int(time.tv_sec), nanoseconds: Int(time.tv_nsec))
    device = Int(truncatingIfNeeded: status.st_dev)
    number = UInt64(status.st_ino)
  }
}

extension Checkpoint {
  /// That weights of a network come from a file.
  package struct Share: Sendable, Hashable {
    /// How the names of the weights begin.
    let network: String
    let file: FileVersion
  }

  /// Which files the networks come from.
  package var shares: Set<Share> {
    Set(tensors.map { Share(network: String($0.key.prefix { $0 != "." }), file: $0.value.fileVersion) })
  }
}
