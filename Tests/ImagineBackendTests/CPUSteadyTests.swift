import ImagineGraph
import ImagineTesting
import Testing

@testable import ImagineCPU

/// Plans that keep what hangs on steady inputs and weights alone from run to run.
@Suite("Steady inputs on the processor") struct CPUSteadyTests {
  /// A value of x attends to what is projected of a steady context.
  private static func graph(rows: Int = 9, precision: Precision = .float32) throws -> Graph {
    let builder = GraphBuilder(precision: precision)
    let x = builder.input("x", [1, rows, 16]).asActivation()
    let context = builder.input("context", [1, 5, 24], isSteady: true).asActivation()
    func projected(_ tensor: Tensor, _ name: String, from width: Int) -> Tensor {
      tensor.linear(Parameter(path: "\(name).weight", shape: [16, width]), bias: nil)
    }
    let query = projected(x, "q", from: 16)
    let attended = query.attention(
      keys: projected(context, "k", from: 24), values: projected(context.silu(), "v", from: 24), heads: 2)
    // Large values in between, which would be in the kept ones' place if that were free.
    let wide = attended.linear(Parameter(path: "up.weight", shape: [160, 16]), bias: nil).silu()
    return try builder.finish([
      (wide.linear(Parameter(path: "down.weight", shape: [16, 160]), bias: nil) + x).cast(to: .float32)
    ])
  }

  private static func inputs(_ graph: Graph, _ seeds: [String: String] = [:]) -> [String: HostTensor] {
    Dictionary(
      uniqueKeysWithValues: graph.inputs.map {
        ($0.name, Distribution.normal().tensor($0.type, seed: "\($0.name) \(seeds[$0.name] ?? "")"))
      })
  }

  /// A plan, and how many operations of it a run computes.
  private struct Observed {
    let plan: CPUPlan

    init(_ graph: Graph, _ source: any WeightSource, on backend: CPUBackend) throws {
      plan = try backend.preparedPlan(graph, weights: backend.upload(source, for: graph))
    }

    init(_ plan: CPUPlan) { self.plan = plan }

    /// - Parameter last: before which operation, counted from 0, the run fails.
    func run(_ inputs: [String: HostTensor], failingAt last: Int = .max) throws -> (results: [HostTensor], count: Int) {
      var count = 0
      let results = try plan.run(inputs) { step, frame in
        if count == last { throw Failure() }
        count += 1
        try step.kernel(frame)
      }
      return (results, count)
    }
  }

  private struct Failure: Error {}

  @Test(
    "A run computes what is steady only when a steady input has changed", arguments: [Precision.float32, .bfloat16])
  func counts(_ precision: Precision) throws {
    let backend = try CPUBackend(threads: 2), graph = try Self.graph(precision: precision)
    let source = RandomWeights(graph.parameters)
    let observed = try Observed(graph, source, on: backend), all = try observed.plan.profile(Self.inputs(graph)).timings
    let isSteady = try graph.optimized(for: backend.supports).steadyNodes
    let steady = isSteady.count { $0 }
    #expect(steady >= 4 && all.count > steady, "the context, what it is activated by, and two projections")
    let runs = [
      ("a", "1", true), ("b", "1", false), ("b", "1", false), ("b", "2", true), ("a", "2", false), ("a", "1", true),
    ]
    for (x, context, isNew) in runs {
      let inputs = Self.inputs(graph, ["x": x, "context": context])
      let (results, count) = try observed.run(inputs)
      #expect(count == (isNew ? all.count : all.count - steady), "\(x), \(context)")
      #expect(results == (try Observed(graph, source, on: backend).run(inputs).results), "\(x), \(context)")
    }
  }

  @Test("A profile and a run in poisoned memory compute everything, and leave kept what they computed")
  func everything() throws {
    let backend = try CPUBackend(threads: 1), graph = try Self.graph(), inputs = Self.inputs(graph)
    let observed = try Observed(graph, RandomWeights(graph.parameters), on: backend)
    let (expected, all) = try observed.run(inputs), fewer = try observed.run(inputs).count
    #expect(fewer < all)
    for _ in 0..<2 {
      let profile = try observed.plan.profile(inputs)
      #expect(profile.timings.count == all && profile.results == expected)
      #expect(try observed.plan.runInPoisonedMemory(inputs) == expected)
      let (results, count) = try observed.run(inputs)
      #expect(count == fewer && results == expected)
    }
  }

  @Test("A weight read anew counts as a change") func reload() throws {
    let backend = try CPUBackend(threads: 2), graph = try Self.graph(), inputs = Self.inputs(graph)
    func source(_ factor: Float) -> HostWeights {
      HostWeights(
        Dictionary(
          uniqueKeysWithValues: graph.parameters.map { path, type in
            let values = RandomWeights.values(path, type.shape)
            return (path, HostTensor(type.shape, path == "k.weight" ? values.map { $0 * factor } : values))
          }))
    }
    let weights = try backend.upload(source(1), for: graph)
    let observed = Observed(try backend.preparedPlan(graph, weights: weights))
    let (before, all) = try observed.run(inputs)
    try weights.reload(["k.weight"], from: source(3))
    let (after, count) = try observed.run(inputs)
    #expect(count == all && after != before)
    #expect(after == (try Observed(graph, source(3), on: backend).run(inputs).results))
    #expect(try observed.run(inputs).count < all)
  }

