import ArgumentParser
import Imagine

/// All that can be said about pictures to draw.
struct RenderArguments: ParsableArguments {
  @Argument(help: ArgumentHelp("What to draw, in quotes.", valueName: "prompt"))
  var words: [String] = []

  @OptionGroup(title: "Picture Options")
  var picture: PictureOptions

  @OptionGroup(title: "Model Options")
  var engine: EngineOptions

  @OptionGroup(title: "Output Options")
  var output: OutputOptions

  func validate() throws {
    if words.count > 1 {
      let commands = WholeProgram.configuration.subcommands.map { $0._commandName }
      if let first = words.first, let near = NearestName.of(first, among: commands) {
        throw ValidationError("'\(first)' is no command: is '\(near)' meant? A prompt of several words goes in quotes.")
      }
      throw ValidationError(
        "The prompt is \(words.count) words apart: put it in quotes, \"\(words.joined(separator: " "))\".")
    }
    let sources = [words.first, picture.prompt, output.prompts].compactMap { $0 }
    if sources.isEmpty, !output.estimate {
      throw ValidationError("There is nothing to draw: give a prompt, such as imagine \"a red house\".")
    }
    if sources.count > 1 {
      throw ValidationError("The prompt is given twice: as an argument, with --prompt or by --prompts, not both.")
    }
    if output.dumpTensors != nil, output.prompts != nil || picture.batchCount ?? 1 > 1 {
      throw ValidationError("--dump-tensors records one picture: leave out --prompts and --batch-count.")
    }
  }

  /// The one prompt, unless they are in a file.
  var prompt: String? { words.first ?? picture.prompt }
}
