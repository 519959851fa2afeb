import Foundation
import Testing

/// Arguments and the exit status they lead to.
private let expectedStatuses: [([String], Int32)] = [
  (["x", "--steps", "many"], 2), ([], 2), (["x", "--size", "64x65"], 2), (["x", "-m", "/nowhere"], 1),
  (["x", "--steps", "0"], 2), (["x", "--device", "vulkan:99"], 2), (["x", "--device", "no such device"], 2),
  (["--prompts", "/nowhere"], 1), (["--prompts", Program.model.path], 2), (["x", "-m", ""], 2),
  (["x", "--bogus", "3"], 2),
  (["x", "--cfg-scale", "nan"], 2), (["x", "-t", "0"], 2), (["pull", "x"], 2), (["help", "bench", "ops"], 0),
  (["help", "nope"], 2), (["bench", "--bogus", "3"], 2), (["bench", "ops", "--filtre", "x"], 2), (["devices", "x"], 2),
  (["inspect", "--bogus", "x"], 2), (["x", "-o", "/dev/full"], 1), (["x", "--dump-tensors", "/nowhere/x"], 2),
  (["x", "--dump-tensors", "/dev/null"], 2),
  (["inspect", "/nowhere"], 1), (["inspect"], 2), (["--help"], 0), (["--version"], 0),
  (["x", "--precision", "f16", "--device", "cpu"], 2), (["devices"], 0), (["inspect", Program.model.path], 0),
  (["x", "--vulkan-tier", "t1", "--device", "cpu"], 2),
  (["inspect", "--help"], 0),
]

@Suite(
  .serialized,
  .enabled(if: Program.url != nil, "The program `imagine` is not beside the tests."),
  .enabled(if: FileManager.default.fileExists(atPath: Program.model.path), "The small test model is missing."))
struct ProgramTests {
  private static let small = ["--size", "64", "--steps", "2", "-t", "1"]

  private func inFolder(_ body: (Program) throws -> Void) throws {
    let program = try Program()
    defer { program.remove() }
    try body(program)
  }

  @Test func printsThePathAndNothingElse() throws {
    try inFolder { program in
      let result = try program.run(["a red house", "-s", "42"] + Self.small)
      #expect(result.status == 0, "\(result.messages)")
      #expect(result.output == "a-red-house-42.png\n")
      #expect(result.messages.contains("seed 42"))
      #expect(program.files == ["a-red-house-42.png"])
      let data = try Data(contentsOf: program.folder.appending(path: "a-red-house-42.png"))
      #expect(data.starts(with: [0x89, 0x50, 0x4E, 0x47]))
      #expect(data.range(of: Data("Seed: 42".utf8)) != nil)
    }
  }

  @Test func estimatesWithoutDrawing() throws {
    try inFolder { program in
      let report = try program.run(["--estimate", "--device", "cpu"] + Self.small)
      #expect(report.status == 0, "\(report.messages)")
      for words in ["64x64", "text encoder", "UNet", "decoder", "the whole picture", "free:"] {
        #expect(report.output.contains(words))
      }
      let json = try program.run(["--estimate", "--json", "--low-memory", "--device", "cpu"] + Self.small)
      let object = try JSONSerialization.jsonObject(with: Data(json.output.utf8)) as? [String: Any]
      #expect(object?["usesLowMemory"] as? Bool == true)
      #expect((object?["stages"] as? [Any])?.count == 3)
      #expect(program.files.isEmpty)
    }
  }

  @Test func processorFeaturesCanBeLimited() throws {
    try inFolder { program in
      func devices(_ features: String) throws -> Program.Result {
        try program.run(["devices"], environment: ["IMAGINE_CPU_FEATURES": features])
      }
      let none = try devices("none")
      #expect(none.status == 0 && !none.output.contains("AVX"))
      let result = try program.run(
        ["a red house", "-vv", "--device", "cpu"] + Self.small, environment: ["IMAGINE_CPU_FEATURES": "none"])
      #expect(result.status == 0 && result.messages.contains("precision f32"), "\(result.messages)")
      #expect(result.messages.contains(/planned a network.* at \d+ ms/))
      let detailed = try program.run(["a red house", "-v", "--device", "cpu"] + Self.small)
      #expect(detailed.messages.contains(/the UNet was ready after [\d.]+ s/), "\(detailed.messages)")
      #expect(detailed.messages.contains(/the most memory of the process: \d+ MB/))
      #expect(!detailed.messages.contains("planned a network"))
      let unknown = try devices("avx3")
      #expect(unknown.status == 1 && unknown.messages.contains("avx512-bf16"), "\(unknown.messages)")
    }
  }

