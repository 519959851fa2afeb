import Foundation
import Imagine
import Synchronization

/// Pictures that were read from files, the last few of them kept: lines of a prompt file often share one.
final class SourcePictures: Sendable {
  private static let most = 4
  private let read = Mutex<[(path: String, picture: SourcePicture)]>([])

  /// The picture in a file.
  ///
  /// - Throws: `ImagineError` for what is none.
  func picture(_ path: String) throws -> SourcePicture {
    try read.withLock { read in
      if let known = read.first(where: { $0.path == path }) { return known.picture }
      let picture = try SourcePicture(contentsOf: URL(literalPath: path))
      if read.count == Self.most { read.removeFirst() }
      read.append((path, picture))
      return picture
    }
  }
}
