import Foundation
import Imagine
import ImagineGoldens
import Testing

/// What becomes of pictures that a request begins with, in pixels.
@Suite struct ChangedPictureTests {
  private static let size = Size(width: 64, height: 64)

  private func image(
    _ change: (inout GenerationRequest) throws -> Void, _ changePicture: (inout InitialImage) throws -> Void
  ) async throws -> GeneratedImage {
    let pipeline = try await Pipeline.demonstration(options: .init(device: .cpu))
    var request = GenerationRequest(prompt: "a red house", steps: 4)
    request.seed = 7
    var image = InitialImage(try PictureGolden.picture(Self.size))
    try changePicture(&image)
    request.initialImage = image
    try change(&request)
    return try await pipeline.image(request)
  }

  @Test("Without a size the result has the picture's, as far as whole positions go")
  func sizes() async throws {
    let result = try await image(
      { _ in }, { $0 = InitialImage(try PictureGolden.picture(Size(width: 77, height: 66))) })
    #expect(result.size == Size(width: 72, height: 64))
  }

  @Test("At no strength a picture stays, as far as its autoencoder keeps it, and at full strength nothing of it does")
  func strengths() async throws {
    let source = try PictureGolden.picture(Self.size)
    func difference(_ strength: Double) async throws -> Double {
      let result = try await image({ _ in }, { $0.strength = strength })
      let sum = zip(result.pixels, source.pixels).reduce(0) { $0 + abs(Int($1.0) - Int($1.1)) }
      return Double(sum) / Double(source.pixels.count)
    }
    let (little, half, all) = (try await difference(0.02), try await difference(0.5), try await difference(1))
    #expect(little < half && half < all, "\(little) \(half) \(all)")
  }

  @Test("Outside the mask's edge the picture is unchanged to the bit, and inside it is painted")
  func masks() async throws {
    let source = try PictureGolden.picture(Self.size)
    for (isInverted, content) in [
      (false, Mask.Content.original), (true, .original), (false, .fill), (false, .noise), (false, .nothing),
    ] {
      let result = try await image({ _ in }) { image in
        var mask = Mask(try PictureGolden.mask(Self.size))
        mask.blur = 2
        mask.isInverted = isInverted
        mask.content = content
        image.mask = mask
        image.strength = 1
      }
      var changed = 0
      for y in 0..<64 {
        for x in 0..<64 {
          // The edge reaches two and a half times its width in either direction.
          let isOutside = !(11..<61 ~= y && 19..<53 ~= x), isInside = 21..<51 ~= y && 29..<43 ~= x
          let range = 3 * (64 * y + x)..<3 * (64 * y + x) + 3
          if isInverted ? isInside : isOutside { #expect(result.pixels[range] == source.pixels[range], "\(x),\(y)") }
          if isInverted ? isOutside : isInside, result.pixels[range] != source.pixels[range] { changed += 1 }
        }
      }
      #expect(changed > 300, "\(content)")
    }
  }

  @Test("The masked part alone is drawn at the request's size and goes back into the picture")
  func onlyMasked() async throws {
    let source = try PictureGolden.picture(Size(width: 200, height: 120))
    let result = try await image({ $0.size = Self.size }) { image in
      image = InitialImage(source)
      var mask = Mask(try PictureGolden.mask(Size(width: 200, height: 120)))
      mask.padding = 8
      image.mask = mask
      image.strength = 1
    }
    #expect(result.size == source.size)
    let middle = 3 * (200 * 36 + 36)
    #expect(result.pixels[middle..<middle + 3] != source.pixels[middle..<middle + 3])
    #expect(result.pixels.prefix(3 * 200 * 4) == source.pixels.prefix(3 * 200 * 4))
    #expect(result.parameters.contains("Inpaint area: Only masked"))
  }

  @Test("A picture grows, and keeps what it had")
  func margins() async throws {
    let source = try PictureGolden.picture(Self.size)
    let result = try await image({ _ in }) { $0.margins = Margins(left: 0, top: 0, right: 32, bottom: 0) }
    #expect(result.size == Size(width: 96, height: 64))
    for y in 0..<64 {
      #expect(result.pixels[3 * 96 * y..<3 * 96 * y + 3 * 30] == source.pixels[3 * 64 * y..<3 * 64 * y + 3 * 30])
    }
  }

  @Test("What cannot be done is said before any work", arguments: 0..<8)
  func refusals(_ index: Int) async throws {
    let pipeline = try await Pipeline.demonstration(options: .init(device: .cpu))
    var request = GenerationRequest(prompt: "a red house", size: Self.size, steps: 4)
    var image = InitialImage(try PictureGolden.picture(Self.size))
    let words: String
    switch index {
    case 0: (image.strength, words) = (1.5, "strength")
    case 1:
      request.hires = HiresFix()
      words = "one pass"
    case 2:
      image.mask = Mask(try SourcePicture(size: Self.size, pixels: [UInt8](repeating: 0, count: 3 * 64 * 64)))
      words = "black"
    case 3: (image.margins, words) = (Margins(left: -1), "grow")
    case 4:
      (image.resizing, image.mask) = (.latent, Mask(try PictureGolden.mask(Self.size)))
      words = "Latents"
    case 5:
      // One white dot.
      var pixels = [UInt8](repeating: 0, count: 3 * 64 * 64)
      pixels.replaceSubrange(3 * 2000..<3 * 2001, with: [255, 255, 255])
      image.mask = Mask(try SourcePicture(size: Self.size, pixels: pixels))
      image.mask?.blur = 60
      words = "softened"
    case 6:
      image = InitialImage(
        try SourcePicture(size: Size(width: 8200, height: 1), pixels: [UInt8](repeating: 0, count: 3 * 8200)))
      (image.resizing, words) = (.latent, "too large")
    default:
      image.mask = Mask(try PictureGolden.mask(Self.size))
      image.mask?.blur = 1000
      words = "edge"
    }
    request.initialImage = image
    let error = #expect(throws: ImagineError.self) { try pipeline.validate(request) }
    #expect(error?.code == .invalidRequest && error?.message.contains(words) == true, "\(error?.message ?? "")")
  }
}
