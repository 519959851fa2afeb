import Foundation
import Testing

/// What one line or one name does to a run of many.
@Suite(
  .serialized,
  .enabled(if: Program.url != nil, "The program `imagine` is not beside the tests."),
  .enabled(if: FileManager.default.fileExists(atPath: Program.model.path), "The small test model is missing."))
struct BatchTests {
  private static let small = ["--size", "64", "--steps", "1", "-t", "1"]

  private func inFolder(_ body: (Program) throws -> Void) throws {
    let program = try Program()
    defer { program.remove() }
    try body(program)
  }

  private func draw(_ program: Program, _ lines: [String], more: [String] = []) throws -> Program.Result {
    try program.run(["--prompts", "-", "-o", "out"] + Self.small + more, input: lines.joined(separator: "\n"))
  }

  private static let faults = [
    "a --output ../x", "a --output \(String(repeating: "x", count: 300))", "a --output taken/x", "a --output folder",
    "a --output link/x", "a --width 65", "a --steps 0", "a --nonsense 3", "a --output \"a\u{1}b\"", "a --size 1x1",
    "a --output \(String(repeating: "y/", count: 3000))z --width 65",
  ]

  @Test(arguments: faults)
  func oneLinesFaultNeverEndsTheRun(_ fault: String) throws {
    try inFolder { program in
      let out = program.folder.appending(path: "out")
      for folder in ["folder.png", "outside"] {
        try FileManager.default.createDirectory(at: out.appending(path: folder), withIntermediateDirectories: true)
      }
      try Data().write(to: out.appending(path: "taken"))
      try FileManager.default.createSymbolicLink(
        atPath: out.appending(path: "link").path, withDestinationPath: program.folder.path)
      let result = try draw(program, ["first", fault, "last --output last"])
      #expect(result.status == 1, "\(result.messages)")
      #expect(result.output.split(separator: "\n").count == 2, "\(result.messages)")
      #expect(result.messages.contains("imagine: line 2: "))
      #expect(program.files.filter { $0.hasSuffix(".png") && $0 != "out/folder.png" }.count == 2)
      #expect(!program.files.contains { $0.contains(".imagine-") })
    }
  }

  @Test func anotherRunsPictureCountsAsDone() throws {
    try inFolder { program in
      let first = try draw(program, ["a --output x", "b"])
      let second = try draw(program, ["a --output x", "b", "c"])
      #expect(first.status == 0 && second.status == 0)
      #expect(second.output.split(separator: "\n").count == 1)
      #expect(second.messages.contains("skipped, exists: out/x.png"))
    }
  }

  @Test func twoRunsShareTheWork() throws {
    try inFolder { program in
      let list = program.folder.appending(path: "list.txt")
      try Data((1...12).map { "picture \($0)" }.joined(separator: "\n").utf8).write(to: list)
      let runs = try (0..<2).map { _ in
        let process = try program.process(
          ["--prompts", "list.txt", "-o", "out", "--steps", "3"] + Self.small.prefix(2))
        let output = Pipe()
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()
        return (process, output)
      }
      let outputs = try runs.map { String(decoding: try $1.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self) }
      for (process, _) in runs {
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
      }
      // Each picture was drawn by one of them.
      let drawn = outputs.flatMap { $0.split(separator: "\n") }
      #expect(drawn.count == 12 && Set(drawn).count == 12)
      #expect(program.files.filter { $0.hasPrefix("out/") }.count == 12)
    }
  }

  @Test func whatAKilledRunLeftIsSweptAndDrawn() throws {
    try inFolder { program in
      let process = try program.process(["--prompts", "-", "-o", "out", "--size", "64", "--steps", "1000", "-t", "1"])
      let input = Pipe(), messages = Pipe()
      process.standardInput = input
      process.standardOutput = FileHandle.nullDevice
      process.standardError = messages
      try process.run()
      try input.fileHandleForWriting.write(contentsOf: Data("a".utf8))
      try input.fileHandleForWriting.close()
      _ = messages.fileHandleForReading.availableData
      while !program.files.contains(where: { $0.contains(".imagine-") }), process.isRunning { usleep(1000) }
      kill(process.processIdentifier, SIGKILL)
      process.waitUntilExit()
      #expect(program.files.filter { $0.hasSuffix(".png") }.isEmpty)
      let again = try draw(program, ["a --steps 1"])
      #expect(again.status == 0, "\(again.messages)")
      #expect(program.files.filter { $0.contains(".imagine-") }.isEmpty)
    }
  }

  @Test func aFullDiskEndsTheRun() throws {
    try inFolder { program in
      // A file may not grow beyond a few kilobytes: as on a full disk, the next would fare no better.
      let command =
        "ulimit -f 1; exec \"$0\" --prompts list.txt -o out --size 256 --steps 1 -t 1"
      try Data("a\nb\nc".utf8).write(to: program.folder.appending(path: "list.txt"))
      let result = try program.shell(command)
      #expect(result.status == 1)
      #expect(result.messages.components(separatedBy: "cannot be written").count == 2, "\(result.messages)")
      #expect(program.files.filter { $0.hasSuffix(".png") }.isEmpty)
    }
  }

