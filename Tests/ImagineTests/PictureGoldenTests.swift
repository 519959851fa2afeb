import Foundation
import Imagine
import ImagineCheckpoint
import ImagineGoldens
import ImagineTesting
import Testing

/// A run of diffusers that begins with a picture; see `Tests/References/families_pictures.py`.
struct PictureGolden {
  let golden: Golden
  let family: String
  private let settings: JSONValue

  init(_ run: String) throws {
    golden = try Golden("pictures/\(run)")
    family = try #require(golden.metadata["family"])
    settings = try JSONValue(parsing: golden.metadata["settings"] ?? "{}")
  }

  func request() throws -> GenerationRequest {
    var request = try GenerationRequest(golden)
    request.likeness = .diffusers
    let size = try #require(request.size)
    if let length = settings["hires"]?.int {
      var hires = HiresFix()
      hires.size = Size(width: length, height: length)
      hires.strength = try #require(settings["strength"]?.double)
      request.hires = hires
      return request
    }
    var image = InitialImage(try Self.picture(size))
    image.strength = settings["strength"]?.double
    if settings["mask"]?.bool == true {
      var mask = Mask(try Self.mask(size))
      mask.blur = 0
      image.mask = mask
    }
    request.initialImage = image
    request.guidance.pictureScale = (settings["picture_guidance"]?.double).map { Float($0) }
    return request
  }

  /// Compares what the pass that begins with a picture records.
  func expect(_ image: GeneratedImage, within limit: Double = 1e-3) throws {
    let tensors = try #require(image.tensors), prefix = settings["hires"] == nil ? "" : "hires."
    let compared = golden.names.filter { tensors.names.contains(name($0, prefix)) }
    #expect(compared.count > 6, "\(tensors.names)")
    for name in compared {
      let ours = try #require(tensors[self.name(name, prefix)])
      #expect(Comparison(ours.values, try golden.floats(name)).relativeL2 < limit, "\(name)")
    }
    let steps = golden.names.filter { $0.hasPrefix("noise_pred.") }.count
    #expect(tensors.names.filter { $0.hasPrefix("\(prefix)noise_pred.") }.count == steps)
  }

  /// Compares the picture of 8 bits, as diffusers rounds it.
  func expectPixels(_ image: GeneratedImage, _ run: String) throws {
    let planes = try golden.floats("image").map { ((($0 / 2 + 0.5) * 255).rounded(.toNearestOrEven)) }
    try PictureDifference(image, planes).expectNone("diffusers_\(run)")
  }

  private func name(_ name: String, _ prefix: String) -> String { name == "image" ? name : prefix + name }

  /// The script's picture.
  static func picture(_ size: Size) throws -> SourcePicture {
    var pixels: [UInt8] = []
    for y in 0..<size.height {
      for x in 0..<size.width {
        let base = x * 3 + y * 5 + (x * y) / 7
        for channel in 0..<3 { pixels.append(UInt8((base + channel * 40) % 256)) }
      }
    }
    return try SourcePicture(size: size, pixels: pixels)
  }

  /// The script's mask.
  static func mask(_ size: Size) throws -> SourcePicture {
    var pixels: [UInt8] = []
    for y in 0..<size.height {
      for x in 0..<size.width {
        let isWhite = 16..<56 ~= y && 24..<48 ~= x
        pixels += [UInt8](repeating: isWhite ? 255 : 0, count: 3)
      }
    }
    return try SourcePicture(size: size, pixels: pixels)
  }
}

/// Image to image, inpainting, editing and second passes against diffusers' own pipelines.
@Suite struct PictureGoldenTests {
  static let runs = [
    "img2img", "img2img_whole", "img2img_xl", "inpaint", "inpaint_whole", "inpaint_nine", "inpaint_nine_part", "edit",
    "hires",
  ]

  @Test(arguments: runs) func agreesWithDiffusers(_ run: String) async throws {
    let golden = try PictureGolden(run)
    try await withTemporaryFolder { folder in
      let url = folder.appending(path: "\(golden.family).safetensors")
      try FamilyModel(golden.family).writeFile(to: url)
      let pipeline = try await Pipeline(model: url, options: .init(device: .cpu, precision: Imagine.Precision.float32))
      let image = try await pipeline.image(golden.request())
      try golden.expect(image)
      try golden.expectPixels(image, run)
    }
  }
}
