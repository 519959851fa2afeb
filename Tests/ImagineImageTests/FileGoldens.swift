import Foundation

@testable import ImagineImage

/// What `Tests/References/image_files.py` writes.
struct FileGoldens: Decodable {
  struct File: Decodable {
    let name: String
    let width: Int
    let height: Int
    /// RGB pixels [height, width, 3], upright.
    let pixels: Data
    let alpha: Data?
    let text: [[String]]
  }

  /// A text and the EXIF that holds it as a comment.
  struct Comment: Decodable {
    let text: String
    let exif: Data
  }

  let files: [File]
  let comments: [Comment]
}

/// What `Tests/References/image_resampling.py` writes of pictures.
struct ResamplingGoldens: Decodable {
  struct Source: Decodable {
    let width: Int
    let height: Int
    let values: Data
  }

  struct Result: Decodable {
    let source: String
    let filter: String
    let width: Int
    let height: Int
    let values: Data
  }

  let sources: [String: Source]
  let resized: [Result]
  let fitted: [Result]
}

/// What `Tests/References/image_resampling.py` writes of latents.
struct LatentGoldens: Decodable {
  struct Result: Decodable {
    let filter: String
    let antialias: Bool
    let width: Int
    let height: Int
    let values: Data
  }

  let channels: Int
  let width: Int
  let height: Int
  let values: Data
  let resampled: [Result]
}

/// What `Tests/References/image_masks.py` writes.
struct MaskGoldens: Decodable {
  struct Picture: Decodable {
    let width: Int
    let height: Int
    let values: Data

    var image: RGBImage { get throws { try RGBImage(width: width, height: height, pixels: [UInt8](values)) } }
    var mask: MaskImage { get throws { try MaskImage(width: width, height: height, values: [UInt8](values)) } }
  }

  struct Blurred: Decodable {
    let sigma: Double
    let width: Int
    let height: Int
    let values: Data
  }

  struct Region: Decodable {
    let padding: Int
    let box: [Int]
  }

  let noise: Picture
  let luminance: Picture
  let blob: Picture
  let blurred: [Blurred]
  let regions: [Region]
  let latent: Picture
  let picture: Picture
  let drawn: Picture
  let part: Picture
  let box: [Int]
  let filled: Picture
  let filledSoft: Picture
  let composed: Picture
  let composedPart: Picture

  enum CodingKeys: String, CodingKey {
    case noise, luminance, blob, blurred, regions, latent, picture, drawn, part, box, filled, composed
    case filledSoft = "filled_soft"
    case composedPart = "composed_part"
  }
}

extension ImageGoldens {
  static func load<Goldens: Decodable>(_ name: String) throws -> Goldens {
    try JSONDecoder().decode(Goldens.self, from: Data(contentsOf: folder.appending(path: name)))
  }

  static func bytes(_ name: String) throws -> [UInt8] {
    [UInt8](try Data(contentsOf: folder.appending(path: name)))
  }

  /// The largest difference between two lists of bytes; nil if they are not of one length.
  static func difference(_ one: [UInt8], _ other: Data) -> Int? {
    guard one.count == other.count else { return nil }
    return zip(one, other).map { abs(Int($0) - Int($1)) }.max()
  }
}

extension Data {
  /// Single-precision values, little-endian.
  var floats: [Float] {
    let bytes = [UInt8](self)
    return stride(from: 0, to: bytes.count - 3, by: 4).map { start in
      Float(bitPattern: (0..<4).reduce(UInt32(0)) { $0 | UInt32(bytes[start + $1]) << (8 * UInt32($1)) })
    }
  }
}
