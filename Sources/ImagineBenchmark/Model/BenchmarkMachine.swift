internal import Imagine
internal import ImagineEngine
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
      let device = try OpenedDevice(benchmark.options.settings)
      let precision = benchmark.options.precision?.graph ?? device.preferredPrecision
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
  ///
  /// - Parameter prompts: how many a step runs the denoiser for.
  func stages(
    _ parts: Set<Benchmark.Part>, _ size: Size, prompts: Int, _ precision: ImagineGraph.Precision
  ) throws -> [BenchmarkStage] {
    try model.networks.compactMap { network in
      guard let part = Benchmark.Part(network.role), parts.contains(part) else { return nil }
      let name = part == .unet ? "\(network.name), one step" : network.name
      var shape = NetworkShape(
        rows: part == .vae ? 1 : prompts, height: size.height / model.latent.reduction,
        width: size.width / model.latent.reduction)
      // As prompts are read: some models leave out the encoder's last layers.
      shape.skippedLayers = model.conditioning.texts.first { $0.role == network.role }?.skippedLayers ?? 0
      return try BenchmarkStage(name, network.graph(shape, precision))
    }
  }
}

extension Benchmark.Part {
  /// What a network is measured as; nil for those that drawing from text does not run.
  fileprivate init?(_ role: Network.Role) {
    switch role {
    case .textEncoder: self = .text
    case .denoiser: self = .unet
    case .decoder: self = .vae
    case .encoder, .control, .features, .imageEncoder, .imagePrompt, .upscaler: return nil
    }
  }
}
