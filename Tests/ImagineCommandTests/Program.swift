import Foundation
import Testing

/// The built program, run as a person would.
struct Program {
  struct Result {
    let status: Int32
    let output: String
    let messages: String
  }

  /// Beside the test bundle; nil where the package's products are elsewhere.
  static let url: URL? = {
    let arguments = CommandLine.arguments.first.map { URL(filePath: $0) }
    let places = [arguments, Bundle.main.executableURL] + Bundle.allBundles.map(\.bundleURL)
    return places.compactMap { $0 }.lazy
      .map { $0.resolvingSymlinksInPath().deletingLastPathComponent().appending(path: "imagine") }
      .first { FileManager.default.isExecutableFile(atPath: $0.path) }
  }()

  /// A model of a few layers with random weights: its pictures are noise, its files are real.
  static let model = URL(filePath: #filePath).deletingLastPathComponent()
    .appending(path: "../Goldens/pipeline/tiny-sd.safetensors").standardizedFileURL

  /// What a run finds: a model, and nothing of the person's who runs the tests.
  private static let surroundings = [
    "IMAGINE_MODEL": model.path, "IMAGINE_MODELS": "", "XDG_CONFIG_HOME": "/nonexistent",
    "XDG_DATA_HOME": "/nonexistent",
    "HF_HOME": "/nonexistent", "HF_HUB_CACHE": "", "HF_TOKEN": "", "HF_ENDPOINT": "", "HF_HUB_OFFLINE": "1",
  ]

  /// The working folder, empty at first.
  let folder: URL

  init() throws {
    folder = FileManager.default.temporaryDirectory.appending(path: "imagine-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  }

  func remove() { try? FileManager.default.removeItem(at: folder) }

  /// All files below the folder, hidden ones too.
  var files: [String] {
    (try? FileManager.default.subpathsOfDirectory(atPath: folder.path).sorted()) ?? []
  }

  func process(_ arguments: [String]) throws -> Process {
    let process = Process()
    process.executableURL = Self.url
    process.arguments = arguments
    process.currentDirectoryURL = folder
    process.environment = ProcessInfo.processInfo.environment.merging(Self.surroundings) { $1 }
    process.standardInput = FileHandle.nullDevice
    return process
  }

  /// - Parameter environment: beside what the tests run in.
  func run(
    _ arguments: [String], input: String? = nil, environment: [String: String] = [:]
  ) throws -> Result {
    let process = try process(arguments)
    process.environment?.merge(environment) { $1 }
    let output = Pipe(), messages = folder.appendingPathExtension("messages")
    try Data().write(to: messages)
    defer { try? FileManager.default.removeItem(at: messages) }
    process.standardOutput = output
    process.standardError = try FileHandle(forWritingTo: messages)
    let pipe = Pipe()
    if input != nil { process.standardInput = pipe }
    try process.run()
    if let input {
      try pipe.fileHandleForWriting.write(contentsOf: Data(input.utf8))
      try pipe.fileHandleForWriting.close()
    }
    let text = try output.fileHandleForReading.readToEnd() ?? Data()
    process.waitUntilExit()
    return Result(
      status: process.terminationStatus, output: String(decoding: text, as: UTF8.self),
      messages: String(decoding: try Data(contentsOf: messages), as: UTF8.self))
  }

  /// Runs a command of the shell's, in which `$0` is the program.
  ///
  /// - Parameter words: once they are said, the program is told to stop; nil waits for its end.
  func shell(_ command: String, stoppingAfter words: String? = nil) throws -> Result {
    let process = try process(["-c", command, Self.url?.path ?? ""])
    process.executableURL = URL(filePath: "/bin/bash")
    let output = folder.appendingPathExtension("output"), messages = folder.appendingPathExtension("messages")
    for file in [output, messages] { try Data().write(to: file) }
    defer { for file in [output, messages] { try? FileManager.default.removeItem(at: file) } }
    process.standardOutput = try FileHandle(forWritingTo: output)
    process.standardError = try FileHandle(forWritingTo: messages)
    func text(_ file: URL) throws -> String { String(decoding: try Data(contentsOf: file), as: UTF8.self) }
    try process.run()
    if let words {
      while process.isRunning, try !text(messages).contains(words) { usleep(1000) }
      process.interrupt()
    }
    process.waitUntilExit()
    return Result(status: process.terminationStatus, output: try text(output), messages: try text(messages))
  }

  /// Starts a run too long to end by itself, sends it a signal once it is at work, and waits.
  ///
  /// - Returns: the exit status; a process that dies of the signal has none, and gives nil.
  func interrupt(_ arguments: [String], with signal: Int32) throws -> Int32? {
    let process = try process(arguments)
    let messages = Pipe()
    process.standardOutput = FileHandle.nullDevice
    process.standardError = messages
    try process.run()
    // The first message comes when the work begins.
    _ = messages.fileHandleForReading.availableData
    kill(process.processIdentifier, signal)
    process.waitUntilExit()
    return process.terminationReason == .exit ? process.terminationStatus : nil
  }
}
