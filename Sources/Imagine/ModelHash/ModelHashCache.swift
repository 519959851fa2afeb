internal import Foundation
internal import ImagineFiles

/// Hashes kept between runs: lines of a hash, a size, a time and a path.
struct ModelHashCache {
  private static let mostLines = 1000
  private static let digits = 64

  private let folder: String
  private let name: String

  init(_ folder: String, _ part: ModelHash.Part) {
    self.folder = folder
    name =
      switch part {
      case .file: "model-hashes"
      case .weights: "weight-hashes"
      }
  }

  subscript(_ file: HashedFile) -> String? {
    guard let line = lines.first(where: { $0.dropFirst(Self.digits + 1).utf8.elementsEqual(file.sign.utf8) }) else {
      return nil
    }
    let hash = String(line.prefix(Self.digits))
    return hash.utf8.count == Self.digits && hash.allSatisfy(\.isHexDigit) ? hash : nil
  }

  /// Keeps a hash; where that is not possible it is computed again next time.
  func keep(_ hash: String, for file: HashedFile) {
    let text = ([Substring("\(hash) \(file.sign)")] + lines.prefix(Self.mostLines - 1)).joined(separator: "\n") + "\n"
    try? Folder(path: folder, making: true).replace(name, with: Array(text.utf8))
  }

  private var lines: [Substring] {
    guard let text = try? String(contentsOfFile: folder + "/" + name, encoding: .utf8), text.utf8.count < 1 << 20
    else { return [] }
    return text.split(separator: "\n")
  }
}
