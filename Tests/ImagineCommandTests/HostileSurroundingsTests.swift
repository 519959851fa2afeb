import Foundation
import Testing

/// Files, drivers and limits that mean no good: the program ends with a sentence and a status, never by a signal.
@Suite(
  .serialized,
  .enabled(if: Program.url != nil, "The program `imagine` is not beside the tests."),
  .enabled(if: FileManager.default.fileExists(atPath: Program.model.path), "The small test model is missing."))
struct HostileSurroundingsTests {
  private static let small = ["--size", "64", "--steps", "2", "-t", "1"]

  private func inFolder(_ body: (Program) throws -> Void) throws {
    let program = try Program()
    defer { program.remove() }
    try body(program)
  }

  // MARK: Files

  @Test func namesInFilesDoNotReachTheTerminalRaw() throws {
    try inFolder { program in
      let names = ["unet.\\u001b[2J", "\\u009b31m", "a\\nb", "\\u202e", "c\\r"]
      let members = names.map { "\"\($0)\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0]}" }
      for (name, header) in [
        ("names", "{\(members.joined(separator: ","))}"), ("type", "{\"x\\u001b[31m\":{\"dtype\":\"\\u001b[1m\"}}"),
      ] {
        let url = program.folder.appending(path: "\(name).safetensors")
        try (withUnsafeBytes(of: UInt64(header.utf8.count).littleEndian) { Data($0) } + Data(header.utf8)).write(
          to: url)
        for arguments in [["inspect", url.path], ["x", "-m", url.path] + Self.small] {
          let result = try program.run(arguments)
          #expect(result.status == 1 && !result.messages.isEmpty)
          #expect(!Self.isObeyed(result.output) && !Self.isObeyed(result.messages), "\(arguments)")
        }
      }
    }
  }

  @Test func wordsOfAPromptFileDoNotReachTheTerminalRaw() throws {
    try inFolder { program in
      let result = try program.run(
        ["--prompts", "-", "-o", "p"] + Self.small,
        input: "x --sampler_name \"\u{1B}[2Jz\"\nx --\u{1B}[31m y\nx --strange\u{202E} 1\n")
      #expect(!Self.isObeyed(result.messages), "\(result.messages)")
    }
  }

  private static func isObeyed(_ text: String) -> Bool {
    text.unicodeScalars.contains { scalar in
      scalar != "\n" && scalar != "\t"
        && [.control, .format, .lineSeparator, .paragraphSeparator].contains(scalar.properties.generalCategory)
    }
  }

  @Test func aModelCutShortDuringTheRun() throws {
    try inFolder { program in
      let model = program.folder.appending(path: "model.safetensors")
      try FileManager.default.copyItem(at: Program.model, to: model)
      let process = try program.process([
        "x", "-m", model.path, "--size", "64", "--steps", "1000", "-t", "1", "--device", "cpu",
      ])
      let messages = Pipe()
      process.standardOutput = FileHandle.nullDevice
      process.standardError = messages
      try process.run()
      // The first message comes when the model is opened; the decoder's weights are read after a thousand steps.
      var text = messages.fileHandleForReading.availableData
      usleep(300_000)
      let handle = try FileHandle(forWritingTo: model)
      try handle.truncate(atOffset: 100_000)
      try handle.close()
      text += try messages.fileHandleForReading.readToEnd() ?? Data()
      process.waitUntilExit()
      #expect(process.terminationReason == .exit && process.terminationStatus == 1)
      #expect(String(decoding: text, as: UTF8.self).contains("model.safetensors' was changed while it was in use"))
    }
  }

  @Test("What is left of the danger ends with a sentence as well")
  func aSignalOfTheFile() throws {
    try inFolder { program in
      let status = try program.interrupt(["x", "--size", "64", "--steps", "1000", "-t", "1"], with: SIGBUS)
      #expect(status == 1)
    }
  }

  // MARK: Graphics drivers

