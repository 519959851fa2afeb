package import ImagineGraph

/// Measures a network on a backend.
struct StageMeasurement {
  let backend: any Backend
  let weights: any WeightSource
  let ceiling: DeviceCeiling

  func measure(_ stage: BenchmarkStage, repeats: Int, patience: Double, profiles: Bool) throws -> BenchmarkResult.Stage
  {
    let start = ContinuousClock.now
    let uploaded = try backend.upload(weights, for: stage.graph)
    let plan = try backend.plan(stage.graph, weights: uploaded)
    _ = try plan.run(stage.inputs)
    let preparation = start.duration(to: .now) / .seconds(1)
    let timing = try Timing(repeats: repeats, patience: patience) { _ = try plan.run(stage.inputs) }
    var profile: BenchmarkResult.Profile?, obstacle: String?
    if profiles {
      do {
        profile = BenchmarkResult.Profile(try plan.timings(stage.inputs, repeats: min(repeats, 3)), ceiling)
      } catch let error as ProfilingUnavailable {
        obstacle = error.description
      }
    }
    let graph = try stage.graph.optimized(for: backend.supports), cost = graph.cost
    return BenchmarkResult.Stage(
      name: stage.name, timing: timing, flops: cost.flops, bytes: cost.bytes,
      roofSeconds: graph.ids.reduce(0) { $0 + ceiling.seconds(graph.cost(of: $1)) }, preparation: preparation,
      weightBytes: uploaded.byteCount, workingBytes: plan.peakBytes, profile: profile, profileObstacle: obstacle)
  }
}

extension Plan {
  /// Profiles several times, and takes for each operation the median of its times.
  package func timings(_ inputs: [String: HostTensor], repeats: Int) throws -> [OpTiming] {
    let runs = try (0..<max(repeats, 1)).map { _ in try profile(inputs).timings }
    guard let first = runs.first else { return [] }
    return first.indices.map { index in
      let sorted = runs.compactMap { $0.indices.contains(index) ? $0[index].duration : nil }.sorted()
      return first[index].lasting(sorted[sorted.count / 2])
    }
  }
}

extension BenchmarkResult.Profile {
  /// Sums up operations by kind. What only hands values in is left out: it is no part of the network.
  init(_ timings: [OpTiming], _ ceiling: DeviceCeiling) {
    let operations = timings.filter { $0.op != "input" }.map { BenchmarkResult.Operation($0, ceiling) }
    seconds = operations.reduce(0) { $0 + $1.seconds }
    kinds = Dictionary(grouping: operations, by: \.name).map { BenchmarkResult.Kind(name: $0, $1) }
      .sorted { ($0.seconds, $1.name) > ($1.seconds, $0.name) }
    slowest = Array(operations.sorted { $0.seconds > $1.seconds }.prefix(10))
  }
}

extension BenchmarkResult.Kind {
  fileprivate init(name: String, _ operations: [BenchmarkResult.Operation]) {
    self.name = name
    count = operations.count
    seconds = operations.reduce(0) { $0 + $1.seconds }
    flops = operations.reduce(0) { $0 + $1.flops }
    bytes = operations.reduce(0) { $0 + $1.bytes }
    roofSeconds = operations.reduce(0) { $0 + $1.roofSeconds }
  }
}

extension BenchmarkResult.Operation {
  init(_ timing: OpTiming, _ ceiling: DeviceCeiling) {
    name = timing.op
    scope = timing.scope
    let operands = timing.operands.prefix(2).map { $0.shape.description }.joined(separator: " x ")
    shapes = "\(operands) -> \(timing.result.shape)"
    seconds = timing.duration / .seconds(1)
    flops = timing.cost.flops
    bytes = timing.cost.bytes
    roofSeconds = ceiling.seconds(timing.cost)
  }
}
