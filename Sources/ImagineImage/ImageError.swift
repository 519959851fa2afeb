/// What can go wrong with pictures and the files that hold them.
package enum ImageError: Error, Equatable, CustomStringConvertible {
  /// Width, height and number of pixels do not make a picture.
  case invalidSize(width: Int, height: Int, values: Int)
  /// A computed picture holds a value that is not a number or infinite, at this place in the values given.
  case notFinite(index: Int)
  /// A text chunk cannot be stored.
  case invalidText(keyword: String, reason: String)
  /// A file exists where a new one was to be written.
  case alreadyExists(path: String)
  /// A file could not be read, or is no picture that can be accepted.
  case cannotRead(path: String, reason: String)
  /// A file could not be written; nothing remains of it.
  case cannotWrite(path: String, reason: String)

  package var description: String {
    switch self {
    case .invalidSize(let width, let height, let values):
      "\(values) values do not make an RGB picture of \(width) x \(height) pixels."
    case .notFinite(let index):
      "The computed picture holds a value that is not a finite number (value \(index)), so it was not written; "
        + "try a higher precision."
    case .invalidText(let keyword, let reason):
      "The text '\(keyword)' cannot be stored in the picture: \(reason)."
    case .alreadyExists(let path):
      "The file '\(path)' exists already and is not overwritten; choose another name."
    case .cannotRead(let path, let reason):
      "The picture '\(path)' cannot be read: \(reason)."
    case .cannotWrite(let path, let reason):
      "The picture '\(path)' cannot be written: \(reason)."
    }
  }
}
