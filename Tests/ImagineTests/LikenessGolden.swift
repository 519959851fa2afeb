import Foundation
import Imagine
import ImagineCheckpoint
import ImagineGoldens
import Testing

/// A picture as another program draws it; see `Tests/References/likeness_goldens.py`.
struct LikenessGolden {
  /// All there are, by name.
  static var names: [String] {
    get throws {
      try FileManager.default.contentsOfDirectory(atPath: Golden.url("likeness").path)
        .filter { $0.hasSuffix(".safetensors") }.map { String($0.dropLast(".safetensors".count)) }.sorted()
    }
  }

  let golden: Golden
  let family: String
  private let settings: JSONValue

  init(_ name: String) throws {
    golden = try Golden("likeness/\(name)")
    family = try #require(golden.metadata["family"])
    settings = try JSONValue(parsing: golden.metadata["settings"] ?? "{}")
  }

  func request() throws -> GenerationRequest {
    var request = try GenerationRequest(golden)
    request.likeness = try Likeness(named: try #require(settings["like"]?.string))
    request.samplerSettings.noiseSeedDelta = settings["noise_seed_delta"]?.int
    request.variation = numbers("variation").map { Variation(seed: UInt64($0[0]), strength: $0[1]) }
    request.noiseSize = numbers("noise_size").map { Size(width: Int($0[0]), height: Int($0[1])) }
    if settings["tiling"]?.string == "xy" { request.tiling = [.x, .y] }
    request.initialImage = try initialImage(try #require(request.size))
    if let side = settings["hires"]?.int {
      var hires = HiresFix()
      hires.size = Size(width: side, height: side)
      hires.steps = settings["hires_steps"]?.int
      hires.strength = try #require(settings["hires_strength"]?.double)
      hires.upscaler = try .init(named: try #require(settings["upscaler"]?.string))
      request.hires = hires
    }
    return request
  }

  private func initialImage(_ size: Size) throws -> InitialImage? {
    guard let strength = settings["strength"]?.double else { return nil }
    let padding = settings["padding"]?.int
    // Where a part of a picture is drawn, the picture is a larger one.
    let own = padding == nil ? size : Size(width: 112, height: 96)
    var image = InitialImage(try PictureGolden.picture(own))
    image.strength = strength
    if settings["mask"] != nil {
      var mask = Mask(try PictureGolden.mask(own))
      mask.blur = settings["blur"]?.int ?? 0
      mask.content = try #require(Mask.Content(rawValue: settings["content"]?.string ?? "original"))
      mask.padding = padding
      image.mask = mask
    }
    return image
  }

  private func numbers(_ name: String) -> [Double]? {
    (settings[name]?.array?.compactMap(\.double)).flatMap { $0.count == 2 ? $0 : nil }
  }

  /// How far a picture is from the program's.
  func difference(_ image: GeneratedImage) throws -> PictureDifference {
    try PictureDifference(image, golden.floats("pixels"))
  }
}
