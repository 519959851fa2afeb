import Foundation
import ImagineCheckpoint
import ImagineGoldens
import ImagineGraph
import ImagineTesting
import Testing

/// Models put together from several files, and two models for one picture, as a person names them.
@Suite(.enabled(if: Program.url != nil, "The program `imagine` is not beside the tests."))
struct PartTests {
  private static let steps = ["--steps", "2"]

  /// The network of a model by itself, with one weight multiplied.
  private func write(
    _ component: String, of model: FamilyModel, multiplying name: String, to url: URL
  ) throws {
    let plain = url.appendingPathExtension("plain")
    try model.writePart(component, to: plain)
    let golden = try Golden(at: plain)
    let tensors = try golden.names.map { own in
      SafetensorsWriter.Tensor(
        name: own, shape: golden.shapes[own]?.dimensions ?? [],
        values: .float32(try golden.floats(own).map { $0 * (own.hasSuffix(name) ? 0.5 : 1) }))
    }
    #expect(golden.names.contains { $0.hasSuffix(name) })
    try SafetensorsWriter.write(tensors, metadata: golden.metadata, to: url)
  }

  @Test func anotherAutoencoder() throws {
    try Program.inFolder { program in
      let model = try FamilyModel("sd1")
      try model.writeFile(to: program.url("sd1.safetensors"))
      try model.writePart("vae", to: program.url("same.safetensors"))
      try write("vae", of: model, multiplying: "decoder.conv_out.weight", to: program.url("other.safetensors"))
      try TinyAutoencoderFile.write(to: program.url("taesd.safetensors"))
      let base = ["-m", "sd1.safetensors"] + Self.steps
      let own = try program.picture(base)
      #expect(try program.picture(base + ["--vae", "same.safetensors"]) == own)
      let other = try program.picture(base + ["--vae", "other.safetensors"])
      let tiny = try program.picture(base + ["--taesd", "taesd.safetensors"])
      #expect(Set([own, other, tiny]).count == 3)
    }
  }

  @Test func aModelInParts() throws {
    try Program.inFolder { program in
      let model = try FamilyModel("sdxl")
      try model.writeFile(to: program.url("sdxl.safetensors"))
      let parts = [("unet", "--unet"), ("vae", "--vae"), ("text_encoder", "--clip-l"), ("text_encoder_2", "--clip-g")]
      for (component, _) in parts { try model.writePart(component, to: program.url("\(component).safetensors")) }
      let all = parts.flatMap { [$1, "\($0).safetensors"] }
      let whole = try program.picture(["-m", "sdxl.safetensors"] + Self.steps)
      #expect(try program.picture(["-m", "sdxl.safetensors"] + all + Self.steps) == whole)
      // Without a model, the UNet is what the others belong to.
      #expect(try program.picture(["-m", "unet.safetensors"] + all.dropFirst(2) + Self.steps) == whole)
      #expect(try program.picture(all + Self.steps, environment: ["IMAGINE_MODEL": ""]) == whole)
      for (component, option, weight) in [
        ("unet", "--diffusion-model", "out.2.weight"), ("text_encoder", "--clip-l", "token_embedding.weight"),
        ("text_encoder_2", "--clip-g", "token_embedding.weight"),
      ] {
        let file = "other-\(component).safetensors"
        try write(component, of: model, multiplying: weight, to: program.url(file))
        #expect(try program.picture(["-m", "sdxl.safetensors", option, file] + Self.steps) != whole, "\(option)")
      }
      // The picture's name tells runs with other parts from each other.
      let list = program.url("list.txt")
      try Data("a boat --seed 3\n".utf8).write(to: list)
      let names = try [[], ["--vae", "vae.safetensors"]].map { more in
        try program.run(["--prompts", "list.txt", "-o", "out", "-m", "sdxl.safetensors"] + Self.steps + more).output
      }
      #expect(Set(names).count == 2)
    }
  }

  @Test func wrongPartsAreOneSentence() throws {
    try Program.inFolder { program in
      try FamilyModel("sd1").writeFile(to: program.url("sd1.safetensors"))
      try FamilyModel("sdxl").writePart("text_encoder_2", to: program.url("clip_g.safetensors"))
      try FamilyModel("sdxl").writePart("unet", to: program.url("unet-xl.safetensors"))
      try program.writeZeros([("lora_unet_x.lora_up.weight", [4, 4])], to: "lora.safetensors")
      let base = ["x", "-m", "sd1.safetensors", "-q", "--device", "cpu"]
      for (option, file) in [
        ("--vae", "lora.safetensors"), ("--unet", "clip_g.safetensors"), ("--clip-l", "lora.safetensors"),
        ("--vae", "absent.safetensors"), ("--unet", "unet-xl.safetensors"),
        ("--clip-g", "clip_g.safetensors"),
      ] {
        let sentence = try program.complaint(base + [option, file], status: 1)
        #expect(sentence.hasPrefix("imagine: ") && sentence.hasSuffix("."), "\(sentence)")
      }
      #expect(try program.complaint(base + ["--vae", ""], status: 2).contains("--vae is empty"))
      let none = try program.run(["x", "--vae", "sd1.safetensors"], environment: ["IMAGINE_MODEL": ""])
      #expect(none.status == 2 && none.messages.contains("--model"), "\(none.messages)")
    }
  }

