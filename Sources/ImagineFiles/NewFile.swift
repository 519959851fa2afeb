internal import Foundation

/// A file that is being written in the folder where it shall appear.
///
/// It appears under its name complete or not at all, and never in place of another file unless told so. Until then it has no name at
/// all, so that nothing is left of it however the process ends; on file systems that cannot do that it has a hidden one,
/// which a later run sweeps away (`Folder.sweep`).
package struct NewFile: ~Copyable {
  private let folder: Folder
  private var descriptor: Int32
  /// Nil for a file without a name.
  private var hiddenName: String?

  #if os(Linux)
    /// `O_TMPFILE`, which the C library shows to GNU sources only.
    private static let nameless = 0o20_000_000 | O_DIRECTORY
  #endif

  /// Makes the file, without its name.
  ///
  /// - Parameter triesNameless: false takes the way of file systems that know no files without a name.
  package init(in folder: Folder, triesNameless: Bool = true) throws(FileFailure) {
    self.folder = folder
    (descriptor, hiddenName) = try Self.make(in: folder.descriptor, triesNameless: triesNameless)
  }

  private static func make(
    in folder: Int32, triesNameless: Bool
  ) throws(FileFailure) -> (descriptor: Int32, hiddenName: String?) {
    #if os(Linux)
      if triesNameless {
        let descriptor = openat(folder, ".", nameless | O_RDWR | O_CLOEXEC, 0o666)
        if descriptor >= 0 { return (descriptor, nil) }
        // What is too old for files without a name says so in one of many ways.
        guard [EOPNOTSUPP, EISDIR, ENOENT, EINVAL, ENOSYS].contains(errno) else { throw .system() }
      }
    #endif
    let hidden = try HiddenFile.make(in: folder)
    return (hidden.descriptor, hidden.name)
  }

  deinit {
    close(descriptor)
    if let hiddenName { unlinkat(folder.descriptor, hiddenName, 0) }
  }

  /// Appends bytes.
  package func write(_ bytes: UnsafeRawBufferPointer) throws(FileFailure) {
    try writeAll(bytes, to: descriptor)
  }

  package func write(_ bytes: [UInt8]) throws(FileFailure) {
    try writeAll(bytes, to: descriptor)
  }

  /// Waits until the disk has all bytes.
  package func synchronize() throws(FileFailure) {
    // Some file systems cannot; that is no reason to lose a picture.
    guard fsync(descriptor) == 0 || [EINVAL, ENOTSUP, EROFS].contains(errno) else { throw .system() }
  }

  /// Gives the file its name, which is one component; returns false if that name is taken.
  package mutating func publish(as name: String) throws(FileFailure) -> Bool {
    if hiddenName == nil {
      if let done = try publishNameless(as: name) { return done }
      try takeHiddenName()
    }
    guard let hiddenName else { return false }
    if linkat(folder.descriptor, hiddenName, folder.descriptor, name, 0) == 0 { return true }
    switch errno {
    case EEXIST: return false
    case EPERM, ENOTSUP, ENOSYS, EMLINK, EOPNOTSUPP: return try publishByRenaming(hiddenName, to: name)
    default: throw .system()
    }
  }

  /// Gives the file its name, in place of a file that has it.
  package mutating func publish(replacing name: String) throws(FileFailure) {
    if try publish(as: name) { return }
    if hiddenName == nil { try takeHiddenName() }
    guard let hiddenName, renameat(folder.descriptor, hiddenName, folder.descriptor, name) == 0 else {
      throw .system()
    }
    self.hiddenName = nil
  }

  /// Gives a name to a file without one; nil where that is not possible, as without `/proc`.
  private func publishNameless(as name: String) throws(FileFailure) -> Bool? {
    if linkat(AT_FDCWD, "/proc/self/fd/\(descriptor)", folder.descriptor, name, AT_SYMLINK_FOLLOW) == 0 { return true }
    switch errno {
    case EEXIST: return false
    case ENOENT, EPERM, EACCES, EXDEV, ENOSYS, EOPNOTSUPP, EINVAL, ELOOP, ENOTDIR: return nil
    default: throw .system()
    }
  }

  /// Copies the file to one with a hidden name.
  private mutating func takeHiddenName() throws(FileFailure) {
    let hidden = try HiddenFile.make(in: folder.descriptor)
    let old = descriptor
    descriptor = hidden.descriptor
    hiddenName = hidden.name
    defer { close(old) }
    guard lseek(old, 0, SEEK_SET) == 0 else { throw .system() }
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 16)
    defer { buffer.deallocate() }
    while true {
      let count = read(old, buffer.baseAddress, buffer.count)
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { throw .system() }
      guard count > 0 else { break }
      try write(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
    }
    try synchronize()
  }

  /// Takes the name with an empty file of our own and replaces that, for file systems without hard links.
  private mutating func publishByRenaming(_ hidden: String, to name: String) throws(FileFailure) -> Bool {
    let reservation = openat(folder.descriptor, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
    guard reservation >= 0 else {
      if errno == EEXIST { return false }
      throw .system()
    }
    close(reservation)
    guard renameat(folder.descriptor, hidden, folder.descriptor, name) == 0 else {
      let failure = FileFailure.system()
      unlinkat(folder.descriptor, name, 0)
      throw failure
    }
    hiddenName = nil
    return true
  }
}

package func writeAll(_ bytes: [UInt8], to descriptor: Int32) throws(FileFailure) {
  let result = bytes.withUnsafeBytes { buffer in
    Result { () throws(FileFailure) in try writeAll(buffer, to: descriptor) }
  }
  try result.get()
}

/// Writes all bytes to a descriptor.
package func writeAll(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32) throws(FileFailure) {
  var rest = bytes
  while !rest.isEmpty {
    let written = write(descriptor, rest.baseAddress, rest.count)
    if written < 0, errno == EINTR { continue }
    guard written > 0 else { throw .system() }
    rest = UnsafeRawBufferPointer(rebasing: rest[written...])
  }
}