  @Test func hugeCountsAreSaidAndNotMadeBeforehand() throws {
    try inFolder { program in
      let lines = String(repeating: "a --count 100000\n", count: 300)
      try Data(lines.utf8).write(to: program.folder.appending(path: "list.txt"))
      // 300 MB are enough for the program and not for a part of thirty million pictures to come.
      let command = "ulimit -v 2000000; exec \"$0\" --prompts list.txt -o out --size 64 --steps 1 -t 1 --device cpu"
      let result = try program.shell(command, stoppingAfter: "seed")
      #expect(result.messages.contains("30000000 pictures"), "\(result.messages)")
      #expect(result.messages.contains("first 100000"))
    }
  }
}

/// What surrounds the process.
@Suite(
  .serialized,
  .enabled(if: Program.url != nil, "The program `imagine` is not beside the tests."),
  .enabled(if: FileManager.default.fileExists(atPath: Program.model.path), "The small test model is missing."))
struct SurroundingsTests {
  private static let small = "--size 64 --steps 1 -t 1 -s 1 --device cpu"

  private func inFolder(_ body: (Program) throws -> Void) throws {
    let program = try Program()
    defer { program.remove() }
    try body(program)
  }

  @Test(arguments: [">&-", "2>&-", "<&-", ">&- 2>&-", "<&- >&- 2>&-", "<&- 2>&-"])
  func closedStreamsGoNowhere(_ closing: String) throws {
    try inFolder { program in
      // The picture's own descriptors must not be those of the texts.
      let result = try program.shell("exec \"$0\" x \(Self.small) --dump-tensors t \(closing)")
      #expect(result.status == 0)
      #expect(program.files == ["t", "x-1.png"])
      for name in program.files {
        let data = try Data(contentsOf: program.folder.appending(path: name))
        #expect(data.range(of: Data("seed 1:".utf8)) == nil && data.range(of: Data("x-1.png".utf8)) == nil)
      }
    }
  }

  @Test(arguments: [3, 4, 5, 6, 8, 12, 20, 28, 34, 35, 36, 37, 38, 40])
  func fewFilesAreASentenceOrAPicture(_ limit: Int) throws {
    try inFolder { program in
      let result = try program.shell("ulimit -n \(limit); exec \"$0\" x \(Self.small)")
      // 127: the system itself could not load the program.
      #expect([0, 1, 127].contains(result.status), "\(result.status) \(result.messages)")
      if result.status == 1 { #expect(result.messages.contains("ulimit -n")) }
    }
  }

  @Test func devicesAndPipesTakeAPictureAndKeepNoFile() throws {
    try inFolder { program in
      let nowhere = try program.shell("exec \"$0\" x \(Self.small) -o /dev/null")
      #expect(nowhere.status == 0 && nowhere.output.isEmpty)
      let full = try program.shell("exec \"$0\" x \(Self.small) -o /dev/full")
      #expect(full.status == 1 && full.messages.contains("'/dev/full' cannot be written to"))
      let pipe = try program.shell("mkfifo p; cat p > copy.png & \"$0\" x \(Self.small) -o p; wait")
      #expect(pipe.status == 0)
      let data = try Data(contentsOf: program.folder.appending(path: "copy.png"))
      #expect(data.starts(with: [0x89, 0x50, 0x4E, 0x47]) && data.suffix(8).starts(with: Array("IEND".utf8)))
      #expect(program.files == ["copy.png", "p"])
      #expect(!FileManager.default.fileExists(atPath: "/dev/null.png"))
    }
  }

  @Test(arguments: ["-o '~/x'", "-o '~root'", "-o '~'/", "-o '$HOME'"])
  func nothingIsExpanded(_ option: String) throws {
    try inFolder { program in
      let result = try program.shell("HOME=$PWD/home; export HOME; mkdir home; exec \"$0\" x \(Self.small) \(option)")
      #expect(result.status == 0, "\(result.messages)")
      #expect(!program.files.contains { $0.hasPrefix("home/") && $0.hasSuffix(".png") })
      #expect(program.files.contains { ($0.hasPrefix("~") || $0.hasPrefix("$")) && $0.hasSuffix(".png") })
    }
  }

  @Test(arguments: ["t/", "", ".", "home", "/proc/x", "none/x", "a\u{1}b"])
  func whereNoDumpCanGoIsSaidBeforeDrawing(_ path: String) throws {
    try inFolder { program in
      try FileManager.default.createDirectory(
        at: program.folder.appending(path: "home"), withIntermediateDirectories: true)
      let result = try program.run(["x", "--dump-tensors", path, "--size", "64", "--steps", "1"])
      #expect(result.status == 2, "\(result.messages)")
      #expect(result.messages.contains("--dump-tensors") && !result.messages.contains("loading"))
      #expect(program.files == ["home"])
    }
  }
}
