import ArgumentParser
import Foundation
import Imagine

/// `imagine "a lighthouse at dusk"`: draws pictures.
struct RenderCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "imagine",
    abstract: "Draw pictures from words with Stable Diffusion.",
    usage: """
      imagine "prompt" [options]
      imagine --prompts <file> [options]
      imagine inspect <model>
      imagine devices
      imagine bench
      """,
    discussion: """
      The path of each picture is printed on the standard output, everything else on the standard error. An existing \
      file is never overwritten: the next free name is taken (name-2.png). The exit status is 0 for success, 1 for a \
      failure, 2 for a mistake on the command line, 130 after Ctrl-C.

      EXAMPLES:
        imagine "a red house under a yellow sun"
        imagine "a lighthouse at dusk" -m v1-5.safetensors --size 512x768 -s 42 -o lighthouse.png
        imagine "a forest" --sampler "DPM++ 2M Karras" --steps 25 -b 4 -o forests
        imagine --prompts prompts.txt -o pictures
        imagine --estimate --size 1024     shows what memory it takes
        imagine inspect v1-5.safetensors   shows what a model file holds
        imagine devices                    shows what can compute
        imagine bench                      measures how fast it does
      """,
    version: ImagineVersion.number)

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

  func run() async throws {
    let display = Display(verbosity: output.verbosity)
    defer { display.close() }
    guard !output.estimate else { return try await printEstimate(display) }
    let renderer = try Renderer(self, display)
    try await Interruption.handled(telling: display) {
      var renderer = renderer
      try await renderer.run()
    }
  }

  private func printEstimate(_ display: Display) async throws {
    let pipeline = try await Pipeline.opened(engine.modelURL(), options: engine.options(display))
    let request = picture.applied(to: pipeline.recommendedRequest(prompt: prompt ?? ""))
    let estimate = try await pipeline.estimate(request)
    try StandardOutput.write(output.json ? JSONText.of(estimate) : EstimateReport(estimate).text)
  }
}

extension Pipeline {
  /// - Parameter url: the model's file or folder; nil for the demonstration model.
  static func opened(_ url: URL?, options: Options) async throws -> Pipeline {
    if let url { return try await Pipeline(model: url, options: options) }
    return try await .demonstration(options: options)
  }
}
