internal import Foundation
internal import Imagine
internal import ImagineFiles

/// A repository's folder in the cache that Hugging Face's programs share: contents in `blobs` under their hashes, versions as folders of
/// links to them in `snapshots`, and in `refs` which version a branch has.
struct RepositoryFolder: Sendable {
  let url: URL
  private let locks: URL

  init(_ repository: String, in cache: URL) {
    let name = "models--" + repository.replacing("/", with: "--")
    url = cache.appending(path: name)
    locks = cache.appending(path: ".locks").appending(path: name)
  }

  func blob(_ file: RepositoryFile) -> URL { url.appending(path: "blobs").appending(path: file.blob) }

  /// Where a version of the repository is, or will be.
  func snapshot(_ commit: String) -> URL { url.appending(path: "snapshots").appending(path: commit) }

  /// Whether the contents of a file are here, whole.
  func has(_ file: RepositoryFile) -> Bool {
    var status = stat()
    return stat(blob(file).path(percentEncoded: false), &status) == 0 && status.st_mode & S_IFMT == S_IFREG
      && Int(status.st_size) == file.size
  }

  /// Bytes of a file that are here; of one that is not whole, its beginning.
  func bytes(of file: RepositoryFile) -> Int {
    if has(file) { return file.size }
    var status = stat()
    guard stat(partPath(file), &status) == 0 else { return 0 }
    return min(file.size, Int(status.st_size))
  }

  /// Where the beginning of a file is kept, as Hugging Face's programs name it.
  func partPath(_ file: RepositoryFile) -> String { blob(file).path(percentEncoded: false) + ".incomplete" }

  /// Makes the folders that files are put in.
  func prepare() throws(FileFailure) {
    for folder in [url.appending(path: "blobs"), url.appending(path: "snapshots"), url.appending(path: "refs"), locks] {
      _ = try Folder(path: folder.path(percentEncoded: false), making: true)
    }
  }

  /// Holds the right to fetch a file, as Hugging Face's programs hold it; nil if another has it.
  func lock(_ file: RepositoryFile) -> FileLock? {
    FileLock(locks.appending(path: "\(file.blob).lock").path(percentEncoded: false))
  }

  /// Lets a version consist of these files, all of which are here.
  ///
  /// - Parameter branch: what now stands for this version; nil for none.
  func link(_ files: [RepositoryFile], _ commit: String, branch: String?) throws(FileFailure) {
    let snapshot = try Folder(path: snapshot(commit).path(percentEncoded: false), making: true)
    for file in files {
      _ = try snapshot.folder(file.path.folders, making: true)
      let place = self.snapshot(commit).appending(path: file.path.text).path(percentEncoded: false)
      let up = String(repeating: "../", count: file.path.components.count + 1)
      // A link that is there is one to the same contents: versions do not change.
      guard symlink("\(up)blobs/\(file.blob)", place) == 0 || errno == EEXIST else { throw .system() }
    }
    guard let branch, let path = try? RelativePath(branch) else { return }
    let refs = try Folder(path: url.appending(path: "refs").path(percentEncoded: false), making: true)
    try refs.folder(path.folders, making: true).replace(path.name, with: Array(commit.utf8))
  }
}

/// A lock that goes with the value, or with the process.
final class FileLock {
  private let descriptor: Int32

  /// Nil if another process has it, or nothing can be locked there.
  init?(_ path: String) {
    descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o666)
    guard descriptor >= 0 else { return nil }
    guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
      close(descriptor)
      return nil
    }
  }

  deinit { close(descriptor) }
}
