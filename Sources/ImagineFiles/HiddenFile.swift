internal import Foundation

/// Files of ours that are not meant to be seen: what is being written, and claims on what will be.
///
/// Whoever made one holds a lock on it as long as it is wanted; one without a lock was left by a process that was killed.
enum HiddenFile {
  private static let prefix = ".imagine-"
  private static let suffix = ".partial"

  static func isName(_ name: String) -> Bool { name.hasPrefix(prefix) && name.hasSuffix(suffix) }

  static func name(_ middle: String) -> String { prefix + middle + suffix }

  /// Makes a new one, locked, under a name that nobody else has.
  static func make(in folder: Int32) throws(FileFailure) -> (descriptor: Int32, name: String) {
    while true {
      let name = name(UUID().uuidString)
      let descriptor = openat(folder, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
      guard descriptor >= 0 else { throw .system() }
      // Where there are no locks, nothing is ever swept either; elsewhere a sweep may come between the two calls.
      _ = flock(descriptor, LOCK_EX | LOCK_NB)
      if isLinked(descriptor) { return (descriptor, name) }
      close(descriptor)
    }
  }

  /// Opens one to lock it: for writing where that is allowed, since some network file systems lock no other; for reading
  /// where it is another user's.
  static func open(_ name: String, in folder: Int32, flags: Int32 = 0) -> Int32 {
    let usual = flags | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC
    let opened = openat(folder, name, O_RDWR | usual, 0o666)
    return opened < 0 && errno == EACCES ? openat(folder, name, O_RDONLY | usual, 0o666) : opened
  }

  /// Whether an open file still has a name.
  static func isLinked(_ descriptor: Int32) -> Bool {
    var status = stat()
    return fstat(descriptor, &status) == 0 && status.st_nlink > 0
  }
}

extension Folder {
  /// Removes what killed processes left here.
  package func sweep() {
    let listed = openat(descriptor, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard listed >= 0 else { return }
    guard let entries = fdopendir(listed) else {
      close(listed)
      return
    }
    defer { closedir(entries) }
    while let entry = readdir(entries) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
        pointer.withMemoryRebound(to: CChar.self, capacity: MemoryLayout.size(ofValue: pointer.pointee)) {
          String(cString: $0)
        }
      }
      if HiddenFile.isName(name) { removeIfAbandoned(name) }
    }
  }

  private func removeIfAbandoned(_ name: String) {
    let opened = HiddenFile.open(name, in: descriptor)
    guard opened >= 0 else { return }
    defer { close(opened) }
    if flock(opened, LOCK_EX | LOCK_NB) == 0 { unlinkat(descriptor, name, 0) }
  }
}
