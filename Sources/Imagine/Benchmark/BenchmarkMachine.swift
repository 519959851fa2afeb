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
  ///   - size: of the picture.
  ///   - guided: whether a step runs the UNet for two prompts.
  func measure(
    _ benchmark: Benchmark, _ size: Size, guided: Bool, _ onProgress: @Sendable (String) -> Void
  ) throws -> (ceiling: DeviceCeiling, stages: [BenchmarkResult.Stage]) {
    try ImagineError.translating {
      let opened = try benchmark.open()
      let device = try OpenedDevice(benchmark.options)
      let precision = (benchmark.options.precision ?? device.preferredPrecision).graph
      onProgress("the device's ceiling")
      let ceiling = try DeviceCeiling(measuring: device.backend, precision: precision)
      let stages = try opened.stages(size, prompts: guided ? 2 : 1, precision).map { stage in
        try Task.checkCancellation()
        onProgress(stage.name)
        return try StageMeasurement(backend: device.backend, weights: opened.weights, ceiling: ceiling)
          .measure(stage, repeats: benchmark.repeats, profiles: benchmark.profiles)
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
}

extension OpenedModel {
  func stages(_ size: Size, prompts: Int, _ precision: ImagineGraph.Precision) throws -> [BenchmarkStage] {
    let reduction = model.configuration.vae.reduction, channels = model.configuration.unet.inChannels
    func latents(_ count: Int) -> Shape { [count, size.height / reduction, size.width / reduction, channels] }
    let encoder = try model.textEncoderGraph(prompts: prompts, precision: precision)
    let unet = try model.denoiserGraph(latents: latents(prompts), precision: precision)
    let decoder = try model.decoderGraph(latents: latents(1), precision: precision)
    return try [("text encoder", encoder), ("UNet, one step", unet), ("VAE decoder", decoder)].map { name, graph in
      BenchmarkStage(name: name, graph: graph, inputs: try graph.syntheticInputs())
    }
  }
}