  @Test func neverOverwrites() throws {
    try inFolder { program in
      let arguments = ["x", "-s", "1", "-q", "-o", "new/picture"] + Self.small
      #expect(try program.run(arguments).output == "new/picture.png\n")
      let first = try Data(contentsOf: program.folder.appending(path: "new/picture.png"))
      let second = try program.run(arguments + ["--no-metadata"])
      #expect(second.output == "new/picture-2.png\n")
      #expect(second.messages.isEmpty)
      #expect(try Data(contentsOf: program.folder.appending(path: "new/picture.png")) == first)
      #expect(
        try Data(contentsOf: program.folder.appending(path: "new/picture-2.png")).range(of: Data("Seed".utf8)) == nil)
    }
  }

  @Test func batchesGoToAFolder() throws {
    try inFolder { program in
      let result = try program.run(["x", "-s", "7", "-b", "2", "-o", "many", "--dump-tensors", "t"] + Self.small)
      #expect(result.status == 2)
      #expect(
        try program.run(["x", "-s", "7", "-b", "2", "-o", "many"] + Self.small).output == "many/x-7.png\nmany/x-8.png\n"
      )
    }
  }

  @Test func dumpsTensors() throws {
    try inFolder { program in
      let arguments = ["x", "-s", "7", "--dump-tensors", "t.safetensors"] + Self.small
      let first = try program.run(arguments), files = program.files
      #expect(first.status == 0)
      #expect(files == ["t.safetensors", "x-7.png"])
      let second = try program.run(arguments)
      #expect(second.status == 2)
      #expect(program.files == files)
    }
  }

  @Test(arguments: expectedStatuses)
  func statuses(_ arguments: [String], _ status: Int32) throws {
    try inFolder { program in
      let result = try program.run(arguments)
      #expect(result.status == status)
      #expect(result.output.isEmpty == (status != 0))
      #expect(status == 0 || result.messages.contains("imagine: "))
      #expect(program.files.isEmpty)
    }
  }

  @Test(arguments: [(SIGINT, 130), (SIGTERM, 143)] as [(Int32, Int32)])
  func signalsEndTheRunWithoutAFile(_ signal: Int32, _ status: Int32) throws {
    try inFolder { program in
      let ended = try program.interrupt(["x", "--size", "256", "--steps", "1000", "-t", "1"], with: signal)
      #expect(ended == status)
      #expect(program.files.isEmpty)
    }
  }

  @Test func aReaderThatWentAwayCostsNoPicture() throws {
    try inFolder { program in
      let process = try program.process(["x", "-s", "1"] + Self.small)
      let output = Pipe()
      process.standardOutput = output
      process.standardError = FileHandle.nullDevice
      try output.fileHandleForReading.close()
      try process.run()
      process.waitUntilExit()
      #expect(process.terminationReason == .exit && process.terminationStatus == 0)
      #expect(program.files == ["x-1.png"])
    }
  }

  @Test func promptFilesResumeAndReportWrongLines() throws {
    try inFolder { program in
      let list = "# list\na boat\na boat --steps 1\nwrong --steps x\n--prompt a tree --width 65\nlast --output end"
      let arguments = ["--prompts", "-", "-o", "pictures"] + Self.small
      let first = try program.run(arguments, input: list)
      #expect(first.status == 1)
      let paths = first.output.split(separator: "\n").map(String.init)
      #expect(paths.count == 3)
      #expect(paths.last == "pictures/end.png")
      #expect(paths.first?.hasPrefix("pictures/a-boat-") == true)
      #expect(first.messages.contains("imagine: line 4: ") && first.messages.contains("imagine: line 5: "))

      let lost = try #require(paths.first)
      try FileManager.default.removeItem(at: program.folder.appending(path: lost))
      let second = try program.run(arguments, input: list)
      #expect(second.output == lost + "\n")
      #expect(second.messages.contains("skipped, exists: \(paths[1])"))

      let moved = try program.run(arguments, input: "# one more line\n\n" + list)
      #expect(moved.output.isEmpty)
      let edited = try program.run(arguments, input: list.replacing("a boat --steps 1", with: "a boat --steps 3"))
      #expect(edited.output.split(separator: "\n").count == 1)
    }
  }
}
