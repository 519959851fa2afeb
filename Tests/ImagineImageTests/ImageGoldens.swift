import Foundation

/// The goldens that `Tests/References/png_images.py` writes.
struct ImageGoldens: Decodable {
  struct Image: Decodable {
    let name: String
    let width: Int
    let height: Int
    /// RGB pixels [height, width, 3].
    let pixels: Data
    /// Pairs of keyword and value.
    let text: [[String]]

    var url: URL { ImageGoldens.folder.appending(path: "\(name).png") }
  }

  struct Rounding: Decodable {
    /// Single-precision values, little-endian.
    let values: Data
    let bytes: Data
  }

  let images: [Image]
  let rounding: Rounding

  enum CodingKeys: String, CodingKey {
    case images
    case rounding = "float_to_uint8"
  }

  static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .appending(path: "Goldens/images")

  static func load() throws -> ImageGoldens {
    try JSONDecoder().decode(ImageGoldens.self, from: Data(contentsOf: folder.appending(path: "images.json")))
  }
}

/// A new folder that is removed with its owner.
final class TemporaryFolder {
  let url: URL

  init() throws {
    url = FileManager.default.temporaryDirectory.appending(path: "imagine-tests-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
  }

  deinit {
    try? FileManager.default.removeItem(at: url)
  }

  /// The names of all files in the folder, hidden ones included.
  var names: [String] {
    get throws { try FileManager.default.contentsOfDirectory(atPath: url.path).sorted() }
  }
}
