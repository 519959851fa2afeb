package import Foundation
package import Imagine
internal import ImagineEngine
internal import ImagineModels

/// Measures how fast a model runs on a device: each network alone, and whole pictures.
///
/// ```swift
/// let result = try await Benchmark(.random(.stableDiffusion15), options: options).run()
/// print(result.stages.map { "\($0.name): \($0.timing.median) s" })
/// ```
package struct Benchmark: Sendable {
  /// What is run.
  package enum Model: Sendable, Hashable {
    /// A checkpoint or a diffusers folder, some of whose networks may come from other files.
    case files(ModelFiles)
    /// The small model built into this library.
    case demonstration
    /// A structure with weights made on the spot, so that no checkpoint is needed. Its pictures mean nothing.
    case random(Structure)

    /// A model that comes from one place.
    package static func file(_ url: URL) -> Model { .files(ModelFiles(url)) }
  }

  /// A structure to make weights for.
  package enum Structure: String, Sendable, Hashable, CaseIterable {
    /// Stable Diffusion 1.5: 1.07 billion parameters.
    case stableDiffusion15 = "sd15"
    /// Stable Diffusion 2.1, for 768x768: 1.30 billion.
    case stableDiffusion21 = "sd21"
    /// Stable Diffusion XL, for 1024x1024: 3.47 billion, 2.57 of them the UNet's.
    case stableDiffusionXL = "sdxl"
    /// Its refiner: 3.04 billion.
    case stableDiffusionXLRefiner = "sdxl-refiner"
    /// SSD-1B, which is Stable Diffusion XL with half of its UNet: 2.23 billion.
    case ssd1B = "ssd-1b"
    /// Stable Diffusion 1.5 with few and narrow levels, to see that everything works.
    case miniature = "mini"
  }

  /// What can be measured apart.
  package enum Part: String, Sendable, Hashable, CaseIterable {
    /// The text encoders.
    case text
    /// One step of the denoiser.
    case unet
    /// The decoder of the autoencoder.
    case vae
    /// Whole pictures.
    case picture
  }

  package var model: Model
  package var options: Engine.Options
  /// What is measured, as far as the model has it.
  package var parts = Set(Part.allCases)
  /// Of the picture; nil takes the model's own.
  package var size: Size?
  /// Of a whole picture; nil takes the model's own.
  package var steps: Int?
  /// How often each thing is measured, after a first run that does not count; less often if it takes long.
  package var repeats = 5
  /// Whether each operation is measured as well.
  package var profiles = false
  /// Seconds after which a thing is measured less often.
  package var patience = Timing.patience

  package init(_ model: Model, options: Engine.Options = Engine.Options()) {
    self.model = model
    self.options = options
  }

  /// Measures. Nothing else should run on the device meanwhile.
  ///
  /// - Parameter onProgress: told what comes next, such as `UNet`.
  /// - Throws: `ImagineError`, or `CancellationError` when the task was cancelled.
  package func run(onProgress: @Sendable (String) -> Void = { _ in }) async throws -> BenchmarkResult {
    guard (1...1000).contains(repeats) else {
      throw ImagineError(.invalidRequest, "\(repeats) repeats are not possible: choose 1 to 1000.")
    }
    // Whole pictures first, since the very first of them is to be a cold one.
    if parts.contains(.picture) { onProgress("whole pictures") }
    let pictures = try await measurePictures(parts.contains(.picture))
    let request = pictures.request
    let stages = try await BenchmarkMachine()
      .measure(self, parts, pictures.size, guided: request.guidanceScale != 1, onProgress)
    return BenchmarkResult(
      model: pictures.model, device: pictures.device, precision: pictures.precision, size: pictures.size,
      ceiling: stages.ceiling, stages: stages.stages, picture: pictures.picture, notices: pictures.notices,
      peakResidentBytes: peakResidentBytes())
  }

  func open() throws -> OpenedModel {
    try ImagineError.translating {
      switch model {
      case .files(let files): try OpenedModel(files.sources)
      case .demonstration: try OpenedModel.demonstration()
      case .random(let structure):
        try OpenedModel(synthetic: structure.networks, name: "random \(structure.rawValue)")
      }
    }
  }

  /// The picture that is measured, in full, and what draws it.
  func picture() async throws -> (pipeline: Pipeline, request: GenerationRequest) {
    let pipeline = try await Pipeline(open(), on: Engine(options))
    var request = GenerationRequest(prompt: "a red house under a yellow sun", size: size, steps: steps)
    request.seed = 42
    request = pipeline.resolved(request)
    try pipeline.validate(request)
    return (pipeline, request)
  }

  /// The pipeline is let go before the networks are measured alone, so that weights are not held twice.
  private func measurePictures(_ draws: Bool) async throws -> PictureMeasurement {
    let start = ContinuousClock.now
    let (pipeline, request) = try await self.picture()
    var measurement = PictureMeasurement(
      model: pipeline.report.name, device: pipeline.deviceName, precision: pipeline.precision, request: request)
    guard draws else { return measurement }
    measurement.notices = try await pipeline.draw(request)
    let first = start.duration(to: .now) / .seconds(1)
    let tileUnit = try TileUnit(options), before = tileUnit.productSeconds
    var seconds: [Double] = []
    while Timing.isNotEnough(seconds, of: repeats, patience: patience) {
      let start = ContinuousClock.now
      let notices = try await pipeline.draw(request)
      measurement.notices += notices.filter { !measurement.notices.contains($0) }
      seconds.append(start.duration(to: .now) / .seconds(1))
    }
    measurement.picture = BenchmarkResult.Picture(
      steps: request.steps ?? 0, coldSeconds: first, timing: Timing(seconds), tiles: tileUnit.state(since: before))
    return measurement
  }
}

private struct PictureMeasurement {
  let model: String
  let device: String
  let precision: Precision
  let request: GenerationRequest
  var size: Size { request.size ?? Size(width: 0, height: 0) }
  var picture: BenchmarkResult.Picture?
  var notices: [String] = []
}

extension Pipeline {
  /// Draws a picture for the time it takes.
  ///
  /// - Returns: the notices.
  fileprivate func draw(_ request: GenerationRequest) async throws -> [String] {
    var notices: [String] = []
    for try await event in generate(request) {
      if case .notice(let notice) = event { notices.append(notice.message) }
    }
    return notices
  }
}

extension Benchmark.Structure {
  var networks: SyntheticStructure {
    get throws {
      switch self {
      case .stableDiffusion15: try .stableDiffusion15()
      case .stableDiffusion21: try .stableDiffusion21()
      case .stableDiffusionXL: try .stableDiffusionXL()
      case .stableDiffusionXLRefiner: try .stableDiffusionXLRefiner()
      case .ssd1B: try .ssd1B()
      case .miniature: .miniature
      }
    }
  }
}

/// The most memory this process has had at once, in bytes.
private func peakResidentBytes() -> Int {
  var usage = rusage()
  #if canImport(Darwin)
    getrusage(RUSAGE_SELF, &usage)
    return usage.ru_maxrss
  #else
    getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
    return usage.ru_maxrss * 1024
  #endif
}
