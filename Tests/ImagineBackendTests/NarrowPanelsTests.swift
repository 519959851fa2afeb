import ImagineCPU
import ImagineGraph
import ImagineTesting
import Testing

/// Weights that a file stores in 16 bits stay in 16 bits, whatever a plan computes in, and no result differs for it.
@Suite struct NarrowPanelsTests {
  /// Random weights rounded to a format of 16 bits; `tells` whether the source says so.
  private struct Source: WeightSource {
    let format: ElementType
    let tells: Bool
    let weights: RandomWeights

    func storedType(_ name: String) -> ElementType? { tells ? format : nil }

    func read(_ name: String, as type: ElementType, into destination: UnsafeMutableRawBufferPointer) throws {
      var bits = [UInt16](repeating: 0, count: destination.count / type.size)
      try bits.withUnsafeMutableBytes { try weights.read(name, as: format, into: $0) }
      if type == format { return destination.copyBytes(from: bits.withUnsafeBytes(Array.init)) }
      let values = bits.map { format == .float16 ? HalfFloat.float($0) : BFloat16.float($0) }
      switch type {
      case .float32: destination.copyBytes(from: values.withUnsafeBytes(Array.init))
      case .bfloat16: destination.copyBytes(from: values.map(BFloat16.bits).withUnsafeBytes(Array.init))
      case .float16, .int32: throw GraphError("\(name) is not to be read as \(type)")
      }
    }
  }

  /// A convolution for Winograd's algorithm, one that is none, and a linear layer; no extent fills a panel.
  private func network(_ precision: Precision) throws -> Graph {
    let builder = GraphBuilder(precision: precision)
    let x = builder.input("x", [2, 9, 7, 37], precision.activations)
    let wide = x.conv2d(
      Parameter(path: "wide.weight", shape: [45, 37, 3, 3]), bias: Parameter(path: "wide.bias", shape: [45]),
      Convolution(padding: .init(1)))
    let half = wide.conv2d(
      Parameter(path: "half.weight", shape: [50, 45, 3, 3]), bias: Parameter(path: "half.bias", shape: [50]),
      Convolution(stride: 2, padding: .init(1)))
    return try builder.finish([
      half.asTokens().linear(Parameter(path: "linear.weight", shape: [371, 50]), bias: nil).cast(to: .float32)
    ])
  }

  private func run(_ configuration: CPUConfiguration, _ graph: Graph, _ source: Source) throws -> (
    results: [HostTensor], bytes: Int
  ) {
    let backend = configuration.backend, weights = try backend.upload(source, for: graph)
    let needs = try backend.memoryNeeds(of: graph, weights: source)
    let pairs = graph.inputs.map { ($0.name, Distribution.normal().tensor($0.type, seed: $0.name)) }
    let plan = try backend.plan(graph, weights: weights)
    let results = try plan.run(Dictionary(uniqueKeysWithValues: pairs))
    #expect(weights.byteCount == needs.weightBytes)
    return (results, weights.byteCount)
  }

  @Test(arguments: CPUConfiguration.all, [ElementType.float16, .bfloat16])
  func thirtyTwoBits(_ configuration: CPUConfiguration, _ format: ElementType) throws {
    let graph = try network(.float32), weights = RandomWeights(graph.parameters)
    let narrow = try run(configuration, graph, Source(format: format, tells: true, weights: weights))
    let wide = try run(configuration, graph, Source(format: format, tells: false, weights: weights))
    #expect(narrow.results == wide.results)
    let vectorBytes = (45 + 50) * 4
    #expect((narrow.bytes - vectorBytes) * 2 == wide.bytes - vectorBytes)
  }

  /// What has to be rounded to bfloat16 for other products is not for those that compute in 32 bits.
  @Test(arguments: CPUConfiguration.all)
  func binary16InBrainFloats(_ configuration: CPUConfiguration) throws {
    let graph = try network(.bfloat16), weights = RandomWeights(graph.parameters)
    let told = try run(configuration, graph, Source(format: .float16, tells: true, weights: weights))
    let untold = try run(configuration, graph, Source(format: .float16, tells: false, weights: weights))
    #expect(told.bytes == untold.bytes)
    for (told, untold) in zip(told.results, untold.results) {
      #expect(Comparison(told.floats, untold.floats).relativeL2 < 1e-2)
    }
  }
}
