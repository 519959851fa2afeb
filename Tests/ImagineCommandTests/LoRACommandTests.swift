import Foundation
import Imagine
import ImagineGoldens
import Testing

@testable import ImagineCommand

/// LoRAs on the command line, in prompts, in prompt files and in pictures that are drawn again.
@Suite struct LoRACommandTests {
  private static let drawing = [
    "--steps", "1", "--size", "64x64", "--seed", "3", "--device", "cpu", "--precision", "f32",
  ]

  /// A program in a folder with a model, a LoRA of its own and one in a folder of models.
  private func withModel(_ body: (Program) throws -> Void) throws {
    try Program.inFolder { program in
      try FamilyModel("sd1").writeFile(to: program.url("model.safetensors"))
      let folder = program.url("models/Lora")
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
      _ = try AdapterGolden.of("kohya", "sd1").write(to: folder, name: "style")
      _ = try AdapterGolden.of("kohya with DoRA", "sd1").write(to: program.url("."), name: "own")
      _ = try AdapterGolden.of("kohya", "sdxl").write(to: program.url("."), name: "xl")
      try body(program)
    }
  }

  private func draw(_ program: Program, _ arguments: [String], to name: String) throws -> SourcePicture {
    let result = try program.run(
      arguments + ["-m", "model.safetensors", "--models", "models", "-o", name] + Self.drawing)
    #expect(result.status == 0, "\(arguments): \(result.messages)")
    return try SourcePicture(contentsOf: program.url(name))
  }

  @Test func theSameByEveryWay() throws {
    try withModel { program in
      let tagged = try draw(program, ["<lora:style:0.5>a house"], to: "tag.png")
      #expect(try draw(program, ["a house", "--lora", "style:0.5"], to: "name.png") == tagged)
      #expect(try draw(program, ["a house", "--lora=models/Lora/style.safetensors:0.5"], to: "file.png") == tagged)
      #expect(
        try draw(program, ["a house", "--lora-dir", "models", "--lyco", "style:0.5:0.5"], to: "alias.png") == tagged)
      let both = try draw(
        program, ["a house", "--lora", "style:0.5", "--lora", "./own.safetensors:-0.25:0"], to: "both.png")
      #expect(both != tagged)
      #expect(try draw(program, ["a house"], to: "plain.png") != tagged)
      // Drawn again from the file alone, both of them.
      try FileManager.default.moveItem(
        at: program.url("own.safetensors"), to: program.url("models/renamed.safetensors"))
      let result = try program.run(
        ["again", "both.png", "-m", "model.safetensors", "--models", "models", "-o", "again.png"] + Self.drawing)
      #expect(result.status == 0, "\(result.messages)")
      #expect(try SourcePicture(contentsOf: program.url("again.png")) == both)
    }
  }

  @Test func linesHaveTheirOwn() throws {
    try withModel { program in
      let lines = [
        "a house --lora style:0.5 --lora ./own.safetensors --output one", "<lora:style:0.5>a house --output two",
        "a house --output three",
      ]
      try Data(lines.joined(separator: "\n").utf8).write(to: program.url("lines.txt"))
      let result = try program.run(
        ["--prompts", "lines.txt", "-m", "model.safetensors", "--models", "models", "-o", "out"] + Self.drawing)
      #expect(result.status == 0, "\(result.messages)")
      #expect(
        try SourcePicture(contentsOf: program.url("out/two.png"))
          == draw(program, ["<lora:style:0.5>a house"], to: "two.png"))
      #expect(
        try SourcePicture(contentsOf: program.url("out/three.png")) == draw(program, ["a house"], to: "three.png"))
    }
  }

  @Test(arguments: [
    (["a", "--lora", "xl"], "There is no LoRA 'xl'"),
    (["a", "--lora", "./xl.safetensors"], "made for Stable Diffusion XL"),
    (["<lora:nothing:1>a"], "There is no LoRA 'nothing'"), (["a", "--lora", "./model.safetensors"], "none of the"),
  ])
  func whatCannotBeDone(_ arguments: [String], _ words: String) throws {
    try withModel { program in
      let result = try program.run(arguments + ["-m", "model.safetensors", "--models", "models"] + Self.drawing)
      #expect(result.status != 0 && result.messages.contains(words), "\(result.messages)")
    }
  }
}
