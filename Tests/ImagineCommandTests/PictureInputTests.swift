import Foundation
import Imagine
import ImagineImage
import Testing

/// Pictures in, and in other formats out, as a person has them.
@Suite(
  .serialized,
  .enabled(if: Program.url != nil, "The program `imagine` is not beside the tests."),
  .enabled(if: FileManager.default.fileExists(atPath: Program.model.path), "The small test model is missing."))
struct PictureInputTests {
  private static let small = ["--steps", "2", "-s", "7", "-t", "1", "--device", "cpu", "--precision", "f32"]

  private func inFolder(_ body: (Program) throws -> Void) throws {
    try Program.inFolder { program in
      try SmallPicture.write(width: 64, height: 64, to: program.url("sketch.png"))
      try SmallPicture.writeMask(width: 64, height: 64, to: program.url("m.png"))
      try body(program)
    }
  }

  private func draw(_ program: Program, _ words: [String], to name: String = "a.png") throws -> SourcePicture {
    let result = try program.run(Self.small + words + ["-o", name])
    #expect(result.status == 0, "\(words): \(result.messages)")
    return try SourcePicture(contentsOf: program.url(name))
  }

  @Test func everyWordOfALongCommandCounts() throws {
    try inFolder { program in
      let words = [
        "(red:1.3) house", "--steps", "4", "-i", "sketch.png", "--mask", "m.png", "--sampler", "DPM++ 2M SDE Karras",
        "--like", "a1111",
      ]
      let picture = try draw(program, words), sketch = try SourcePicture(contentsOf: program.url("sketch.png"))
      #expect(picture.size == sketch.size)
      // Outside the mask and its soft edge it is the sketch, inside it is not.
      func differences(_ columns: Range<Int>) -> Int {
        (0..<64).reduce(0) { sum, row in
          sum
            + columns.count { column in
              (0..<3).contains { channel in
                let index = 3 * (64 * row + column) + channel
                return picture.pixels[index] != sketch.pixels[index]
              }
            }
        }
      }
      #expect(differences(56..<64) == 0)
      #expect(differences(0..<24) > 1000)
      // Each word makes another picture.
      for (index, without) in [
        (0, ["red house"] + words.dropFirst()),
        (1, words.filter { !["-i", "sketch.png", "--mask", "m.png"].contains($0) }),
        (2, words.filter { !["--mask", "m.png"].contains($0) }), (3, words.dropLast(4) + ["--like", "a1111"]),
        (4, Array(words.dropLast(2))), (5, words.map { $0.replacing(" Karras", with: "") }),
      ] {
        #expect(try draw(program, Array(without), to: "b\(index).png") != picture, "\(without)")
      }
    }
  }

  @Test func picturesComeFromPipes() throws {
    try inFolder { program in
      let expected = try draw(program, ["a house", "-i", "sketch.png"])
      let words = Self.small.joined(separator: " ")
      let input = try program.shell("cat sketch.png | \"$0\" 'a house' -i - \(words) -o b.png")
      #expect(input.status == 0, "\(input.messages)")
      #expect(try SourcePicture(contentsOf: program.url("b.png")) == expected)
      let process = try program.shell("\"$0\" 'a house' -i <(cat sketch.png) \(words) -o c.png")
      #expect(process.status == 0, "\(process.messages)")
      #expect(try SourcePicture(contentsOf: program.url("c.png")) == expected)
      let both = try program.run(["--prompts", "-", "-i", "-"], input: "a house")
      #expect(both.status == 2 && both.messages.contains("standard input"), "\(both.messages)")
    }
  }

