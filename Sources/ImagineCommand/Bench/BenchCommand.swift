import ArgumentParser
import Foundation
import Imagine
import ImagineBenchmark

/// `imagine bench`: measures how fast a model runs.
struct BenchCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bench", _superCommandName: "imagine",
    abstract: "Measure how fast a model runs on a device.",
    usage: """
      imagine bench [options]
      imagine bench ops [options]
      imagine bench threads [options]
      imagine bench tune [options]
      """,
    discussion: """
      Measures whole pictures, cold and warm, then each network alone: median and fastest, after a first run that does not \
      count. \
      What is reached is set against the device's ceiling, which is measured too: a large product and a pass over large \
      memory, with the same kernels. Convolutions may exceed it: they are computed with fewer products than they are \
      defined by. What takes long is repeated less often. On processors with tile registers (AMX) a loop of their products \
      is timed beside each figure: where they are slow, something else computes on the core, and the fastest run says more \
      than the median. The result is printed on the standard output.

      EXAMPLES:
        imagine bench --random sd15                     Stable Diffusion 1.5 at 512x512, without a checkpoint
        imagine bench --random sd15 --device vulkan --precision f16 --profile
        imagine bench -m v1-5.safetensors --size 512x768 --steps 30 --json
        imagine bench --random sd15 --stage unet        one step alone
        imagine bench --random sdxl --stage unet        of Stable Diffusion XL at 1024x1024; pictures take long
        imagine bench ops --filter conv2d               single operations; see imagine bench ops --help
        imagine bench threads --random sd15             on one thread and on more; see imagine bench threads --help
        imagine bench tune --random sd15                find the fastest products; see imagine bench tune --help
      """,
    subcommands: [BenchOpsCommand.self, BenchThreadsCommand.self, BenchTuneCommand.self])

  @OptionGroup
  var measured: MeasuredModelOptions

  @Option(help: ArgumentHelp("Denoising steps of a whole picture. Default: the model's.", valueName: "n"))
  var steps: Int?

  @Option(name: .customLong("repeat"), help: ArgumentHelp("How often each thing is measured.", valueName: "n"))
  var repeats = 5

  @Flag(help: "Measure each operation too: the time by kind, and the twenty most expensive shapes.")
  var profile = false

  @Flag(help: "Print everything as JSON.")
  var json = false

  func validate() throws { try requireRepeats(repeats) }

  var benchmark: Benchmark {
    var benchmark = measured.benchmark
    benchmark.steps = steps
    benchmark.repeats = repeats
    benchmark.profiles = profile
    return benchmark
  }

  func run() async throws {
    var benchmark = benchmark
    benchmark.model = try await measured.namedBenchmark().model
    let result = try await benchmark.run { StandardError.write("measuring \($0)\n") }
    try StandardOutput.write(json ? JSONText.of(result) : BenchReport(result).text)
  }
}

/// - Throws: `ValidationError` for a number of repeats that is not possible.
func requireRepeats(_ repeats: Int) throws {
  guard 1...1000 ~= repeats else {
    throw ValidationError("\(repeats) repeats are not possible: choose 1 to 1000.")
  }
}

/// Results for programs to read.
enum JSONText {
  static func of(_ value: some Encodable) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    encoder.nonConformingFloatEncodingStrategy = .convertToString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    return String(decoding: try encoder.encode(value), as: UTF8.self) + "\n"
  }
}
