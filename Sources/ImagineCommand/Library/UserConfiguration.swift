import ArgumentParser
import Foundation
import Imagine

/// What a person wants of every run, in `imagine/config` of the user's configuration (`XDG_CONFIG_HOME`, else `~/.config`):
///
/// ```text
/// # a comment
/// model = sdxl-turbo
/// steps = 8
/// low-memory = true
/// models = ~/ComfyUI
/// ```
///
/// A line is a long option of drawing, an equals sign and its value; `models` may stand in several. What the command line and the
/// environment say comes first.
struct UserConfiguration {
  struct Line {
    let number: Int
    let name: String
    let value: String
  }

  private(set) var lines: [Line] = []
  /// The file, for messages.
  private let path: String

  private static let mostBytes = 1 << 20

  /// - Throws: `ValidationError` for a file that cannot be read, and a line that is none.
  static func load(
    environment: [String: String] = ProcessInfo.processInfo.environment
  ) throws -> UserConfiguration {
    guard let folder = ModelLibrary.userFolder("XDG_CONFIG_HOME", else: ".config", environment) else {
      return UserConfiguration(path: "")
    }
    let file = folder.appending(path: "imagine/config")
    var configuration = UserConfiguration(path: file.path(percentEncoded: false))
    guard FileManager.default.fileExists(atPath: configuration.path) else { return configuration }
    guard let handle = FileHandle(forReadingAtPath: configuration.path),
      let data = try? handle.read(upToCount: mostBytes + 1), data.count <= mostBytes,
      let text = String(data: data, encoding: .utf8)
    else {
      throw ValidationError(
        "The configuration '\(configuration.path)' cannot be read as a text: mend it, or move it away.")
    }
    try configuration.read(text, home: environment["HOME"])
    return configuration
  }

  private init(path: String) { self.path = path }

  private mutating func read(_ text: String, home: String?) throws {
    for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
      let line = line.trimmingCharacters(in: .whitespaces.union(["\r"]))
      guard !line.isEmpty, !line.hasPrefix("#") else { continue }
      let parts = line.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map {
        $0.trimmingCharacters(in: .whitespaces)
      }
      guard parts.count == 2, !parts[0].isEmpty else {
        throw problem(
          index + 1, "'\(TerminalText.line(String(line.prefix(60))))' is no setting: write one as 'steps = 20'")
      }
      var value = parts[1]
      if value.count >= 2, let quote = value.first, "\"'".contains(quote), value.last == quote {
        value = String(value.dropFirst().dropLast())
      } else if value.hasPrefix("~/"), let home {
        // What a shell would do.
        value = home + value.dropFirst()
      }
      let name = OptionTable.usual(parts[0].hasPrefix("--") ? String(parts[0].dropFirst(2)) : parts[0])
      lines.append(Line(number: index + 1, name: name, value: value))
    }
  }

  private func problem(_ line: Int, _ words: String) -> ValidationError {
    ValidationError(
      "In line \(line) of the configuration '\(path)': \(words)\(".?".contains(words.suffix(1)) ? "" : ".")")
  }

  // MARK: What it says

  private static let modelName = "model", foldersName = "models"

  /// The model of every day; nil if none is said.
  var model: String? { lines.last { $0.name == Self.modelName }?.value }

  /// Folders with models.
  var modelFolders: [URL] { lines.filter { $0.name == Self.foldersName }.map { URL(literalPath: $0.value) } }

  /// What belongs to one run, and no configuration can mean.
  private static let ofOneRun: Set<String> = [
    "prompt", "prompts", "init-image", "mask", "estimate", "json", "dump-tensors", "help", "version",
    "generate-completion-script",
  ]
  /// What is about the machine, not about pictures: also commands that draw nothing new take it over.
  private static let ofMachine: Set<String> = [
    "device", "precision", "vulkan-tier", "threads", "vae-tiling", "low-memory", "no-low-memory", "ignore-memory",
    "show-as",
  ]

  /// The command with what its words say, and for the rest what the configuration says.
  ///
  /// - Parameter words: as the argument parser knows them.
  /// - Throws: what the argument parser throws; `ValidationError` for a line that makes no sense.
  func command(_ type: any ParsableCommand.Type, _ words: [String]) throws -> any ParsableCommand {
    let settings = try check().filter { line, _ in
      type == RenderCommand.self || Self.ofMachine.contains(line.name) && OptionTable(of: type)["--\(line.name)"] != nil
    }.map(\.1)
    if !settings.isEmpty, let command = try? type.parseAsRoot(settings.flatMap { $0 } + words) { return command }
    let plain = try type.parseAsRoot(words)
    // Settings that contradict the command line give way to it.
    var kept: [String] = []
    for setting in settings where (try? type.parseAsRoot(kept + setting + words)) != nil { kept += setting }
    return kept.isEmpty ? plain : try type.parseAsRoot(kept + words)
  }

  /// The lines that are options, as words for the argument parser.
  ///
  /// - Throws: `ValidationError` for the first that makes no sense by itself or with those before it.
  private func check() throws -> [(Line, [String])] {
    guard !lines.isEmpty else { return [] }
    let table = OptionTable(of: RenderCommand.self)
    var checked: [(Line, [String])] = []
    for line in lines where line.name != Self.modelName && line.name != Self.foldersName {
      guard !Self.ofOneRun.contains(line.name) else {
        throw problem(line.number, "'\(line.name)' belongs to a single run: leave it out")
      }
      do {
        let words = try Self.words(line, table)
        checked.append((line, words))
        _ = try RenderCommand.parse(checked.flatMap(\.1) + ["--", "x"])
      } catch {
        throw problem(line.number, RenderCommand.message(for: error).replacing("Error: ", with: ""))
      }
    }
    return checked
  }

  private static func words(_ line: Line, _ table: OptionTable) throws -> [String] {
    let isFlag = table["--\(line.name)"].map { !$0.takesValue } ?? false
    guard isFlag else { return try ArgumentWords.parsable(["--\(line.name)=\(line.value)"], for: RenderCommand.self) }
    switch line.value.lowercased() {
    case "true", "yes", "on", "1": return ["--\(line.name)"]
    case "false", "no", "off", "0":
      // What has an opposite is told that; what has none is off by itself.
      return table["--no-\(line.name)"] == nil ? [] : ["--no-\(line.name)"]
    default: throw ValidationError("'\(line.name)' is true or false.")
    }
  }
}
