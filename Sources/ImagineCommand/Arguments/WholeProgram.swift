import ArgumentParser

/// The program with all its commands, as completion scripts and the manual show it.
///
/// Words are taken apart elsewhere (`Invocation`): to the argument parser, a prompt that reads like a command would be
/// one.
struct WholeProgram: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "imagine", abstract: RenderCommand.configuration.abstract,
    discussion: RenderCommand.configuration.discussion, version: RenderCommand.configuration.version,
    subcommands: [AgainCommand.self, UpscaleCommand.self, InspectCommand.self, DevicesCommand.self, BenchCommand.self])

  @OptionGroup var drawing: RenderArguments

  /// Arguments that ask for a script or a description of the whole program.
  static func isAsked(by arguments: [String]) -> Bool {
    arguments.first.map { $0.begins(with: "--generate-completion-script") || $0.isExactly("--experimental-dump-help") }
      ?? false
  }
}
