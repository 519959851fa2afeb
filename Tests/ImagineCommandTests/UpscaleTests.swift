import Foundation
import Imagine
import ImagineGoldens
import ImagineImage
import Testing

@testable import ImagineCommand

/// `imagine upscale`, and upscalers for what is drawn.
@Suite(
  .serialized,
  .enabled(if: Program.url != nil, "The program `imagine` is not beside the tests."))
struct UpscaleTests {
  private static let model = Golden.url("upscalers/compact_x2.pth").path
  private static let processor = ["-t", "1", "--device", "cpu", "--precision", "f32"]

  private func inFolder(_ body: (Program) throws -> Void) throws {
    try Program.inFolder { program in
      try SmallPicture.write(width: 20, height: 12, to: program.url("a.png"))
      try SmallPicture.write(width: 10, height: 10, to: program.url("b.png"))
      try body(program)
    }
  }

  private func upscale(_ program: Program, _ words: [String]) throws -> Program.Result {
    try program.run(["upscale"] + words + ["-m", Self.model] + Self.processor)
  }

  private func size(_ program: Program, _ name: String) throws -> Size {
    try SourcePicture(contentsOf: program.url(name)).size
  }

  @Test func aPictureGetsTheScaleInItsName() throws {
    try inFolder { program in
      let first = try upscale(program, ["a.png"])
      #expect(first.status == 0 && first.output == "a-x2.png\n", "\(first.messages)")
      #expect(try size(program, "a-x2.png") == Size(width: 40, height: 24))
      // What is there stays.
      let second = try upscale(program, ["a.png"])
      #expect(second.status == 0 && second.output == "a-x2-2.png\n" && second.messages.contains("exists"))
      let third = try upscale(program, ["a.png", "--scale", "1.5", "-o", "c.webp"])
      #expect(third.output == "c.webp\n", "\(third.messages)")
      #expect(try size(program, "c.webp") == Size(width: 30, height: 18))
      let fourth = try upscale(program, ["a.png", "--size", "30x30"])
      #expect(fourth.output == "a-30x30.png\n", "\(fourth.messages)")
      #expect(try size(program, "a-30x30.png") == Size(width: 30, height: 30))
    }
  }

  @Test func severalGoIntoAFolderUnderTheirNames() throws {
    try inFolder { program in
      let result = try upscale(program, ["a.png", "b.png", "-o", "large"])
      #expect(result.status == 0 && result.output == "large/a.png\nlarge/b.png\n", "\(result.messages)")
      // One that is no picture does not stop the others.
      try Data("no".utf8).write(to: program.url("c.png"))
      let other = try upscale(program, ["a.png", "c.png", "b.png", "-o", "other"])
      #expect(other.status == 1 && other.output == "other/a.png\nother/b.png\n", "\(other.messages)")
      #expect(other.messages.contains("c.png"))
    }
  }

  @Test func mistakesAreSaidInASentence() throws {
    try inFolder { program in
      for (words, status, message) in [
        (["a.png", "-m", "nowhere.pth"], 1, "no file"), (["a.png", "-m", "a.png"], 1, "PNG"),
        (["nowhere.png", "-m", Self.model], 1, "nowhere.png"), (["a.png"], 2, "--model"),
        (["a.png", "-m", Self.model, "--scale", "0"], 2, "1 to 16"),
        (["a.png", "-m", Self.model, "--scale", "2", "--size", "8x8"], 2, "one of them"),
        (["a.png", "b.png", "-m", Self.model, "-o", "one.png"], 2, "name a folder"),
        (["a.png", "-m", Self.model, "--vae", "x"], 2, "--vae"),
      ] as [([String], Int32, String)] {
        let result = try program.run(["upscale"] + words + Self.processor)
        #expect(result.status == status && result.messages.contains(message), "\(words): \(result.messages)")
        #expect(result.output.isEmpty)
      }
    }
  }

  @Test func drawnPicturesAreMadeLarger() throws {
    try inFolder { program in
      let draw = ["a house", "--size", "64x64", "--steps", "1", "-s", "1"] + Self.processor
      let after = try program.run(draw + ["--upscale", "\(Self.model):1.5", "-o", "after.png"])
      #expect(after.status == 0, "\(after.messages)")
      #expect(try size(program, "after.png") == Size(width: 96, height: 96))
      let between = try program.run(draw + ["--hires-upscaler", Self.model, "-o", "between.png"])
      #expect(between.status == 0, "\(between.messages)")
      #expect(try size(program, "between.png") == Size(width: 128, height: 128))
      // By its name in the folder of models, in a line of a prompt file.
      let models = ["IMAGINE_MODELS": program.url("models").path]
      let folder = program.url("models/upscale_models")
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
      try FileManager.default.copyItem(at: URL(filePath: Self.model), to: folder.appending(path: "double_x2.pth"))
      try Data("a house --upscale double_x2\n".utf8).write(to: program.url("p.txt"))
      let line = try program.run(
        ["--prompts", "p.txt", "--size", "64x64", "--steps", "1", "-o", "lines"] + Self.processor, environment: models)
      #expect(line.status == 0, "\(line.messages)")
      let name = line.output.split(separator: "\n").first.map(String.init) ?? ""
      #expect(try size(program, name) == Size(width: 128, height: 128))
      // By a part of its name that no other has, in any of several folders.
      let several = ["IMAGINE_MODELS": "\(program.url("nowhere").path):\(program.url("models").path)"]
      for (words, name) in [(["--upscale", "uble:1.5"], "part.png"), (["--hires-upscaler", "uble"], "pass.png")] {
        let part = try program.run(draw + words + ["-o", name], environment: several)
        #expect(part.status == 0, "\(part.messages)")
      }
      #expect(try size(program, "part.png") == Size(width: 96, height: 96))
      #expect(try size(program, "pass.png") == Size(width: 128, height: 128))
      let enlarged = try program.run(
        ["upscale", "a.png", "-m", "uble", "-o", "b.webp"] + Self.processor, environment: several)
      #expect(enlarged.status == 0, "\(enlarged.messages)")
      let neither = try program.run(draw + ["--hires-upscaler", "lanczoz"], environment: several)
      #expect(neither.status == 2 && neither.output.isEmpty)
      for words in ["no upscaler of that name", "lanczos"] {
        #expect(neither.messages.contains(words), "\(neither.messages)")
      }
    }
  }

  @Test func choicesAreRead() throws {
    #expect(try UpscalingChoice("x.pth").scale == nil)
    #expect(try UpscalingChoice("a:b.pth:2.5") == UpscalingChoice("a:b.pth:2.5"))
    #expect(try UpscalingChoice("a:b.pth:2.5").model == "a:b.pth" && UpscalingChoice("a:b.pth:2.5").scale == 2.5)
    #expect(try UpscalingChoice("a:b.pth").model == "a:b.pth")
    for text in ["", ":2", "x.pth:0", "x.pth:nan", "x.pth:17"] {
      #expect(throws: (any Error).self) { try UpscalingChoice(text) }
    }
    #expect(try HiresUpscalerChoice("Latent (bicubic)") != HiresUpscalerChoice("lanczos"))
    #expect(try HiresUpscalerChoice("4x.pth") == .model("4x.pth"))
    #expect(try HiresUpscalerChoice("magic") == .model("magic"))
  }
}