  @Test func aMaskOfAnySizeIsBroughtToThePictures() throws {
    try inFolder { program in
      try SmallPicture.writeMask(width: 256, height: 256, to: program.url("large.png"))
      let words = ["a house", "-i", "sketch.png", "--mask-blur", "0"]
      let expected = try draw(program, words + ["--mask", "m.png"])
      let large = try draw(program, words + ["--mask", "large.png"], to: "b.png")
      // Columns at the edge may be grey after resampling.
      for row in 0..<64 {
        let place = 3 * 64 * row
        #expect(
          Array(large.pixels[(place + 120)..<(place + 192)]) == Array(expected.pixels[(place + 120)..<(place + 192)]))
      }
    }
  }

  @Test func whatIsNoPictureIsRefusedBeforeTheModelIsRead() throws {
    try inFolder { program in
      try Data("<svg xmlns='http://www.w3.org/2000/svg'/>".utf8).write(to: program.url("x.svg"))
      try SmallPicture.write(
        [UInt8](repeating: 0, count: 192), width: 8, height: 8, to: program.url("black.png"))
      for (words, part) in [
        (["-i", "."], "folder"), (["-i", "x.svg"], "SVG"), (["-i", "absent.png"], "absent.png"),
        (["-i", "sketch.png", "--mask", "x.svg"], "SVG"), (["-i", "-"], "standard input"),
      ] {
        let sentence = try program.complaint(["x", "-m", "/nowhere"] + words, status: 1)
        #expect(sentence.contains(part), "\(sentence)")
      }
      let black = try program.complaint(["x", "-q", "-i", "sketch.png", "--mask", "black.png"], status: 2)
      #expect(black.contains("all black"))
      let hires = try program.complaint(["x", "-q", "-i", "sketch.png", "--hires"], status: 2)
      #expect(hires.contains("second pass"))
      let guided = try program.complaint(["x", "-q", "-i", "sketch.png", "--image-cfg-scale", "2"], status: 2)
      #expect(guided.contains("instruction"))
    }
  }

  @Test(arguments: [
    ("a.jpg", [0xFF, 0xD8]), ("a.JPEG", [0xFF, 0xD8]), ("a.webp", Array("RIFF".utf8)), ("a.png", [0x89]),
  ])
  func theNameSaysTheFormat(_ name: String, _ start: [UInt8]) throws {
    try inFolder { program in
      let words = ["a house", "--size", "64"]
      _ = try draw(program, words, to: name)
      #expect(try Data(contentsOf: program.url(name)).starts(with: start))
      guard start != [0x89] else { return }
      _ = try draw(program, words + ["--quality", "20"], to: "low-" + name)
      let sizes = try ["low-" + name, name].map { try Data(contentsOf: program.url($0)).count }
      #expect(sizes[0] < sizes[1])
      let other = try program.run(words + Self.small + ["--format", start[0] == 0xFF ? "jpg" : "webp"])
      #expect(other.output == "a-house-7.\(start[0] == 0xFF ? "jpg" : "webp")\n")
    }
  }

  @Test func settingsTooLongForAJPEGAreRefusedBeforeDrawing() throws {
    try inFolder { program in
      let prompt = String(repeating: "é", count: 33_000)
      let base = ["--size", "64"] + Self.small
      let sentence = try program.complaint([prompt, "-q", "-o", "a.jpg"] + base, status: 2)
      #expect(
        sentence.contains("32739 letters") && sentence.contains("PNG") && sentence.contains("--no-metadata"),
        "\(sentence)")
      #expect(try program.complaint([prompt, "-q", "--format", "jpg"] + base, status: 2) == sentence)
      // Where none are written there is room; a number of steps is refused instead, since drawing would take long.
      let without = try program.complaint(
        [prompt, "-q", "-o", "a.jpg", "--no-metadata"] + base + ["--cfg-scale", "-1"], status: 2)
      #expect(!without.contains("32739"))
      let list =
        "--prompt \(prompt.prefix(30_000)) --negative_prompt \(prompt.prefix(2_760)) --output b.jpg\na boat --output c.jpg"
      let lines = try program.run(["--prompts", "-", "-o", "out"] + base, input: list)
      #expect(lines.output == "out/c.jpg\n" && lines.messages.contains("line 1: "), "\(lines.messages)")
      #expect(!lines.messages.contains("CommandFailure"))
    }
  }

  @Test func linesMayHavePicturesOfTheirOwn() throws {
    try inFolder { program in
      let list = """
        a house --init-image sketch.png --strength 0.5 --output a.png
        a house --init-image sketch.png --mask m.png --output b.webp
        a house --init-image absent.png
        a house --mask m.png
        a house --init-image .
        """
      let result = try program.run(["--prompts", "-", "-o", "out"] + Self.small, input: list)
      #expect(result.status == 1 && result.output == "out/a.png\nout/b.webp\n", "\(result.messages)")
      for words in ["line 3: ", "absent.png", "line 4: ", "--init-image", "line 5: ", "folder"] {
        #expect(result.messages.contains(words), "\(result.messages)")
      }
      #expect(
        try SourcePicture(contentsOf: program.url("out/a.png"))
          == draw(
            program, ["a house", "-i", "sketch.png", "--strength", "0.5", "-s", "\(seed(of: program, "out/a.png"))"]))
    }
  }

  private func seed(of program: Program, _ name: String) throws -> UInt64 {
    try #require(try RecordedSettings(pictureAt: program.url(name)).request.seed)
  }

  @Test func twoPassesAreCountedAndNamed() throws {
    try inFolder { program in
      let result = try program.run(
        ["a house", "--size", "64", "--hires-scale", "2", "--hires-steps", "3", "-o", "a.png"] + Self.small)
      #expect(result.messages.contains("128x128, 5 steps"), "\(result.messages)")
      #expect(try SourcePicture(contentsOf: program.url("a.png")).size == Size(width: 128, height: 128))
    }
  }

  @Test func previewsGoToAFile() throws {
    try inFolder { program in
      try Data("old".utf8).write(to: program.url("p.png"))
      _ = try draw(program, ["a house", "--size", "64", "--preview", "p.png"])
      #expect(try Data(contentsOf: program.url("p.png")).starts(with: [0x89, 0x50]))
      let plain = try draw(program, ["a house", "--size", "64"], to: "b.png")
      #expect(try plain == SourcePicture(contentsOf: program.url("a.png")))
      for (path, part) in [
        ("absent/p.png", "no folder"), (".", "no file that can be replaced"), ("p.jpg", ".png"), ("", "empty"),
      ] {
        let sentence = try program.complaint(["x", "-m", "/nowhere", "--preview", path], status: 2)
        #expect(sentence.contains("--preview") && sentence.contains(part), "\(sentence)")
      }
      let interval = try program.complaint(["x", "--preview-interval", "2"], status: 2)
      #expect(interval.contains("--preview"))
      #expect(
        try program.complaint(["x", "--preview", "p.png", "--preview-interval", "0"], status: 2).contains("1 to 1000"))
    }
  }

  @Test func picturesAreShownWhereThatIsAsked() throws {
    try inFolder { program in
      let words = ["a house", "--size", "64"] + Self.small
      let blocks = try program.run(words + ["--show-as", "blocks"])
      #expect(blocks.status == 0 && blocks.output == "a-house-7.png\n")
      #expect(blocks.messages.contains("\u{2580}"))
      let unknown = try program.run(words + ["--show"])
      #expect(unknown.status == 0 && unknown.messages.contains("--show-as"), "\(unknown.messages)")
      #expect(!unknown.messages.contains("\u{1B}"))
      let none = try program.run(words + ["--show-as", "none"])
      #expect(none.status == 0 && !none.messages.contains("\u{2580}"))
      #expect(try program.complaint(["x", "-q", "--show"], status: 2).contains("--quiet"))
      #expect(try program.complaint(["x", "--show-as", "paper"], status: 2).contains("blocks"))
    }
  }
}
