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
    if arguments.first?.isExactly("help") == true {
      self.init(type: try Self.helped(by: arguments.dropFirst()), arguments: ["--help"])
    } else if let (type, rest) = Self.command(arguments[...]) {
      self.init(type: type, arguments: Array(rest))
    } else {
      try Self.refuseCommandLikeWord(arguments)
      self.init(type: Self.drawing, arguments: arguments)
    }
  }

  /// The command with what its words say.
  ///
  /// - Throws: what the argument parser throws, with one sentence on the first word that makes no sense.
  func command() throws -> any ParsableCommand {
    try type.parseAsRoot(ArgumentWords.parsable(arguments, for: type))
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
    while let word = rest.popFirst(), let type = candidates.first(where: { word.isExactly($0._commandName) }) {
      found = (type, rest)
      candidates = type.configuration.subcommands
    }
    return found
  }

  private static func helped(by words: ArraySlice<String>) throws -> any ParsableCommand.Type {
    guard let first = words.first, !first.isExactly("--help"), !first.isExactly("-h") else { return drawing }
    guard let (type, rest) = command(words), rest.isEmpty else {
      throw ValidationError(
        "There is no command '\(words.joined(separator: " "))': imagine help shows those there are.")
    }
    return type
  }

  /// What will be commands, or are commands of programs like this one, with what to say instead.
  private static let otherCommands: [String: String] = [
    "version": "the version is shown by imagine --version", "list": "models are files here; imagine inspect shows one",
    "ls": "models are files here; imagine inspect shows one",
    "models": "models are files here; imagine inspect shows one",
    "show": "what a model holds is shown by imagine inspect", "info": "what a model holds is shown by imagine inspect",
    "pull": "nothing is downloaded here; --model takes a file", "run": "the prompt comes first; --model takes a file",
    "serve": "there is no server in this version", "server": "there is no server in this version",
    "ui": "there is no server in this version", "mcp": "there is no server in this version",
    "ps": "there is no server in this version", "status": "there is no server in this version",
    "convert": "models are not converted in this version", "create": "models are not converted in this version",
    "edit": "a picture to change is given with --init-image",
    "img2img": "a picture to change is given with --init-image",
    "redo": "a picture is drawn again by imagine again", "repeat": "a picture is drawn again by imagine again",
    "describe": "describing pictures is not in this version",
    "estimate": "memory is estimated by imagine --estimate", "device": "the devices are shown by imagine devices",
    "benchmark": "speed is measured by imagine bench", "benchmarks": "speed is measured by imagine bench",
    "completion": "completions come from imagine --generate-completion-script",
    "completions": "completions come from imagine --generate-completion-script",
    "generate": "the prompt comes first", "draw": "the prompt comes first",
  ]

  private static func refuseCommandLikeWord(_ arguments: [String]) throws {
    guard let word = arguments.first, word.utf8.count < 20, let instead = otherCommands[word] else { return }
    throw ValidationError("'\(word)' is no command: \(instead). To draw the word: imagine -p \(word).")
  }
}
