internal import ImagineGraph
internal import ImagineModels

/// Runs networks alone, on a thread of its own.
actor BenchmarkMachine {
  private nonisolated let thread = ComputeThread(name: "imagine benchmark")

  nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

  deinit { thread.finish() }

  /// Measures the device, and on it each network of a model.
  ///
  /// - Parameters:
  ///   - parts: those of its networks to measure.
  ///   - size: of the picture.
  ///   - guided: whether a step runs the UNet for two prompts.
  func measure(
    _ benchmark: Benchmark, _ parts: Set<Benchmark.Part>, _ size: Size, guided: Bool,
    _ onProgress: @Sendable (String) -> Void
  ) throws -> (ceiling: DeviceCeiling, stages: [BenchmarkResult.Stage]) {
    try ImagineError.translating {
      let opened = try benchmark.open()
      let device = try OpenedDevice(benchmark.options)
      let precision = (benchmark.options.precision ?? device.preferredPrecision).graph
      onProgress("the device's ceiling")
      let ceiling = try DeviceCeiling(measuring: device.backend, precision: precision)
      let stages = try opened.stages(parts, size, prompts: guided ? 2 : 1, precision).map { stage in
        try Task.checkCancellation()
        onProgress(stage.name)
        return try StageMeasurement(backend: device.backend, weights: opened.weights, ceiling: ceiling)
          .measure(stage, repeats: benchmark.repeats, patience: benchmark.patience, profiles: benchmark.profiles)
      }
      return (ceiling, stages)
    }
  }
}

/// A network with values to run it on.
struct BenchmarkStage {
  let name: String
  let graph: Graph
  let inputs: [String: HostTensor]

  init(_ name: String, _ graph: Graph) throws {
    self.name = name
    self.graph = graph
    inputs = try graph.syntheticInputs()
  }
}

extension OpenedModel {
  /// The networks among `parts`.
  func stages(
    _ parts: Set<Benchmark.Part>, _ size: Size, prompts: Int, _ precision: ImagineGraph.Precision
  ) throws -> [BenchmarkStage] {
    let reduction = model.configuration.vae.reduction, channels = model.configuration.unet.inChannels
    func latents(_ count: Int) -> Shape { [count, size.height / reduction, size.width / reduction, channels] }
    return try Benchmark.Part.allCases.filter(parts.contains).compactMap { part in
      switch part {
      case .text:
        try BenchmarkStage("text encoder", model.textEncoderGraph(prompts: prompts, precision: precision))
      case .unet:
        try BenchmarkStage("UNet, one step", model.denoiserGraph(latents: latents(prompts), precision: precision))
      case .vae:
        try BenchmarkStage("VAE decoder", model.decoderGraph(latents: latents(1), precision: precision))
      case .picture:
        nil
      }
    }
  }
}
