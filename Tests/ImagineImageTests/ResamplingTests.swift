import Foundation
import Testing

@testable import ImagineImage

@Suite("Resampling")
struct ResamplingTests {
  let goldens: ResamplingGoldens

  init() throws { goldens = try ImageGoldens.load("resampling.json") }

  /// A golden's source, as a picture or as a mask.
  private func values(
    _ golden: ResamplingGoldens.Result, _ image: (RGBImage) throws -> RGBImage, _ mask: (MaskImage) throws -> MaskImage
  ) throws -> [UInt8] {
    let source = try #require(goldens.sources[golden.source])
    let bytes = [UInt8](source.values)
    return bytes.count == source.width * source.height
      ? try mask(MaskImage(width: source.width, height: source.height, values: bytes)).values
      : try image(RGBImage(width: source.width, height: source.height, pixels: bytes)).pixels
  }

  @Test("gives Pillow's pictures, to the bit")
  func pillow() throws {
    #expect(goldens.resized.count == 3 * 6 * 7)
    for golden in goldens.resized {
      let filter = try #require(ResamplingFilter(rawValue: golden.filter))
      let result = try values(
        golden, { try $0.resized(width: golden.width, height: golden.height, filter) },
        { try $0.resized(width: golden.width, height: golden.height, filter) })
      let name = "\(golden.source) \(golden.filter) \(golden.width)x\(golden.height)"
      #expect(ImageGoldens.difference(result, golden.values) == 0, "\(name)")
    }
  }

  @Test("fits pictures as A1111 does, to the bit")
  func fitting() throws {
    #expect(goldens.fitted.count == 2 * 3 * 7)
    let fittings: [String: Fitting] = ["stretch": .stretch, "crop": .crop, "fill": .fill]
    for golden in goldens.fitted {
      let fitting = try #require(fittings[golden.filter])
      let result = try values(
        golden, { try $0.fitted(fitting, width: golden.width, height: golden.height) },
        { try $0.fitted(fitting, width: golden.width, height: golden.height) })
      let name = "\(golden.source) \(golden.filter) \(golden.width)x\(golden.height)"
      #expect(ImageGoldens.difference(result, golden.values) == 0, "\(name)")
    }
  }

  @Test("takes pictures of extreme proportions", arguments: [Fitting.stretch, .crop, .fill])
  func extremes(fitting: Fitting) throws {
    for (width, height) in [(16_384, 1), (1, 16_384), (1, 1)] {
      let line = try RGBImage(width: width, height: height, pixels: [UInt8](repeating: 7, count: 3 * width * height))
      let result = try line.fitted(fitting, width: 64, height: 96)
      #expect(result.width == 64 && result.height == 96 && result.pixels.allSatisfy { $0 == 7 })
    }
    let image = try RGBImage(width: 1, height: 1, pixels: [1, 2, 3])
    for (width, height) in [(0, 1), (1, 0), (-1, 5), (.max, .max)] {
      #expect(throws: ImageError.self) { try image.fitted(fitting, width: width, height: height) }
      #expect(throws: ImageError.self) { try image.resized(width: width, height: height, .lanczos) }
    }
  }

  @Test("gives torch's latents")
  func torch() throws {
    let goldens: LatentGoldens = try ImageGoldens.load("latents.json")
    #expect(goldens.resampled.count == 36)
    let filters: [String: LatentResampling.Filter] = [
      "nearest": .nearest, "nearest-exact": .nearestExact, "bilinear": .bilinear, "bicubic": .bicubic,
    ]
    for golden in goldens.resampled {
      let resampling = LatentResampling(try #require(filters[golden.filter]), isAntialiased: golden.antialias)
      let result = try resampling.resampled(
        goldens.values.floats, channels: goldens.channels, from: (goldens.width, goldens.height),
        to: (golden.width, golden.height))
      let wanted = golden.values.floats
      #expect(result.count == wanted.count)
      let error = zip(result, wanted).map { abs($0 - $1) }.max() ?? .infinity
      #expect(error <= 1e-5, "\(golden.filter) \(golden.antialias) \(golden.width)x\(golden.height)")
    }
    let resampling = LatentResampling(.bilinear)
    #expect(throws: ImageError.self) {
      try resampling.resampled([1, 2, 3], channels: 1, from: (2, 2), to: (4, 4))
    }
    #expect(throws: ImageError.self) { try resampling.resampled([1], channels: 1, from: (1, 1), to: (0, 4)) }
  }
}
