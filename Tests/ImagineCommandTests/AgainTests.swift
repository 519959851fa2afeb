import Foundation
import Imagine
import ImagineGoldens
import ImagineImage
import Testing

/// `imagine again`, as a person runs it.
@Suite(
  .serialized,
  .enabled(if: Program.url != nil, "The program `imagine` is not beside the tests."),
  .enabled(if: FileManager.default.fileExists(atPath: Program.model.path), "The small test model is missing."))
struct AgainTests {
  /// On any machine the same.
  private static let device = ["-t", "1", "--device", "cpu", "--precision", "f32"]
  private static let small = ["--size", "64", "--steps", "2", "-s", "7"] + device

  /// Draws, or draws again, and gives the file's bytes.
  private func draw(_ program: Program, _ arguments: [String], to name: String) throws -> Data {
    let result = try program.run(arguments + ["-o", name])
    #expect(result.status == 0, "\(arguments): \(result.messages)")
    #expect(result.output == name + "\n")
    return try Data(contentsOf: program.url(name))
  }

  private static let settings: [[String]] = [
    [], ["-n", "blurry, (bad:1.2)", "--sampler", "DPM++ 2M SDE Karras", "--cfg-scale", "3.5"],
    ["--like", "a1111", "--sampler", "euler_a", "--clip-skip", "2"], ["--like", "comfyui", "--sampler", "dpmpp_sde"],
    ["--like", "sd.cpp"], ["--like", "diffusers", "--sampler", "ddim", "--eta", "0.5"],
    ["--hires-scale", "2", "--hires-steps", "3", "--hires-upscaler", "lanczos", "--hires-strength", "0.5"],
    ["--hires-size", "64x128", "--tiling", "x"], ["--variation-seed", "3", "--variation-strength", "0.3"],
    ["--seed-resize-from", "32x48", "--tiling", "both", "--rng", "cuda"],
    ["--guidance-rescale", "0.5", "--guidance-interval", "0.5,8", "--ngms", "1"],
    ["--sampler", "euler", "--s-churn", "0.4", "--s-tmin", "0.1", "--s-tmax", "9", "--s-noise", "1.01"],
    ["--prompt-syntax", "plain"], ["--prompt-syntax", "comfy", "--emphasis", "no_norm"], ["--emphasis", "ignore"],
  ]

  @Test(arguments: settings) func isTheSameFileToTheBit(_ words: [String]) throws {
    try Program.inFolder { program in
      let first = try draw(program, ["a (red:1.3) \"house\", 🙂\nin 2 lines"] + words + Self.small, to: "a.png")
      #expect(try draw(program, ["again", "a.png"] + Self.device, to: "b.png") == first, "\(words)")
    }
  }

  @Test(arguments: ["jpg", "webp"]) func readsItsOtherFormats(_ ending: String) throws {
    try Program.inFolder { program in
      let first = try draw(program, ["a red house, 🙂"] + Self.small, to: "a.png")
      _ = try draw(program, ["a red house, 🙂"] + Self.small, to: "a.\(ending)")
      #expect(try draw(program, ["again", "a.\(ending)"] + Self.device, to: "b.png") == first)
    }
  }

  private static let pictures: [(words: [String], hasMask: Bool)] = [
    (["-i", "s.png"], false), (["-i", "s.png", "--strength", "0.4", "--sampler", "euler_a"], false),
    (["-i", "s.png", "--size", "32x64", "--resize-mode", "stretch"], false),
    (["-i", "s.png", "--size", "32x64", "--resize-mode", "fill"], false),
    (["-i", "s.png", "--size", "32x64", "--resize-mode", "latent"], false),
    (["-i", "s.png", "--expand", "0,0,16,8"], false),
    (["-i", "s.png", "--mask", "m.png"], true), (["-i", "s.png", "--mask", "m.png", "--like", "a1111"], true),
    (
      ["-i", "s.png", "--mask", "m.png", "--mask-blur", "0", "--invert-mask", "--mask-content", "fill"], true
    ),
    (["-i", "s.png", "--mask", "m.png", "--mask-content", "noise"], true),
    (["-i", "s.png", "--mask", "m.png", "--mask-content", "nothing"], true),
    (["-i", "s.png", "--mask", "m.png", "--mask-padding", "8", "--size", "64"], true),
  ]

