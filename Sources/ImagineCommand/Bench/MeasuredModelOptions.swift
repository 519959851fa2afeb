import ArgumentParser
import Imagine
import ImagineBenchmark

/// Which networks are measured, on what: what `imagine bench`, `bench threads` and `bench tune` have in common.
struct MeasuredModelOptions: ParsableArguments {
  @OptionGroup(title: "Model Options")
  var engine: EngineOptions

  @Option(
    help: ArgumentHelp(
      "Instead of a model, a structure with random weights: \(Choices.sentence(of: Benchmark.Structure.self)).",
      valueName: "structure"),
    transform: { name in
      guard name.lowercased() != "sdxl-unet" else {
        throw ValidationError("Stable Diffusion XL is whole now: --random sdxl --stage unet measures its UNet alone.")
      }
      return try Choices.byRawValue(name)
    })
  var random: Benchmark.Structure?

  @Option(
    help: ArgumentHelp("Of the picture, such as 512x768. Default: the model's.", valueName: "WxH"),
    transform: { text in
      guard let size = Size(text) else { throw ValidationError("give a size such as 512x768") }
      return size
    })
  var size: Size?

  @Option(
    help: ArgumentHelp(
      "Only this: \(Choices.sentence(of: Benchmark.Part.self)). May be repeated. Default: everything.",
      valueName: "part"),
    transform: Choices.byRawValue)
  var stage: [Benchmark.Part] = []

  func validate() throws {
    if random != nil, engine.model != nil {
      throw ValidationError("--random and --model contradict each other: give one of them.")
    }
    if random != nil, let part = engine.parts.given {
      throw ValidationError("--random and \(part) contradict each other: give one of them.")
    }
  }

  /// What is measured, with files as they are named.
  var benchmark: Benchmark {
    let model = engine.modelFiles().map { Benchmark.Model.files($0) } ?? .demonstration
    var benchmark = Benchmark(
      random.map { .random($0) } ?? model, options: engine.options(Display(verbosity: .normal)))
    benchmark.size = size
    if !stage.isEmpty { benchmark.parts = Set(stage) }
    return benchmark
  }

  /// The same, with names of models looked up.
  ///
  /// - Throws: `ImagineError` for a name that no model or several have.
  func namedBenchmark() async throws -> Benchmark {
    var benchmark = benchmark
    if random == nil, let files = engine.modelFiles() {
      benchmark.model = .files(try await NamedModels(library: engine.library.library()).files(files))
    }
    return benchmark
  }
}
