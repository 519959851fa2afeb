public import Foundation

/// What a fetch would bring, before anything is fetched.
public struct HubOffer: Sendable {
  /// A file of it.
  public struct File: Sendable, Hashable {
    public let name: String
    /// Nil where the host does not say it.
    public let byteCount: Int?
  }

  /// What is fetched, such as `owner/name`.
  public let name: String
  public let files: [File]
  /// The licence's short name, such as `openrail++`; nil where the host tells none.
  public let licence: String?
  /// Bytes that are still to come; what is here already, or in part, is not among them. Nil where the host does not say it.
  public let missingBytes: Int?
  /// Bytes that are free where it is kept; nil where that cannot be told.
  public let freeBytes: Int?
  /// The folder that it comes into.
  public let folder: URL

  enum Content: Sendable {
    case repository(RepositoryFolder, RepositoryListing, [RepositoryFile], name: String, path: String?, branch: String?)
    case file(DirectFile)
  }

  let content: Content

  /// Bytes of all files; nil where one is not told.
  public var byteCount: Int? {
    var sum = 0
    for file in files {
      guard let bytes = file.byteCount else { return nil }
      sum += bytes
    }
    return sum
  }
}

/// How far a fetch is.
public struct HubProgress: Sendable, Hashable {
  /// The file that comes.
  public let file: String
  /// Bytes that are here, of all files.
  public let receivedBytes: Int
  /// Bytes of all files; nil where the host does not say it.
  public let totalBytes: Int?
}

/// The disk below a folder, or below the nearest one that is there.
enum FreeSpace {
  static func bytes(at url: URL) -> Int? {
    var url = url.standardizedFileURL, status = statvfs()
    for _ in 0..<64 {
      if statvfs(url.path(percentEncoded: false), &status) == 0 {
        let (bytes, isTooMany) = Int(status.f_bavail).multipliedReportingOverflow(by: Int(status.f_frsize))
        return isTooMany ? nil : bytes
      }
      guard url.path != "/" else { return nil }
      url.deleteLastPathComponent()
    }
    return nil
  }
}