  /// The tensors that a golden's run gives by the command.
  private func tensors(
    _ program: Program, _ golden: Golden, _ arguments: [String], to name: String = "t.safetensors"
  ) throws -> Golden {
    let settings = try #require(
      JSONSerialization.jsonObject(with: Data((golden.metadata["settings"] ?? "").utf8)) as? [String: Any])
    func value(_ key: String) -> String { settings[key].map { "\($0)" } ?? "automatic" }
    let result = try program.run(
      [
        value("prompt"), "-n", value("negative"), "--sampler", value("sampler"), "--schedule", value("schedule"),
        "--steps", value("steps"), "--cfg-scale", value("guidance"), "-s", value("seed"), "--size", "64", "-q",
        "--device", "cpu", "--precision", "f32", "--dump-tensors", name,
      ] + arguments)
    #expect(result.status == 0, "\(result.messages)")
    return try Golden(at: program.url(name))
  }

  private func expectNear(_ ours: Golden, _ theirs: Golden) throws {
    for name in ["context.positive", "latents.final", "image"] {
      let distance = Comparison(try ours.floats(name), try theirs.floats(name)).relativeL2
      #expect(distance < 1e-3, "\(name)")
    }
  }

  @Test(arguments: ["--refiner-start", "--refiner-switch-at", "--switch-at"])
  func refinersGoOnWherePeopleSay(_ option: String) throws {
    try Program.inFolder { program in
      for name in ["sdxl", "sdxl_refiner"] { try FamilyModel(name).writeFile(to: program.url("\(name).safetensors")) }
      let golden = try Golden("families/sdxl_handover")
      let models = ["-m", "sdxl.safetensors", "--refiner", "sdxl_refiner.safetensors"]
      try expectNear(try tensors(program, golden, models + [option, "0.8"]), golden)
      try expectNear(try tensors(program, golden, models, to: "usual.safetensors"), golden)
      let other = try tensors(program, golden, models + [option, "0.5"], to: "other.safetensors")
      #expect(try other.floats("image") != golden.floats("image"))
    }
  }

  @Test func whatTheUNetPredictsCanBeSaid() throws {
    try Program.inFolder { program in
      try FamilyModel("sdxl").writeFile(to: program.url("sdxl.safetensors"))
      let golden = try Golden("families/sdxl_v")
      try expectNear(try tensors(program, golden, ["-m", "sdxl.safetensors", "--prediction", "vpred"]), golden)
    }
  }

  @Test func layersAndSizesCanBeSaid() throws {
    try Program.inFolder { program in
      for name in ["sd1", "sdxl"] { try FamilyModel(name).writeFile(to: program.url("\(name).safetensors")) }
      let skipped = try Golden("families/sd1_clip_skip")
      let one = try tensors(program, skipped, ["-m", "sd1.safetensors", "--clip-skip", "2"])
      try expectNear(one, skipped)
      let sizes = try Golden("families/sdxl_sizes")
      let told = ["--original-size", "640x320", "--crop", "24,8", "--target-size", "1024x768"]
      try expectNear(
        try tensors(program, sizes, ["-m", "sdxl.safetensors"] + told, to: "sizes.safetensors"), sizes)
    }
  }

  @Test func linesOfAPromptFileMaySayTheSame() throws {
    try Program.inFolder { program in
      for name in ["sdxl", "sdxl_refiner"] { try FamilyModel(name).writeFile(to: program.url("\(name).safetensors")) }
      let list = [
        "a boat --seed 1", "a boat --seed 1 --clip-skip 1", "a boat --seed 1 --original-size 640x320 --crop 24,8",
        "a boat --seed 1 --refiner-switch-at 0.5", "a boat --clip-skip 0", "a boat --vae x", "a boat --crop 1",
      ].joined(separator: "\n")
      let arguments = ["--prompts", "-", "-o", "out", "-m", "sdxl.safetensors"] + Self.steps
      let refined = try program.run(arguments + ["--refiner", "sdxl_refiner.safetensors"], input: list)
      #expect(refined.status == 1)
      let files = program.files.filter { $0.hasSuffix(".png") }
      #expect(files.count == 4, "\(refined.messages)")
      #expect(Set(try files.map { try Data(contentsOf: program.url($0)) }).count == 4)
      #expect(refined.messages.contains("line 5: ") && refined.messages.contains("line 7: "))
      #expect(refined.messages.contains("line 6: --vae is for all lines: give it on the command line."))
      let plain = try program.run(arguments, input: "a boat --refiner-start 0.5")
      #expect(plain.status == 1 && plain.messages.contains("needs a --refiner"), "\(plain.messages)")
    }
  }
}
