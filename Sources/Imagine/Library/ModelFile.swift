public import Foundation

/// A file of a collection, or a folder that is one model.
public struct ModelFile: Sendable, Hashable {
  /// Its name without the ending, by which it is found. What lies in Hugging Face's cache has its repository before it.
  public let name: String
  public let url: URL
  public let kind: ModelKind
  /// Of a folder, the bytes of all files in it.
  public let byteCount: Int

  init(name: String, url: URL, kind: ModelKind, byteCount: Int) {
    (self.name, self.url, self.kind, self.byteCount) = (name, url, kind, byteCount)
  }

  /// A file or a model's folder wherever it is.
  package init(at url: URL, _ kind: ModelKind) {
    self.init(name: LibraryEntry.bare(url.lastPathComponent), url: url, kind: kind, byteCount: url.fileBytes)
  }
}

extension URL {
  /// The bytes of a file, or of all files in a folder, what links lead to included.
  var fileBytes: Int {
    var status = stat()
    guard stat(path(percentEncoded: false), &status) == 0 else { return 0 }
    guard status.st_mode & S_IFMT == S_IFDIR else { return Int(status.st_size) }
    let paths = (try? FileManager.default.subpathsOfDirectory(atPath: path(percentEncoded: false))) ?? []
    return paths.prefix(10_000).reduce(0) { sum, below in
      var status = stat()
      guard stat(appending(path: below).path(percentEncoded: false), &status) == 0,
        status.st_mode & S_IFMT == S_IFREG
      else { return sum }
      return sum.addingReportingOverflow(Int(status.st_size)).partialValue
    }
  }
}
