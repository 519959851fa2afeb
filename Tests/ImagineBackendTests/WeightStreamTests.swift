import ImagineCPU
import ImagineGraph
import ImagineTesting
import Testing

/// Networks that keep to a budget: weights beyond it are read again at each use.
@Suite struct WeightStreamTests {
  /// A table that cannot pass, and products whose weights can.
  private func network(_ precision: Precision, side: Int = 6) throws -> Graph {
    let builder = GraphBuilder(precision: precision)
    var x = builder.input("x", [1, side, side, 128], precision.activations)
    for layer in 0..<3 {
      x = x.conv2d(
        Parameter(path: "conv\(layer).weight", shape: [128, 128, 3, 3]),
        bias: Parameter(path: "conv\(layer).bias", shape: [128]), Convolution(padding: .init(1)))
    }
    let rows = x.asTokens().linear(
      Parameter(path: "linear.weight", shape: [512, 128]), bias: Parameter(path: "linear.bias", shape: [512]))
    return try builder.finish([rows])
  }

  private func inputs(_ graph: Graph) -> [String: HostTensor] {
    Dictionary(
      uniqueKeysWithValues: graph.inputs.map { ($0.name, Distribution.normal().tensor($0.type, seed: $0.name)) })
  }

  @Test(arguments: [Precision.float32, .bfloat16], [CPUProducts.kernels, .winograd])
  func resultsAreTheSameAndWeightsAreNotKept(_ precision: Precision, _ products: CPUProducts) throws {
    let backend = try CPUBackend(threads: 2, products: products), graph = try network(precision)
    let usual = try backend.plan(graph, weights: backend.upload(CountingSource(graph), for: graph))
    let expected = try usual.run(inputs(graph))

    let source = CountingSource(graph), limited = backend.limited(to: 1)
    let weights = try limited.upload(source, for: graph)
    let plan = try limited.plan(graph, weights: weights)
    let vectors = (3 * 128 + 512) * 4
    #expect(weights.byteCount == vectors)
    for run in 1...3 {
      #expect(try plan.run(inputs(graph)) == expected)
      #expect(weights.byteCount == vectors)
      #expect(source.reads["conv0.bias"] == 1)
      // All are small enough to be there together, and stay there.
      #expect(source.reads["conv0.weight"] == 1 && source.reads["linear.weight"] == 1, "run \(run)")
    }
  }

  /// More weights than pass at once: 17 of a megabyte each, where four pass.
  @Test func whatDoesNotFitIsReadAtEachRun() throws {
    let backend = try CPUBackend(threads: 2)
    let builder = GraphBuilder(precision: .float32)
    var x = builder.input("x", [3, 512])
    for layer in 0..<17 { x = x.linear(Parameter(path: "\(layer).weight", shape: [512, 512]), bias: nil) * 0.1 }
    let graph = try builder.finish([x])
    let expected = try backend.plan(graph, weights: backend.upload(CountingSource(graph), for: graph))
      .run(inputs(graph))

    let source = CountingSource(graph), limited = backend.limited(to: 1)
    let plan = try limited.plan(graph, weights: limited.upload(source, for: graph))
    #expect(source.reads.isEmpty)
    for run in 1...3 {
      #expect(try plan.run(inputs(graph)) == expected)
      #expect(source.reads.count == 17 && source.reads.values.allSatisfy { $0 == run })
    }
    // Another plan of the same weights may keep them again, and the first goes on.
    let weights = try backend.upload(source, for: graph)
    let streamed = try limited.plan(graph, weights: weights)
    #expect(weights.byteCount == 0)
    let generous = try backend.plan(graph, weights: weights)
    #expect(weights.byteCount >= 17 * 512 * 512 * 4)
    #expect(try streamed.run(inputs(graph)) == expected)
    #expect(try generous.run(inputs(graph)) == expected)
  }

  @Test func aFileThatFailsIsTheRunsError() throws {
    struct Failure: Error {}
    struct BrokenSource: WeightSource {
      let source: RandomWeights
      func read(_ name: String, as type: ElementType, into destination: UnsafeMutableRawBufferPointer) throws {
        if name == "linear.weight" { throw Failure() }
        try source.read(name, as: type, into: destination)
      }
    }
    let graph = try network(.float32), limited = try CPUBackend(threads: 2).limited(to: 1)
    let weights = try limited.upload(BrokenSource(source: RandomWeights(graph.parameters)), for: graph)
    let plan = try limited.plan(graph, weights: weights)
    for _ in 0..<2 { #expect(throws: Failure.self) { try plan.run(inputs(graph)) } }
  }

  @Test(arguments: [Precision.float32, .bfloat16], [CPUProducts.kernels, .winograd])
  func needsAreKnownBeforehand(_ precision: Precision, _ products: CPUProducts) throws {
    let backend = try CPUBackend(threads: 2, products: products), graph = try network(precision, side: 20)
    for backend in [backend, backend.limited(to: 1_000_000)] as [any MemoryAwareBackend] {
      let source = RandomWeights(graph.parameters), needs = try backend.memoryNeeds(of: graph, weights: source)
      let weights = try backend.upload(source, for: graph)
      let plan = try backend.plan(graph, weights: weights)
      #expect(needs.weightBytes == weights.byteCount)
      #expect(needs.workingBytes == plan.peakBytes)
      _ = try plan.run(inputs(graph))
      #expect(needs.weightBytes == weights.byteCount)
    }
  }
}
