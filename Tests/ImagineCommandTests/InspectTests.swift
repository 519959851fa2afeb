import Foundation
import ImagineCheckpoint
import ImagineGoldens
import Testing

/// A folder of everything people have: each is called what it is in one line, and each model draws.
@Suite(.enabled(if: Program.url != nil, "The program `imagine` is not beside the tests."))
struct InspectTests {
  /// What each family is called.
  private static let families = [
    "sd1": "a Stable Diffusion 1 model, complete",
    "sd1_inpainting": "a Stable Diffusion 1 inpainting model, complete",
    "sd1_edit": "a Stable Diffusion 1 image-editing model, complete",
    "sd1_lcm": "a Stable Diffusion 1 model for few steps (LCM), complete",
    "sd2": "a Stable Diffusion 2 model, complete", "sd2_v": "a Stable Diffusion 2 model, complete",
    "sd2_v_zero_snr": "a Stable Diffusion 2 model, complete", "sdxl": "a Stable Diffusion XL model, complete",
    "sdxl_turbo": "a Stable Diffusion XL model, complete", "sdxl_v": "a Stable Diffusion XL model, complete",
    "sdxl_edm": "a Stable Diffusion XL model, complete",
    "sdxl_refiner": "the Stable Diffusion XL refiner, complete", "ssd_1b": "a Stable Diffusion XL model, complete",
  ]

  /// Writes the models, and what is none; gives what is to be said of each.
  private func writeEverything(_ program: Program) throws -> [String: String] {
    var expected: [String: String] = [:]
    for name in FamilyModel.names {
      let model = try FamilyModel(name)
      try model.writeFile(to: program.url("\(name).safetensors"))
      try model.writeFolder(to: program.url("folders/\(name)"))
      expected["\(name).safetensors"] = Self.families[name]
      expected["folders/\(name)"] = Self.families[name]
    }
    try FileManager.default.createDirectory(at: program.url("parts"), withIntermediateDirectories: true)
    try FamilyModel("sd1").writePart("vae", to: program.url("parts/vae.safetensors"))
    expected["parts/vae.safetensors"] = "a VAE"
    try TinyAutoencoderFile.write(to: program.url("parts/taesd.safetensors"))
    expected["parts/taesd.safetensors"] = "a tiny VAE (TAESD)"
    try program.writeZeros([("lora_unet_x.lora_up.weight", [4, 4])], to: "parts/lora.safetensors")
    expected["parts/lora.safetensors"] = "a LoRA, 1 module"
    try program.writeZeros([("emb_params", [4, 768])], to: "parts/embedding.safetensors")
    expected["parts/embedding.safetensors"] = "a textual-inversion embedding"
    try Data("GGUF\u{3}\0\0\0".utf8 + [UInt8](repeating: 0, count: 16)).write(to: program.url("parts/model.gguf"))
    expected["parts/model.gguf"] = "a GGUF model"
    let pickle = Golden.url("checkpoint/pickles/embedding.pt")
    try FileManager.default.copyItem(at: pickle, to: program.url("parts/embedding.pt"))
    expected["parts/embedding.pt"] = "a textual-inversion embedding"
    let whole = try Data(contentsOf: program.url("sd1.safetensors"))
    try whole.prefix(whole.count / 2).write(to: program.url("parts/cut.safetensors"))
    expected["parts/cut.safetensors"] = "cut short"
    try Data("a preview".utf8).write(to: program.url("parts/preview.png"))
    return expected
  }

  @Test func aFolderOfEverything() throws {
    try Program.inFolder { program in
      let expected = try writeEverything(program)
      let result = try program.run(["inspect", "."])
      #expect(result.status == 0, "\(result.messages)")
      let lines = result.output.split(separator: "\n").map(String.init)
      #expect(lines.count == expected.count, "\(result.output)")
      for (name, words) in expected {
        let line = try #require(lines.first { $0.hasPrefix("./\(name): ") }, "\(name)")
        #expect(words == "cut short" ? line.contains(words) : line == "./\(name): \(words)")
      }
      let json = try program.run(["inspect", "--json", "parts", "sdxl_turbo.safetensors", "folders/sd2_v"])
      let entries = try JSONSerialization.jsonObject(with: Data(json.output.utf8)) as? [[String: Any]] ?? []
      #expect(entries.count == 9 && json.status == 0)
      #expect(entries.last?["prediction"] as? String == "v_prediction")
      #expect(entries.dropLast().last?["distillation"] as? String == "turbo")
    }
  }

  @Test(arguments: FamilyModel.names) func everyModelDrawsWithoutAFlag(_ name: String) throws {
    try Program.inFolder { program in
      let model = try FamilyModel(name)
      try model.writeFile(to: program.url("\(name).safetensors"))
      try model.writeFolder(to: program.url(name))
      let results = try ["\(name).safetensors", name].map { path in
        try program.run(["a red house", "-m", path, "-s", "1"])
      }
      for result in results { #expect(result.status == 0, "\(result.messages)") }
      #expect(program.files.contains("a-red-house-1.png") && program.files.contains("a-red-house-1-2.png"))
    }
  }

  @Test func oneModelIsReported() throws {
    try Program.inFolder { program in
      try FamilyModel("sdxl_turbo").writeFile(to: program.url("sdxl_turbo.safetensors"))
      let result = try program.run(["inspect", "sdxl_turbo.safetensors"])
      #expect(result.status == 0)
      for words in [
        "predicts        epsilon", "draws with      64x64, 4 steps, guidance 1, euler_a, schedule trailing",
        "text_encoder_2  0.8 M", "distilled       for few steps (turbo)", "complete",
      ] { #expect(result.output.contains(words), "\(result.output)") }
      try TinyAutoencoderFile.write(to: program.url("taesd.safetensors"))
      let parts = try program.run([
        "inspect", "sdxl_turbo.safetensors", "--vae", "taesd.safetensors", "--prediction", "v",
      ])
      #expect(parts.status == 0 && parts.output.contains("v_prediction"), "\(parts.messages)")
    }
  }

  @Test func severalNeverStopAtOne() throws {
    try Program.inFolder { program in
      try program.writeZeros([("lora_unet_x.lora_up.weight", [4, 4])], to: "a.safetensors")
      try program.writeZeros([("x", [4])], to: "line\nbreak\u{1b}[J.safetensors")
      let result = try program.run(["inspect", "/nowhere", "line\nbreak\u{1b}[J.safetensors", "a.safetensors"])
      #expect(result.status == 1 && result.messages.contains("/nowhere"))
      let lines = result.output.split(separator: "\n")
      #expect(
        lines.count == 2 && lines[0].contains("no model of a known kind")
          && lines[1] == "a.safetensors: a LoRA, 1 module")
      #expect(!result.output.contains("\u{1b}"))
      try FileManager.default.createDirectory(at: program.url("empty"), withIntermediateDirectories: true)
      #expect(try program.complaint(["inspect", "empty"], status: 1).contains("no files of weights"))
      #expect(try program.complaint(["inspect", "a", "b", "--vae", "c"], status: 2).contains("--vae"))
    }
  }

  @Test func aModelWithWeightsMissingIsCalledSo() throws {
    try Program.inFolder { program in
      try FamilyModel("sd1").writePart("unet", to: program.url("unet.safetensors"))
      try FileManager.default.createDirectory(at: program.url("empty"), withIntermediateDirectories: true)
      let result = try program.run(["inspect", "unet.safetensors", "empty"])
      #expect(result.output.hasPrefix("unet.safetensors: a Stable Diffusion 1 model, not usable by itself: "))
      #expect(result.output.contains("text encoder"))
    }
  }
}