  @Test("A run that fails on the way leaves nothing that the next one trusts wrongly", arguments: 0..<9)
  func failure(_ last: Int) throws {
    let backend = try CPUBackend(threads: 2), graph = try Self.graph(), source = RandomWeights(graph.parameters)
    let observed = try Observed(graph, source, on: backend)
    let old = Self.inputs(graph), new = Self.inputs(graph, ["context": "another"])
    let all = try observed.run(old).count
    try #require(last < all)
    #expect(throws: Failure.self) { try observed.run(new, failingAt: last) }
    for inputs in [new, old] {
      let expected = try Observed(graph, source, on: backend).run(inputs).results
      #expect(try observed.run(inputs).results == expected)
      #expect(try observed.run(inputs).results == expected)
    }
  }

  @Test("A cancelled run leaves nothing that the next one trusts wrongly") func cancellation() async throws {
    let backend = try CPUBackend(threads: 2), graph = try Self.graph(), source = RandomWeights(graph.parameters)
    let plan = try Observed(graph, source, on: backend).plan
    let old = Self.inputs(graph), new = Self.inputs(graph, ["context": "another"])
    _ = try plan.run(old)
    let task = Task {
      var count = 0
      _ = try plan.run(new) { step, frame in
        count += 1
        // Among those that are steady.
        if count == 3 { withUnsafeCurrentTask { $0?.cancel() } }
        try step.kernel(frame)
      }
    }
    await #expect(throws: CancellationError.self) { try await task.value }
    for inputs in [old, new] {
      let expected = try Observed(graph, source, on: backend).run(inputs).results
      #expect(try plan.run(inputs) == expected)
    }
  }