  private func drawAndList(
    _ driver: String, _ program: Program
  ) throws -> (drawn: Program.Result, listed: Program.Result, asked: Program.Result) {
    let description = program.folder.appending(path: "driver.json")
    try driver.write(to: description, atomically: true, encoding: .utf8)
    let environment = ["VK_DRIVER_FILES": description.path, "VK_ICD_FILENAMES": description.path]
    return (
      try program.run(["x"] + Self.small, environment: environment),
      try program.run(["devices"], environment: environment),
      try program.run(["x", "--device", "vulkan"] + Self.small, environment: environment)
    )
  }

  @Test(arguments: [
    "{ broken", "{}", "", "{\"file_format_version\":\"1.0.0\",\"ICD\":{\"library_path\":\"/nowhere.so\"}}",
  ])
  func aBrokenDescription(_ driver: String) throws {
    try inFolder { program in
      let (drawn, listed, asked) = try drawAndList(driver, program)
      #expect(drawn.status == 0 && listed.status == 0 && listed.output.hasPrefix("cpu"))
      #expect(asked.status == 1 && asked.messages.contains("driver") && !asked.messages.contains("memory"))
    }
  }

  private static let compiler = ["/usr/bin/cc", "/usr/bin/clang", "/usr/bin/gcc"].first(
    where: FileManager.default.isExecutableFile)

  @Test(.enabled(if: compiler != nil, "no C compiler to build a driver that crashes"))
  func aDriverThatCrashes() throws {
    try inFolder { program in
      let source = program.folder.appending(path: "crash.c"), library = program.folder.appending(path: "crash.so")
      try "#include <stdlib.h>\n__attribute__((constructor)) static void crash(void) { abort(); }\n"
        .write(to: source, atomically: true, encoding: .utf8)
      let compile = Process()
      compile.executableURL = URL(filePath: try #require(Self.compiler))
      compile.arguments = ["-shared", "-fPIC", "-o", library.path, source.path]
      try compile.run()
      compile.waitUntilExit()
      try #require(compile.terminationStatus == 0)
      let driver =
        "{\"file_format_version\":\"1.0.0\",\"ICD\":{\"library_path\":\"\(library.path)\",\"api_version\":\"1.3.0\"}}"
      let description = program.folder.appending(path: "driver.json")
      try driver.write(to: description, atomically: true, encoding: .utf8)
      let environment = ["VK_DRIVER_FILES": description.path, "VK_ICD_FILENAMES": description.path]
      let drawn = try program.run(["x"] + Self.small, environment: environment)
      #expect(drawn.status == 0, "\(drawn.messages)")
      let listed = try program.run(["devices"], environment: environment)
      #expect(listed.status == 0 && listed.output.hasPrefix("cpu"))
      // Without a Vulkan library no driver is loaded, and there is nothing to say.
      guard drawn.messages.contains("crashed") else { return }
      #expect(drawn.messages.contains("VK_LOADER_DRIVERS_DISABLE") && listed.messages.contains("crashed"))
      #expect(
        try program.run(["x", "--device", "cpu"] + Self.small, environment: environment).messages.contains("crash")
          == false)
    }
  }

  // MARK: Limits

  @Test(
    "Under any limit of addresses a picture is drawn, or refused in words",
    arguments: [50, 150, 300, 400, 460, 520, 800])
  func limitsOfAddresses(_ megabytes: Int) throws {
    try inFolder { program in
      let path = try #require(Program.url).path
      for size in ["64", "8192"] {
        let process = Process()
        process.executableURL = URL(filePath: "/bin/sh")
        process.arguments = [
          "-c", "ulimit -v \(megabytes * 1000); exec \"$0\" x --device cpu -t 2 --steps 1 --size \(size)", path,
        ]
        process.currentDirectoryURL = program.folder
        let messages = Pipe()
        process.standardOutput = FileHandle.nullDevice
        process.standardError = messages
        try process.run()
        let text = String(decoding: try messages.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
        process.waitUntilExit()
        // A program whose libraries do not fit is not even started: 127, by the system's loader.
        #expect(
          process.terminationReason == .exit && [0, 1, 127].contains(process.terminationStatus), "\(size): \(text)")
        #expect(!text.isEmpty)
      }
    }
  }
}
