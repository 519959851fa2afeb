import ArgumentParser
import Imagine
import ImagineBenchmark

/// `imagine bench ops`: times or checks single operations.
struct BenchOpsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "ops", _superCommandName: "imagine bench",
    abstract: "Time single operations on a device, or check them.",
    discussion: """
      Timed are the operations of Stable Diffusion 1.5 for a picture of 512x512 pixels (their names begin with sd15), copies \
      of large memory (their names begin with copy), and the table that backends are tested with. With --check the results of the table are compared with those of a slow \
      interpreter that defines every operation, in memory filled with NaN, and twice; the exit status is 1 if any differs, or if the driver \
      says that a kernel works in memory instead of registers.
      """)

  @OptionGroup(title: "Device Options")
  var engine: EngineOptions

  @Option(help: ArgumentHelp("Only operations with this in their name.", valueName: "text"))
  var filter: String?

  @Option(name: .customLong("repeat"), help: ArgumentHelp("How often each is measured.", valueName: "n"))
  var repeats = 5

  @Flag(help: "Compare with the reference instead of timing.")
  var check = false

  @Flag(help: "With --check: leave out the large cases, which take a software driver long.")
  var small = false

  @Flag(help: "Print everything as JSON.")
  var json = false

  func validate() throws {
    if engine.model != nil { throw ValidationError("Operations are timed without a model: leave out --model.") }
    if engine.vaeTiling != nil || engine.lowMemory != nil {
      throw ValidationError("Operations are timed without a picture: leave out --vae-tiling and --low-memory.")
    }
    if small, !check { throw ValidationError("--small belongs to --check: give both.") }
    try requireRepeats(repeats)
  }

  func run() throws {
    let options = engine.options(Display(verbosity: .normal))
    if check { try runCheck(options) } else { try runBenchmark(options) }
  }

  private func runBenchmark(_ options: Pipeline.Options) throws {
    var benchmark = OpBenchmark(options)
    benchmark.filter = filter
    benchmark.repeats = repeats
    let result = try benchmark.run { StandardError.write("measuring \($0)\n") }
    try StandardOutput.write(json ? JSONText.of(result) : BenchOpsReport(result).text)
  }

  private func runCheck(_ options: Pipeline.Options) throws {
    var check = OpCheck(options)
    check.filter = filter
    check.skipsLarge = small
    let result = try check.run { StandardError.write("\($0) of \($1) cases\n") }
    try StandardOutput.write(json ? JSONText.of(result) : BenchOpsReport.text(result))
    guard result.isCorrect else {
      throw CommandFailure(
        status: CommandLineProgram.Status.failure,
        message: "\(Wording.count(result.mismatches.count, "case differs", "cases differ")) from the reference, and "
          + "\(Wording.count(result.kernelsInLocalMemory.count, "kernel works", "kernels work")) in memory.")
    }
  }
}
