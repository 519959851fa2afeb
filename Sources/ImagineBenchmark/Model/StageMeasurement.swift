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
    let (timing, tiles) = try TileUnit(backend).around {
      try Timing(repeats: repeats, patience: patience) { _ = try plan.run(stage.inputs) }
    }
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
      name: stage.name, timing: timing, tiles: tiles, flops: cost.flops, bytes: cost.bytes,
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
    let timings = timings.filter { $0.op != "input" }
    seconds = timings.reduce(0) { $0 + $1.duration / .seconds(1) }
    kinds = Dictionary(grouping: timings, by: \.op).map { BenchmarkResult.Kind(name: $0, $1, ceiling) }
      .sorted { ($0.seconds, $1.name) > ($1.seconds, $0.name) }
    operations = Dictionary(grouping: timings) { "\($0.op) \($0.shapes)" }.values
      .compactMap { BenchmarkResult.Operation($0, ceiling) }
      .sorted { ($0.seconds, $1.shapes) > ($1.seconds, $0.shapes) }
  }
}

extension BenchmarkResult.Kind {
  fileprivate init(name: String, _ timings: [OpTiming], _ ceiling: DeviceCeiling) {
    self.name = name
    count = timings.count
    seconds = timings.reduce(0) { $0 + $1.duration / .seconds(1) }
    flops = timings.reduce(0) { $0 + $1.cost.flops }
    bytes = timings.reduce(0) { $0 + $1.cost.bytes }
    roofSeconds = timings.reduce(0) { $0 + ceiling.seconds($1.cost) }
  }
}

extension BenchmarkResult.Operation {
  /// Nil for no timings.
  init?(_ timings: [OpTiming], _ ceiling: DeviceCeiling) {
    guard let first = timings.first else { return nil }
    let all = BenchmarkResult.Kind(name: first.op, timings, ceiling)
    (name, scope, count, shapes) = (first.op, first.scope, all.count, first.shapes)
    (seconds, flops, bytes, roofSeconds) = (all.seconds, all.flops, all.bytes, all.roofSeconds)
  }
}

extension OpTiming {
  fileprivate var shapes: String {
    let operands = operands.prefix(2).map { $0.shape.description }.joined(separator: " x ")
    return "\(operands) -> \(result.shape)"
  }
}
