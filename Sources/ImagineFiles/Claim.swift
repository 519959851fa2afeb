internal import Foundation

/// The right to make a file, held against other processes that work in the same folder.
///
/// It is a hidden file with a lock, which goes with the value, or with the process.
package struct Claim: ~Copyable {
  private let folder: Folder
  private let name: String
  private let descriptor: Int32

  /// Claims a key, such as a path; nil if another process has it.
  ///
  /// - Parameter key: a number that stands for what is to be made.
  package init?(_ key: UInt64, in folder: Folder) throws(FileFailure) {
    let name = HiddenFile.name(String(key, radix: 16))
    while true {
      let opened = HiddenFile.open(name, in: folder.descriptor, flags: O_CREAT)
      guard opened >= 0 else { throw .system() }
      if flock(opened, LOCK_EX | LOCK_NB) != 0, errno == EWOULDBLOCK {
        close(opened)
        return nil
      }
      // Its last owner may have removed the file between the two calls.
      guard HiddenFile.isLinked(opened) else {
        close(opened)
        continue
      }
      self.folder = folder
      self.name = name
      descriptor = opened
      return
    }
  }

  deinit {
    unlinkat(folder.descriptor, name, 0)
    close(descriptor)
  }
}
