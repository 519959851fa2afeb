import Foundation
import Imagine
import ImagineCheckpoint
import ImagineGoldens
import ImagineTesting
import Testing

/// The same picture as elsewhere: what `Tests/References/likeness_goldens.py` draws by the rules of AUTOMATIC1111 and ComfyUI.
@Suite struct LikenessTests {
  private static let runs = ["a1111", "comfyui"].flatMap { program in
    ["euler", "euler_a", "dpmpp_2m", "dpmpp_sde"].map { "\(program)_\($0)" }
  }

  /// The largest difference of two pictures of 8 bits, in shades.
  private func difference(_ image: GeneratedImage, _ golden: Golden) throws -> Int {
    let area = image.size.width * image.size.height
    let planes = try golden.floats("pixels")
    return image.pixels.indices.reduce(0) { worst, index in
      max(worst, abs(Int(image.pixels[index]) - Int(planes[index % 3 * area + index / 3])))
    }
  }

  @Test(arguments: runs) func drawsAsOthers(_ run: String) async throws {
    let golden = try Golden("likeness/\(run)")
    let settings = try JSONValue(parsing: golden.metadata["settings"] ?? "{}")
    try await withTemporaryFolder { folder in
      let url = folder.appending(path: "sd1.safetensors")
      try FamilyModel("sd1").writeFile(to: url)
      let pipeline = try await Pipeline(model: url, options: .init(device: .cpu, precision: Imagine.Precision.float32))
      var request = try GenerationRequest(golden)
      request.likeness = try Likeness(named: try #require(settings["like"]?.string))
      let image = try await pipeline.image(request)
      #expect(try difference(image, golden) <= 1)
      let latents = try #require(image.tensors?["latents.final"])
      #expect(Comparison(latents.values, try golden.floats("latents.final")).relativeL2 < 1e-3)

      // Without the word it is another picture.
      request.likeness = nil
      #expect(try difference(try await pipeline.image(request), golden) > 1)
    }
  }
}
