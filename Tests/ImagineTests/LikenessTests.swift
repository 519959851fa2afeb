import Foundation
import Imagine
import ImagineGoldens
import ImagineTesting
import Testing

/// The same picture as elsewhere: what `Tests/References/likeness_goldens.py` draws by the rules of AUTOMATIC1111 and ComfyUI.
@Suite struct LikenessTests {
  @Test(arguments: try LikenessGolden.names) func drawsAsOthers(_ name: String) async throws {
    let golden = try LikenessGolden(name)
    try await withTemporaryFolder { folder in
      let url = folder.appending(path: "\(golden.family).safetensors")
      try FamilyModel(golden.family).writeFile(to: url)
      let pipeline = try await Pipeline(model: url, options: .init(device: .cpu, precision: Imagine.Precision.float32))
      var request = try golden.request()
      let image = try await pipeline.image(request)
      try golden.difference(image).expectNone(name)
      if golden.golden.names.contains("latents.final") {
        let latents = try #require(image.tensors?["latents.final"])
        #expect(Comparison(latents.values, try golden.golden.floats("latents.final")).relativeL2 < 1e-3)
      }

      // Without the word it is another picture.
      request.likeness = nil
      #expect(try golden.difference(try await pipeline.image(request)).shades > 1)
    }
  }
}