  @Test(arguments: pictures.indices) func isTheSameFromThePictureGivenAgain(_ index: Int) throws {
    try Program.inFolder { program in
      let (words, hasMask) = Self.pictures[index]
      try SmallPicture.write(width: 64, height: 64, to: program.url("s.png"))
      try SmallPicture.writeMask(width: 64, height: 64, to: program.url("m.png"))
      let first = try draw(program, ["a red house", "--steps", "3", "-s", "7"] + words + Self.device, to: "a.png")
      let given = ["-i", "s.png"] + (hasMask ? ["--mask", "m.png"] : [])
      let again = try program.run(["again", "a.png", "-o", "b.png"] + given + Self.device)
      #expect(again.status == 0, "\(again.messages)")
      #expect(try Data(contentsOf: program.url("b.png")) == first, "\(words)")
      #expect(!again.messages.contains("give it again"), "\(again.messages)")

      let missing = try program.run(["again", "a.png", "--settings"])
      #expect(missing.messages.contains("a.png: It was made from a picture"), "\(missing.messages)")
      guard hasMask else { return }
      let half = try program.run(["again", "a.png", "-i", "s.png", "--settings"])
      #expect(half.messages.contains("It was made with a mask"), "\(half.messages)")
    }
  }

  @Test func optionsTakeThePlaceOfWhatTheFileSays() throws {
    try Program.inFolder { program in
      try SmallPicture.write(width: 64, height: 64, to: program.url("s.png"))
      _ = try draw(program, ["a house", "-i", "s.png", "--strength", "0.3"] + Self.small, to: "a.png")
      let other = try draw(program, ["a tree", "-i", "s.png", "--strength", "0.6"] + Self.small, to: "b.png")
      let words = ["-p", "a tree", "-i", "s.png", "--strength", "0.6"]
      #expect(try draw(program, ["again", "a.png"] + words + Self.device, to: "c.png") == other)
    }
  }

  @Test func varyTakesAnotherSeed() throws {
    try Program.inFolder { program in
      let first = try draw(program, ["a house"] + Self.small, to: "a.png")
      let varied = try program.run(["again", "a.png", "--vary", "-b", "2", "-o", "more"] + Self.device)
      #expect(varied.status == 0, "\(varied.messages)")
      let paths = varied.output.split(separator: "\n").map(String.init)
      #expect(paths.count == 2)
      let all = try [first] + paths.map { try Data(contentsOf: program.url($0)) }
      #expect(Set(all).count == 3)
    }
  }

  @Test func severalPicturesAreDrawn() throws {
    try Program.inFolder { program in
      let files = try ["one", "two"].map { try draw(program, [$0] + Self.small, to: "\($0).png") }
      let result = try program.run(["again", "one.png", "two.png", "-o", "out/"] + Self.device)
      #expect(result.output == "out/one-7.png\nout/two-7.png\n", "\(result.messages)")
      let one = try program.run(["again", "one.png", "two.png", "-o", "x.png"] + Self.device)
      #expect(one.status == 2 && one.messages.contains("name a folder"), "\(one.messages)")
      for (name, file) in zip(["one", "two"], files) {
        #expect(try Data(contentsOf: program.url("out/\(name)-7.png")) == file)
      }
    }
  }

  @Test func settingsAreShownAndNothingIsDrawn() throws {
    try Program.inFolder { program in
      _ = try draw(program, ["a house", "-n", "fog"] + Self.small, to: "a.png")
      let result = try program.run(["again", "a.png", "--settings"])
      #expect(result.status == 0 && program.files == ["a.png"])
      for line in [
        "prompt: a house", "negative prompt: fog", "seed: 7", "steps: 2", "size: 64x64", "drawn by: imagine",
      ] {
        #expect(result.output.split(separator: "\n").contains { $0 == line }, "\(line)")
      }
    }
  }

