import Foundation
import Imagine
import ImagineCheckpoint
import ImagineGoldens
import ImagineTesting
import Testing

/// Whole pictures with LoRAs against diffusers' own, and against weights that formulas made.
@Suite struct LoRAGoldenTests {
  @Test(arguments: ["two_sd1", "two_sdxl", "dora_sd1", "lokr_sd1"])
  func agreesWithItsOracle(_ run: String) async throws {
    let golden = try Golden("adapters/picture_\(run)")
    let family = try #require(golden.metadata["family"])
    let files = try JSONValue(parsing: golden.metadata["files"] ?? "{}")
    try await withTemporaryFolder { folder in
      let url = folder.appending(path: "model.safetensors")
      try FamilyModel(family).writeFile(to: url)
      var request = try GenerationRequest(golden)
      for dialect in ["kohya", "diffusers with PEFT", "kohya with DoRA", "LyCORIS"] {
        guard let weights = files[dialect]?.array?.compactMap(\.double) else { continue }
        // diffusers does not read what kohya's trainer calls this.
        let file = try AdapterGolden.of(dialect, family).write(to: folder, name: dialect) { tensors in
          guard run.hasPrefix("two") else { return }
          tensors = tensors.filter { !$0.key.contains("te2_text_projection") && !$0.key.contains("unet_add_embedding") }
        }
        request.loras.append(LoRA(file, weight: Float(weights[0]), textEncoderWeight: Float(weights[1])))
      }
      #expect(request.loras.count == (run.hasPrefix("two") ? 2 : 1))
      let pipeline = try await Pipeline(model: url, options: .init(device: .cpu, precision: Imagine.Precision.float32))
      let plain = try await pipeline.image(GenerationRequest(golden))
      let image = try await pipeline.image(request)
      try FamilyGolden(golden, family).expect(image)
      #expect(plain.pixels != image.pixels)
      // And without again, to the bit.
      #expect(LoRASwitching.values(try await pipeline.image(GenerationRequest(golden))) == LoRASwitching.values(plain))
    }
  }
}
