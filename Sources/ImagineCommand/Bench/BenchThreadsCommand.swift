import ArgumentParser
import Imagine
import ImagineBenchmark

/// `imagine bench threads`: measures a model's networks with one thread of the processor, and with more.
struct BenchThreadsCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "threads", _superCommandName: "imagine bench",
    abstract: "Measure how a model's networks gain by threads of the processor.",
    discussion: """
      Each network runs with 1, 2, 4, 8 and 16 threads, as far as the machine has so many, with all that it has, and with as \
      many as are used unless told otherwise. --threads sets the largest number. Weights are packed anew for each.

      EXAMPLES:
        imagine bench threads --random sd15 --stage unet
        imagine bench threads -m v1-5.safetensors --threads 32 --json
      """)

  @OptionGroup
  var measured: MeasuredModelOptions

  @Option(name: .customLong("repeat"), help: ArgumentHelp("How often each thing is measured.", valueName: "n"))
  var repeats = 5

  @Flag(help: "Print everything as JSON.")
  var json = false

  func validate() throws {
    try requireRepeats(repeats)
    guard [nil, .automatic, .cpu].contains(measured.engine.device) else {
      throw ValidationError("Threads are the processor's, not a graphics card's: give --device cpu.")
    }
    if measured.stage.contains(.picture) {
      throw ValidationError("Threads are measured by networks: choose --stage text, unet or vae.")
    }
  }

  func run() async throws {
    var benchmark = try await measured.namedBenchmark()
    benchmark.repeats = repeats
    let result = try await benchmark.measureThreads { StandardError.write("measuring \($0)\n") }
    try StandardOutput.write(json ? JSONText.of(result) : Self.text(result))
  }

  /// A table for each network.
  static func text(_ result: BenchmarkThreads) -> String {
    let heading = "\(result.model), \(result.size), \(result.precision.rawValue)\non \(result.processor)\n"
    return ([heading] + result.stages.map { text($0, usual: result.usualThreads) }).joined(separator: "\n")
  }

  private static func text(_ stage: BenchmarkThreads.Stage, usual: Int) -> String {
    var table = TextTable(stage.name, "median", "fastest", "runs", "speed")
    var notes = ""
    for run in stage.runs {
      let threads = Wording.count(run.threads, "thread", "threads")
      table.add(
        threads + (run.threads == usual ? ", as usual" : ""), Quantity.time(run.timing.median),
        Quantity.time(run.timing.fastest), "\(run.timing.runs)", Quantity.ratio(run.speed, to: 1))
      if let tiles = run.tiles { notes += "\(threads): \(tiles.sentence)\n" }
    }
    return table.text + notes
  }
}
