public import Foundation
internal import ImagineImage

/// A network that made a picture larger, as the picture's file tells of it.
public struct RecordedUpscaler: Sendable, Hashable {
  /// The name of its file, without an ending.
  public let name: String
  /// How many times larger each side became; nil is the network's own scale, or the second pass's.
  public let scale: Double?
  /// Whether a second pass went on from what it made.
  public let isOfSecondPass: Bool
  /// Its file, once that is said.
  public internal(set) var file: URL?

  /// - Parameter name: as the program had it.
  init(_ name: String, scale: Double?, isOfSecondPass: Bool = false) {
    self.name = Self.fileNames[name] ?? LibraryEntry.bare(InfotextReader.shortened(name))
    self.scale = scale
    self.isOfSecondPass = isOfSecondPass
  }

  /// What AUTOMATIC1111 calls those that it fetches by itself.
  private static let fileNames = [
    "R-ESRGAN 4x+": "RealESRGAN_x4plus", "R-ESRGAN 4x+ Anime6B": "RealESRGAN_x4plus_anime_6B",
    "R-ESRGAN 2x+": "RealESRGAN_x2plus", "R-ESRGAN General 4xV3": "realesr-general-x4v3",
    "R-ESRGAN General WDN 4xV3": "realesr-general-wdn-x4v3", "R-ESRGAN AnimeVideo": "realesr-animevideov3",
  ]

  /// What is said of it as long as its file is not.
  var missing: String {
    if isOfSecondPass {
      return "Its hires upscaler \(name) is a file that has to be named again; latents are enlarged instead."
    }
    let size = scale.map { " \(Infotext.number($0)) times" } ?? ""
    return "The upscaler \(name) made it larger\(size): name its file if you have it."
  }
}

extension RecordedSettings {
  /// The request, with the upscalers whose files are said (see `use(_:for:)`) opened to be run by the engine of its pipeline.
  ///
  /// - Throws: `ImagineError` for a file that is no upscaler.
  public func request(on engine: Engine) async throws -> GenerationRequest {
    var request = request
    for upscaler in upscalers {
      guard let file = upscaler.file else { continue }
      let opened = try await UpscalerModel(contentsOf: file, on: engine)
      if upscaler.isOfSecondPass {
        request.hires?.upscalerModel = opened
      } else {
        request.upscaling = Upscaling(opened, scale: upscaler.scale)
      }
    }
    return request
  }
}