  @Test("Plans that run in between change nothing, whether larger or smaller") func turns() throws {
    let backend = try CPUBackend(threads: 2)
    let graphs = try [9, 40, 3].map { try Self.graph(rows: $0) }, source = RandomWeights(graphs[0].parameters)
    let weights = try backend.upload(source, for: graphs[0])
    let plans = try graphs.map { Observed(try backend.preparedPlan($0, weights: weights)) }
    let all = try plans[0].run(Self.inputs(graphs[0])).count
    for round in 0..<3 {
      for (plan, graph) in zip(plans, graphs) {
        // A prompt for all of them, which changes in the last round.
        let inputs = Self.inputs(graph, ["x": "\(round)", "context": round == 2 ? "2" : ""])
        let alone = try Observed(graph, source, on: try CPUBackend(threads: 2)).run(inputs)
        let (results, count) = try plan.run(inputs)
        #expect(results == alone.results, "round \(round)")
        if round == 1 { #expect(count < all) } else if round == 2 { #expect(count == all) }
      }
    }
  }

  @Test("Runs of one plan at the same time, for two prompts, get what is theirs") func concurrentRuns() async throws {
    let backend = try CPUBackend(threads: 2), graph = try Self.graph(), source = RandomWeights(graph.parameters)
    let plan = try Observed(graph, source, on: backend).plan
    let requests = try ["1", "2", "1", "2"].enumerated().map { index, prompt in
      let inputs = Self.inputs(graph, ["x": "\(index)", "context": prompt])
      return (inputs: inputs, expected: try Observed(graph, source, on: backend).run(inputs).results)
    }
    try await withThrowingTaskGroup(of: Void.self) { group in
      for request in requests {
        group.addTask {
          for _ in 0..<20 {
            let results = try plan.run(request.inputs)
            #expect(results == request.expected)
          }
        }
      }
      try await group.waitForAll()
    }
  }

  @Test("Whichever input of a network is steady, the bits are the same", arguments: OpCase.small)
  func allCases(_ opCase: OpCase) throws {
    guard opCase.precision != .float16 else { return }
    let graph = try opCase.graph(), names = graph.inputs.map(\.name)
    let backends = try [CPUFeatures.available, .softwareTiles].map { try CPUBackend(threads: 2, features: $0) }
    func inputs(_ changed: String?) -> [String: HostTensor] {
      Dictionary(
        uniqueKeysWithValues: graph.inputs.map { name, type in
          let seed = name == changed ? "another" : "\(opCase.name) \(name)"
          return (name, (opCase.distributions[name] ?? .normal()).tensor(type, seed: seed))
        })
    }
    for backend in backends {
      let weights = try backend.upload(opCase.weights(for: graph), for: graph)
      let usual = try backend.preparedPlan(graph, weights: weights)
      for steady in names.map({ [$0] }) + [names] {
        var graph = graph
        graph.steadyInputs = Set(steady)
        let plan = try backend.preparedPlan(graph, weights: weights)
        #expect(try plan.runInPoisonedMemory(inputs(nil)) == usual.run(inputs(nil)), "\(steady)")
        for changed in names + [nil, nil] {
          #expect(try plan.run(inputs(changed)) == usual.run(inputs(changed)), "\(steady), \(changed ?? "none")")
        }
      }
    }
  }

  @Test("A steady norm is not put off into a convolution that is not") func deferredNorm() throws {
    let builder = GraphBuilder(precision: .bfloat16)
    let x = builder.input("x", [1, 4, 4, 32], .bfloat16)
    let hint = builder.input("hint", [1, 4, 4, 32], .bfloat16, isSteady: true) * 2
    let norm = hint.groupNorm(
      Parameter(path: "norm.weight", shape: [32]), Parameter(path: "norm.bias", shape: [32]), groups: 8, epsilon: 1e-5)
    let image = norm.conv2d(
      Parameter(path: "conv.weight", shape: [32, 32, 3, 3]), bias: nil, Convolution(padding: .init(1)))
    let graph = try builder.finish([image + x * 2])
    let backend = try CPUBackend(threads: 2, features: .softwareTiles)
    let observed = try Observed(graph, RandomWeights(graph.parameters), on: backend)
    let (_, all) = try observed.run(Self.inputs(graph)), inputs = Self.inputs(graph, ["x": "another"])
    let fresh = try Observed(graph, RandomWeights(graph.parameters), on: backend).run(inputs)
    let (results, count) = try observed.run(inputs)
    #expect(results == fresh.results && fresh.count == all)
    // The hint, twice the hint, and its norm.
    #expect(count == all - 3)
  }

  // MARK: Memory

  @Test("What stays is counted with the plan, and what is shared apart") func needs() throws {
    let backend = try CPUBackend(threads: 2), graph = try Self.graph(), source = RandomWeights(graph.parameters)
    let needs = try backend.memoryNeeds(of: graph, weights: source)
    let plan = try backend.preparedPlan(graph, weights: backend.upload(source, for: graph))
    // Keys, values, and the context that they are of.
    #expect(plan.keptBytes == 2 * 5 * 16 * 4 + 5 * 24 * 4)
    #expect(needs.keptBytes == plan.keptBytes && needs.workingBytes + needs.keptBytes == plan.peakBytes)
    _ = try plan.run(Self.inputs(graph))
    #expect(backend.heldWorkingBytes == needs.workingBytes)
  }

  /// Weights of a megabyte each, where four pass at once: two that the context is projected by, and others before, between
  /// and after them.
  private static func largeGraph() throws -> Graph {
    let builder = GraphBuilder(precision: .float32)
    func layer(_ x: Tensor, _ name: String) -> Tensor {
      x.linear(Parameter(path: "\(name).weight", shape: [512, 512]), bias: nil) * 0.1
    }
    var x = builder.input("x", [1, 3, 512])
    let context = builder.input("context", [1, 5, 512], isSteady: true)
    for block in 0..<6 {
      x = layer(x, "\(block).q")
      x = x.attention(keys: layer(context, "\(block).k"), values: layer(context, "\(block).v"), heads: 8)
    }
    return try builder.finish([x])
  }

  @Test("Weights that pass are read again only for what is computed again") func passing() throws {
    let backend = try CPUBackend(threads: 2), graph = try Self.largeGraph(), source = CountingSource(graph)
    let limited = try #require(backend.limited(to: 1) as? CPUBackend)
    let plan = try limited.plan(graph, weights: limited.upload(source, for: graph))
    let usual = try backend.plan(graph, weights: backend.upload(RandomWeights(graph.parameters), for: graph))
    var readings = (steady: 0, other: 0)
    for (x, context, isNew) in [("a", "1", true), ("b", "1", false), ("c", "1", false), ("c", "2", true)] {
      let inputs = Self.inputs(graph, ["x": x, "context": context])
      #expect(try plan.run(inputs) == usual.run(inputs))
      readings.steady += isNew ? 1 : 0
      readings.other += 1
      for (path, count) in source.reads {
        // What is read ahead with the last of the steady ones may be read once more.
        if path.contains(".q.") {
          #expect((readings.other...readings.other + readings.steady).contains(count), "\(path)")
        } else {
          #expect(count == readings.steady, "\(path)")
        }
      }
    }
  }

  @Test("Where some weights have room, it is those that each run reads") func room() throws {
    let backend = try CPUBackend(threads: 2), graph = try Self.largeGraph(), source = CountingSource(graph)
    let bytes = try backend.memoryNeeds(of: graph, weights: source)
    // Six of the eighteen, beside those that pass and the work.
    let room = 6 * bytes.weightBytes / 18 + 2 * WeightResidency.batchBytes + bytes.workingBytes + bytes.keptBytes
    let limited = try #require(backend.limited(to: room + 1000) as? CPUBackend)
    let plan = try limited.plan(graph, weights: limited.upload(source, for: graph))
    for run in 0..<3 { _ = try plan.run(Self.inputs(graph, ["x": "\(run)"])) }
    for (path, count) in source.reads { #expect(count == 1, "\(path)") }
    #expect(source.reads.count == 18)
  }
}
