import ArgumentParser

/// Which command the first words name, and the words that are for it.
struct Invocation {
  let type: any ParsableCommand.Type
  let arguments: [String]

  private static let drawing: any ParsableCommand.Type = RenderCommand.self

  /// A command's name counts only as the first word, so that it can still be drawn: `imagine -p devices`.
  ///
  /// - Throws: `ValidationError` for a word that looks like a command and is none.
  init(_ arguments: [String]) throws {
    if arguments.first == "help" {
      self.init(type: try Self.helped(by: arguments.dropFirst()), arguments: ["--help"])
    } else if let (type, rest) = Self.command(arguments[...]) {
      self.init(type: type, arguments: Array(rest))
    } else {
      try Self.refuseCommandLikeWord(arguments)
      self.init(type: Self.drawing, arguments: arguments)
    }
  }

  private init(type: any ParsableCommand.Type, arguments: [String]) {
    self.type = type
    self.arguments = arguments
  }

  /// The command that words begin with, and what follows its name.
  private static func command(
    _ words: ArraySlice<String>
  ) -> (type: any ParsableCommand.Type, rest: ArraySlice<String>)? {
    var found: (type: any ParsableCommand.Type, rest: ArraySlice<String>)?
    var candidates = WholeProgram.configuration.subcommands, rest = words
    while let word = rest.popFirst(), let type = candidates.first(where: { $0._commandName == word }) {
      found = (type, rest)
      candidates = type.configuration.subcommands
    }
    return found
  }

  private static func helped(by words: ArraySlice<String>) throws -> any ParsableCommand.Type {
    guard let first = words.first, first != "--help", first != "-h" else { return drawing }
    guard let (type, rest) = command(words), rest.isEmpty else {
      throw ValidationError(
        "There is no command '\(words.joined(separator: " "))': imagine help shows those there are.")
    }
    return type
  }

  /// What will be commands, or are commands of programs like this one, with what to say instead.
  private static let otherCommands: [String: String] = [
    "version": "The version is shown by imagine --version.", "list": "Models are files here; imagine inspect shows one.",
    "ls": "Models are files here; imagine inspect shows one.",
    "models": "Models are files here; imagine inspect shows one.",
    "show": "What a model holds is shown by imagine inspect.", "info": "What a model holds is shown by imagine inspect.",
    "pull": "Nothing is downloaded here; --model takes a file.", "run": "The prompt comes first; --model takes a file.",
    "serve": "There is no server in this version.", "server": "There is no server in this version.",
    "ui": "There is no server in this version.", "mcp": "There is no server in this version.",
    "ps": "There is no server in this version.", "status": "There is no server in this version.",
    "convert": "Models are not converted in this version.", "create": "Models are not converted in this version.",
    "again": "Drawing a picture again is not in this version; its settings are in the PNG.",
    "upscale": "Upscaling is not in this version.", "edit": "Editing is not in this version.",
    "describe": "Describing pictures is not in this version.",
    "estimate": "Memory is estimated by imagine --estimate.", "device": "The devices are shown by imagine devices.",
    "benchmark": "Speed is measured by imagine bench.", "benchmarks": "Speed is measured by imagine bench.",
    "completion": "Completions come from imagine --generate-completion-script.",
    "completions": "Completions come from imagine --generate-completion-script.",
    "generate": "The prompt comes first.", "draw": "The prompt comes first.",
  ]

  private static func refuseCommandLikeWord(_ arguments: [String]) throws {
    guard let word = arguments.first, let instead = otherCommands[word] else { return }
    throw ValidationError("There is no command '\(word)' in this version. \(instead) To draw the word: imagine -p \(word).")
  }
}