  @Test func whatSaysNothingIsRefusedInASentence() throws {
    try Program.inFolder { program in
      try SmallPicture.write(width: 8, height: 8, to: program.url("plain.png"))
      try Data("a house".utf8).write(to: program.url("text.png"))
      let none = try program.complaint(["again", "plain.png"], status: 2)
      #expect(none.contains("'plain.png' says nothing of how it was drawn"))
      for file in ["text.png", "absent.png", "."] {
        let sentence = try program.complaint(["again", file], status: 1)
        #expect(sentence.hasPrefix("imagine: ") && sentence.hasSuffix("."), "\(sentence)")
      }
      let several = try program.complaint(["again", "plain.png", "plain.png", "--dump-tensors", "t"], status: 2)
      #expect(several.contains("--dump-tensors"))
      #expect(try program.complaint(["again"], status: 2).contains("picture"))
      #expect(try program.complaint(["again", "plain.png", "--prompts", "x"], status: 2).contains("--prompts"))
      #expect(try program.complaint(["again", "plain.png", "--estimate"], status: 2).contains("--estimate"))
      #expect(program.files == ["plain.png", "text.png"])
    }
  }

  /// What a terminal would obey: colours, a title, the alternate screen, a link, an answer typed for the person.
  @Test("Networks that guided a picture and made it larger are found by their names; what is not found is named")
  func partsAreFoundByTheirNames() throws {
    try Program.inFolder { program in
      for kind in ["checkpoints", "controlnet", "ipadapter", "upscale_models"] {
        try FileManager.default.createDirectory(at: program.url("models/\(kind)"), withIntermediateDirectories: true)
      }
      try FamilyModel("sd1").writeFile(to: program.url("models/checkpoints/small.safetensors"))
      try SmallPicture.write(width: 48, height: 32, to: program.url("guide.png"))
      for (name, file, kind) in [("controlnet_sd1", "net", "controlnet"), ("ip_sd1", "ip", "ipadapter")] {
        _ = try PartModel(name).write(.original, in: program.url("models/\(kind)"), name: file)
      }
      _ = try PartModel("image_encoder").write(.folder, in: program.url("models/ipadapter"), name: "image_encoder")
      let upscalers = program.url("models/upscale_models")
      try FileManager.default.copyItem(
        at: Golden.url("upscalers/compact_x2.pth"), to: upscalers.appending(path: "double.pth"))
      let environment = ["IMAGINE_MODEL": "", "IMAGINE_MODELS": "models"]
      func run(_ arguments: [String], to name: String, _ more: [String: String] = [:]) throws -> (Data, String) {
        let result = try program.run(
          arguments + Self.device + ["-o", name], environment: environment.merging(more) { $1 })
        #expect(result.status == 0, "\(arguments): \(result.messages)")
        return (try Data(contentsOf: program.url(name)), result.messages)
      }
      let draw = ["a house", "-m", "small", "--size", "64", "--steps", "2", "-s", "7"]
      let guided = [
        "--control", "net:0.7", "--control-image", "guide.png", "--preprocess", "canny:20:40", "--control-end", "0.5",
        "--control-mode", "prompt", "--ip-adapter", "ip:0.6", "--ip-image", "guide.png", "--upscale", "double:1.5",
        "--hires", "--hires-size", "96x96", "--hires-upscaler", "double",
      ]
      let first = try run(draw + guided, to: "a.png").0
      let pictures = ["--control-image", "guide.png", "--ip-image", "guide.png"]
      let (again, said) = try run(["again", "a.png"] + pictures, to: "b.png")
      #expect(again == first && !said.contains("guided") && !said.contains("upscaler"), "\(said)")
      // Without the pictures it is drawn without them.
      let (alone, asked) = try run(["again", "a.png"], to: "c.png")
      #expect(alone != first)
      for words in ["'net'", "--control-image", "'ip'", "--ip-image"] { #expect(asked.contains(words), "\(asked)") }
      // Options take the place of what the file says, and nothing is said of that.
      let other = try run(
        [
          "again", "a.png", "--control", "net", "--control-image", "guide.png", "--upscale", "double", "--ip-image",
          "guide.png",
        ],
        to: "d.png")
      #expect(other.0 != first && !other.1.contains("'net'") && !other.1.contains("upscaler"), "\(other.1)")
      try FileManager.default.removeItem(at: upscalers.appending(path: "double.pth"))
      try FileManager.default.removeItem(at: program.url("models/controlnet"))
      let lost = try run(["again", "a.png", "--ip-image", "guide.png"], to: "e.png").1
      for words in ["no upscaler 'double'", "ControlNet 'net', which is in no folder"] {
        #expect(lost.contains(words), "\(lost)")
      }
      let refused = try program.run(
        ["again", "c.png", "--control-image", "guide.png"] + Self.device, environment: environment)
      #expect(refused.status != 0 && refused.messages.contains("--control"), "\(refused.messages)")
    }
  }

  @Test("LoRAs of ComfyUI's graphs are found by their names, and what is not found is named and left out")
  func lorasOfComfyGraphs() throws {
    try Program.inFolder { program in
      for kind in ["checkpoints", "loras/deep"] {
        try FileManager.default.createDirectory(at: program.url("models/\(kind)"), withIntermediateDirectories: true)
      }
      try FamilyModel("sd1").writeFile(to: program.url("models/checkpoints/small.safetensors"))
      _ = try AdapterGolden.of("kohya", "sd1").write(to: program.url("models/loras/deep"), name: "style")
      func graph(_ name: String, _ weight: String) -> String {
        """
        {"1": {"class_type": "KSampler", "inputs": {"seed": 3, "steps": 2, "cfg": 4.0, "sampler_name": "euler", \
        "scheduler": "normal", "denoise": 1.0, "model": ["5", 0], "positive": ["3", 0], "negative": ["3", 0], \
        "latent_image": ["4", 0]}}, "2": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "small.safetensors"}}, \
        "3": {"class_type": "CLIPTextEncode", "inputs": {"text": "a house", "clip": ["5", 1]}}, \
        "4": {"class_type": "EmptyLatentImage", "inputs": {"width": 64, "height": 64, "batch_size": 1}}, \
        "5": {"class_type": "LoraLoader", "inputs": {"lora_name": "\(name)", "strength_model": \(weight), \
        "strength_clip": 1.0, "model": ["2", 0], "clip": ["2", 1]}}, "6": {"class_type": "VAEDecode", "inputs": \
        {"samples": ["1", 0], "vae": ["2", 2]}}, "7": {"class_type": "SaveImage", "inputs": {"images": ["6", 0]}}}
        """
      }
      var drawn: [String: (picture: SourcePicture, said: String)] = [:]
      for (name, lora, weight) in [
        ("with", "other/style.safetensors", "0.75"), ("without", "lost.safetensors", "0.75"),
      ] {
        try SmallPicture.write(
          [UInt8](repeating: 9, count: 192), width: 8, height: 8, text: [PNGText("prompt", graph(lora, weight))],
          to: program.url("\(name).png"))
        let result = try program.run(
          ["again", "\(name).png", "-o", "\(name)-again.png"] + Self.device,
          environment: ["IMAGINE_MODEL": "", "IMAGINE_MODELS": "models"])
        #expect(result.status == 0, "\(result.messages)")
        drawn[name] = (try SourcePicture(contentsOf: program.url("\(name)-again.png")), result.messages)
      }
      let with = try #require(drawn["with"]), without = try #require(drawn["without"])
      #expect(with.picture.pixels != without.picture.pixels && !with.said.contains("LoRA"), "\(with.said)")
      #expect(without.said.contains("the LoRA 'lost', which is in no folder of models"), "\(without.said)")
      let direct = try program.run(
        [
          "a house", "-n", "a house", "-m", "small", "--like", "comfyui", "--sampler", "euler", "--schedule", "normal",
          "--cfg", "4",
          "--steps", "2", "-s", "3", "--size", "64", "--lora", "style:0.75:1", "-o", "direct.png",
        ] + Self.device,
        environment: ["IMAGINE_MODEL": "", "IMAGINE_MODELS": "models"])
      #expect(direct.status == 0, "\(direct.messages)")
      #expect(try SourcePicture(contentsOf: program.url("direct.png")).pixels == with.picture.pixels)
    }
  }

  private static let hostile = [
    "\u{1B}[31m", "\u{1B}]0;owned\u{7}", "\u{1B}[?1049h", "\u{9B}2J", "\u{1B}]8;;http://x\u{1B}\\", "\u{1B}[6n", "\r",
    "\u{8}",
  ]

  @Test func nothingInAFileReachesTheTerminal() throws {
    try Program.inFolder { program in
      let evil = Self.hostile.joined(separator: "x")
      let infotext =
        "a house \(evil)\nNegative prompt: fog \(evil)\nSteps: 2, Sampler: \(evil), CFG scale: 7, Seed: 1, Size: 64x64, "
        + "Model: \(evil), VAE: \(evil), Hires upscale: 2, Hires upscaler: \(evil), Odd \(evil): \(evil), "
        + "Lora hashes: \"\(evil)\", Version: \(evil)"
      func node(_ kind: String, _ inputs: String) -> String { "{\"class_type\": \"\(kind)\", \"inputs\": {\(inputs)}}" }
      let quoted = String(decoding: try JSONEncoder().encode(evil), as: UTF8.self).dropFirst().dropLast()
      let graph = """
        {"1": \(node("KSampler", "\"seed\": 1, \"steps\": 2, \"sampler_name\": \"\(quoted)\", \"model\": [\"2\", 0]")), \
        "2": \(node("LoraLoader", "\"lora_name\": \"\(quoted)\", \"model\": [\"3\", 0]")), \
        "3": \(node("Odd\(quoted)", "\"ckpt_name\": \"\(quoted)\""))}
        """
      for (keyword, text) in [("parameters", infotext), ("prompt", graph)] {
        try SmallPicture.write(
          [UInt8](repeating: 9, count: 192), width: 8, height: 8, text: [PNGText(keyword, text)],
          to: program.url("evil.png"))
        for arguments in [["again", "evil.png", "--settings"], ["again", "evil.png", "--steps", "1"] + Self.device] {
          let result = try program.run(arguments, environment: ["IMAGINE_MODEL": ""])
          #expect(!result.messages.isEmpty)
          for scalar in (result.output + result.messages).unicodeScalars where scalar != "\n" {
            #expect(scalar.value >= 0x20 && !(0x7F...0x9F ~= scalar.value), "\(keyword): \(scalar.value)")
          }
        }
      }
    }
  }

  @Test func theModelIsFoundByItsNameOrItsHash() throws {
    try Program.inFolder { program in
      let models = program.url("models/deep")
      try FileManager.default.createDirectory(at: models, withIntermediateDirectories: true)
      try FamilyModel("sd1").writeFile(to: models.appending(path: "small.safetensors"))
      try FamilyModel("sd2").writeFile(to: models.appending(path: "other.safetensors"))
      let nothing = ["IMAGINE_MODEL": "", "IMAGINE_MODELS": ""]
      let first = try draw(program, ["a house", "-m", "models/deep/small.safetensors"] + Self.small, to: "a.png")
      func again(_ more: [String], _ environment: [String: String], to name: String) throws -> SourcePicture {
        let result = try program.run(["again", "a.png", "-o", name] + more + Self.device, environment: environment)
        #expect(result.status == 0, "\(more): \(result.messages)")
        return try SourcePicture(contentsOf: program.url(name))
      }
      #expect(try again(["--models-dir", "models"], nothing, to: "b.png").pixels.isEmpty == false)
      #expect(try Data(contentsOf: program.url("b.png")) == first)
      let picture = try SourcePicture(contentsOf: program.url("a.png"))

      try FileManager.default.moveItem(
        at: models.appending(path: "small.safetensors"), to: models.appending(path: "renamed.safetensors"))
      #expect(try again(["--models-dir", "models"], nothing, to: "c.png").pixels == picture.pixels)
      let variable = ["IMAGINE_MODEL": "", "IMAGINE_MODELS": "models"]
      #expect(try again([], variable, to: "d.png").pixels == picture.pixels)
      let beside = ["IMAGINE_MODEL": "models/deep/other.safetensors", "IMAGINE_MODELS": ""]
      #expect(try again([], beside, to: "e.png").pixels == picture.pixels)

      try FileManager.default.removeItem(at: models.appending(path: "renamed.safetensors"))
      let lost = try program.run(["again", "a.png", "--models-dir", "models"] + Self.device, environment: nothing)
      #expect(lost.status == 2 && lost.output.isEmpty)
      for words in ["'small'", "--model", "--models"] { #expect(lost.messages.contains(words), "\(lost.messages)") }
      // The model of every day is taken, and that is said.
      let usual = try program.run(["again", "a.png", "-o", "f.png"] + Self.device, environment: beside)
      #expect(usual.status == 0 && usual.messages.contains("'small'"), "\(usual.messages)")
      #expect(usual.messages.contains("whose hash is"), "\(usual.messages)")
    }
  }
}
