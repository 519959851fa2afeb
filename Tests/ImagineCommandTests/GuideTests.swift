import Foundation
import ImagineGoldens
import Testing

/// Pictures that guide, as a person names them.
@Suite(.enabled(if: Program.url != nil, "The program `imagine` is not beside the tests."))
struct GuideTests {
  private static let base = ["-m", "sd1.safetensors", "--steps", "2"]

  private func inFolder(_ body: (Program) throws -> Void) throws {
    try Program.inFolder { program in
      try FamilyModel("sd1").writeFile(to: program.url("sd1.safetensors"))
      try SmallPicture.write(width: 96, height: 64, to: program.url("guide.png"))
      for (name, file) in [("controlnet_sd1", "net"), ("t2i_sd1", "t2i"), ("ip_sd1", "ip")] {
        _ = try PartModel(name).write(.original, in: program.folder, name: file)
      }
      _ = try PartModel("image_encoder").write(.folder, in: program.folder, name: "image_encoder")
      try body(program)
    }
  }

  @Test("Each network that guides makes another picture, and each of its options does")
  func options() throws {
    try inFolder { program in
      let control = ["--control", "net.safetensors", "--control-image", "guide.png"]
      let variants: [[String]] = [
        [], control, control + ["--preprocess", "canny:20:40"], control + ["--control-end", "0.5"],
        control + ["--control-mode", "control"], control + ["--control-resize", "stretch"],
        ["--control", "net.safetensors:0.5", "--control-image", "guide.png"],
        control + ["--control", "t2i.safetensors", "--control-image", "guide.png"],
        ["--ip-adapter", "ip.safetensors", "--ip-image", "guide.png"],
        ["--ip-adapter", "ip.safetensors:0.5", "--ip-image", "guide.png", "--image-encoder", "image_encoder"],
      ]
      var seen: Set<Data> = []
      for words in variants {
        let picture = try program.picture(Self.base + words)
        #expect(seen.insert(picture).inserted, "\(words)")
      }
      // A picture to change guides its own change.
      let change = Self.base + ["-i", "guide.png"]
      let (guided, plain) = (
        try program.picture(change + ["--control", "net.safetensors"]), try program.picture(change)
      )
      #expect(guided != plain)
    }
  }

  @Test("A line of a prompt file is guided by itself")
  func lines() throws {
    try inFolder { program in
      let words =
        "--control net.safetensors --control-image guide.png --control t2i.safetensors --control-image guide.png"
      try Data("a house\na house \(words)\n".utf8).write(to: program.url("lines.txt"))
      let result = try program.run(
        Self.base + ["--prompts", "lines.txt", "-s", "1", "-o", "out", "--device", "cpu", "--precision", "f32"])
      #expect(result.status == 0, "\(result.messages)")
      let files = try FileManager.default.contentsOfDirectory(atPath: program.url("out").path).filter {
        $0.hasSuffix(".png")
      }
      #expect(files.count == 2)
      #expect(Set(try files.map { try Data(contentsOf: program.url("out/\($0)")) }).count == 2)
    }
  }

  @Test("What cannot guide is refused in one sentence")
  func refusals() throws {
    try inFolder { program in
      for (words, part, status) in [
        (["--control", "nothing.safetensors", "--control-image", "guide.png"], "nothing.safetensors", 1),
        (["--control", "net.safetensors"], "there is none", 2),
        (["--control", "ip.safetensors", "--control-image", "guide.png"], "IP-Adapter", 1),
        (["--ip-adapter", "net.safetensors", "--ip-image", "guide.png"], "ControlNet", 1),
      ] as [([String], String, Int32)] {
        let complaint = try program.complaint(["a", "-q"] + Self.base + words + ["-o", "x.png"], status: status)
        #expect(complaint.contains(part), "\(complaint)")
      }
    }
  }
}
