internal import Foundation

/// An open folder: what is named below it stays below it, whatever becomes of its path meanwhile.
package final class Folder: Sendable {
  let descriptor: Int32

  private init(descriptor: Int32) { self.descriptor = descriptor }

  deinit { close(descriptor) }

  #if os(Linux)
    /// `O_PATH`, which the C library shows to GNU sources only: a descriptor to look below, which takes no permission to
    /// list.
    private static let access = 0o10_000_000 | O_DIRECTORY | O_CLOEXEC
  #else
    private static let access = O_RDONLY | O_DIRECTORY | O_CLOEXEC
  #endif

  /// Opens the folder a person named, through links as always; empty is the current one.
  ///
  /// - Parameter making: whether folders that are missing are made, parents first.
  package convenience init(path: String, making: Bool = false) throws(FileFailure) {
    let path = path.isEmpty ? "." : path
    var opened = systemOpen(path, Self.access)
    if opened < 0, errno == ENOENT, making {
      try Self.makeFolders(path)
      opened = systemOpen(path, Self.access)
    }
    guard opened >= 0 else { throw .system() }
    self.init(descriptor: opened)
  }

  private static func makeFolders(_ path: String) throws(FileFailure) {
    let slash = UInt8(ascii: "/"), bytes = Array(path.utf8)
    for end in bytes.indices.dropFirst() + [bytes.count]
    where end == bytes.count || bytes[end] == slash && bytes[end - 1] != slash {
      guard mkdir(String(decoding: bytes[..<end], as: UTF8.self), 0o777) == 0 || errno == EEXIST || errno == EISDIR
      else { throw .system() }
    }
  }

  /// Opens a folder below this one, never through a link.
  ///
  /// - Parameter making: whether folders that are missing are made.
  package func folder(_ components: some Sequence<String>, making: Bool = false) throws(FileFailure) -> Folder {
    var folder = self
    for name in components {
      var opened = openat(folder.descriptor, name, Self.access | O_NOFOLLOW)
      if opened < 0, errno == ENOENT, making {
        guard mkdirat(folder.descriptor, name, 0o777) == 0 || errno == EEXIST else { throw .system() }
        opened = openat(folder.descriptor, name, Self.access | O_NOFOLLOW)
      }
      guard opened >= 0 else {
        throw errno == ELOOP || errno == ENOTDIR ? FileFailure("'\(name)' is not a folder") : .system()
      }
      folder = Folder(descriptor: opened)
    }
    return folder
  }

  /// What a name stands for.
  package enum Kind: Sendable, Equatable {
    case file, folder, other
  }

  /// What is at a path below this folder, the end of a link as the link; nil if there is nothing.
  package func kind(of path: RelativePath) -> Kind? {
    let folder = path.folders.isEmpty ? self : try? folder(path.folders)
    var status = stat()
    guard let folder, fstatat(folder.descriptor, path.name, &status, AT_SYMLINK_NOFOLLOW) == 0 else { return nil }
    switch status.st_mode & S_IFMT {
    case S_IFREG: return .file
    case S_IFDIR: return .folder
    default: return .other
    }
  }

  /// Opens a regular file below this folder for reading; what a link at its end points to counts as the file.
  ///
  /// - Returns: a descriptor for the caller to close.
  package func open(_ path: RelativePath) throws(FileFailure) -> Int32 {
    let folder = path.folders.isEmpty ? self : try folder(path.folders)
    // Not blocking: opening a named pipe would wait for a writer.
    let opened = openat(folder.descriptor, path.name, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard opened >= 0 else { throw .system() }
    return opened
  }

  /// Fails as the first file would that is to be written here.
  package func requireWritable() throws(FileFailure) {
    _ = try NewFile(in: self)
  }
}

/// `open`, which inside `Folder` would be the method.
private func systemOpen(_ path: String, _ flags: Int32) -> Int32 { open(path, flags) }
