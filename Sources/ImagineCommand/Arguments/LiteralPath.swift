import Foundation

extension URL {
  /// A file by its path as it stands. `URL(filePath:)` would take a tilde at its start for a home folder, which is the
  /// shell's to do.
  init(literalPath path: String) {
    self.init(filePath: path.utf8.first == UInt8(ascii: "~") ? "./" + path : path)
  }
}
