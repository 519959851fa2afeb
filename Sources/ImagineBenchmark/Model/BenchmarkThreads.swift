package import Imagine
internal import ImagineCPU
internal import ImagineEngine
internal import ImagineGraph

/// How a model's networks gain by threads of the processor.
package struct BenchmarkThreads: Sendable, Encodable {
  /// The model's short name.
  package let model: String
  /// The processor's name.
  package let processor: String
  package let precision: Imagine.Precision
  package let size: Size
  /// Threads that are used unless told otherwise.
  package let usualThreads: Int
  package let stages: [Stage]

  /// One network, run by itself.
  package struct Stage: Sendable, Encodable {
    /// Such as `UNet, one step`.
    package let name: String
    /// From few threads to many.
    package let runs: [Run]
  }

  /// A network with one number of threads.
  package struct Run: Sendable, Encodable {
    package let threads: Int
    package let timing: Timing
    /// How many times as fast as one thread, by medians.
    package let speed: Double
    /// Meanwhile; nil without tile registers.
    package let tiles: TileState?
  }

  /// Numbers of threads to measure: powers of two to 16, as far as there are so many, and those by which a machine is used.
  ///
  /// - Parameters:
  ///   - most: the largest number.
  ///   - usual: what is used unless told otherwise.
  package static func counts(upTo most: Int, usual: Int) -> [Int] {
    Set([1, 2, 4, 8, 16, usual].filter { $0 <= most } + [most]).sorted()
  }
}

extension Benchmark {
  /// Measures each network with one thread of the processor, with more, and with as many as the options say, else as this
  /// process may use.
  ///
  /// - Parameter onProgress: told what comes next, such as `UNet, one step, threads: 2`.
  /// - Throws: `ImagineError`, or `CancellationError` when the task was cancelled.
  package func measureThreads(onProgress: @Sendable (String) -> Void = { _ in }) async throws -> BenchmarkThreads {
    var benchmark = self
    benchmark.options.device = .cpu
    let (pipeline, request) = try await benchmark.picture()
    let processor = try DeviceDescription.processor(), usual = processor.threads ?? 1
    let counts = BenchmarkThreads.counts(upTo: options.threads ?? CPUCapabilities.availableThreads, usual: usual)
    let size = request.size ?? Size(width: 0, height: 0)
    return BenchmarkThreads(
      model: pipeline.report.name, processor: processor.name, precision: pipeline.precision, size: size,
      usualThreads: usual,
      stages: try await BenchmarkMachine().measure(
        benchmark, size, guided: request.guidanceScale != 1, pipeline.precision.graph, threads: counts, onProgress))
  }
}

extension BenchmarkMachine {
  func measure(
    _ benchmark: Benchmark, _ size: Size, guided: Bool, _ precision: ImagineGraph.Precision, threads counts: [Int],
    _ onProgress: @Sendable (String) -> Void
  ) throws -> [BenchmarkThreads.Stage] {
    try ImagineError.translating {
      let opened = try benchmark.open()
      return try opened.stages(benchmark.parts, size, prompts: guided ? 2 : 1, precision).map { stage in
        var runs: [BenchmarkThreads.Run] = []
        for threads in counts {
          try Task.checkCancellation()
          onProgress("\(stage.name), threads: \(threads)")
          var settings = benchmark.options.settings
          settings.threads = threads
          let backend = try OpenedDevice(settings).backend
          let plan = try backend.plan(stage.graph, weights: backend.upload(opened.weights, for: stage.graph))
          let (timing, tiles) = try TileUnit(backend).around {
            try Timing(repeats: benchmark.repeats, patience: benchmark.patience) { _ = try plan.run(stage.inputs) }
          }
          let alone = runs.first?.timing.median ?? timing.median
          runs.append(
            BenchmarkThreads.Run(threads: threads, timing: timing, speed: alone / timing.median, tiles: tiles))
        }
        return BenchmarkThreads.Stage(name: stage.name, runs: runs)
      }
    }
  }
}
