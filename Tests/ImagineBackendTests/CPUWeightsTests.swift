import ImagineCPU
import ImagineGraph
import ImagineTesting
import Testing

@Suite struct CPUWeightsTests {
  /// Extents that fill whole panels, so that packing pads nothing.
  private func network(_ side: Int, _ precision: Precision) throws -> Graph {
    let builder = GraphBuilder(precision: precision)
    let x = builder.input("x", [1, side, side, 32], precision.activations)
    let image = x.conv2d(
      Parameter(path: "conv.weight", shape: [32, 32, 3, 3]), bias: Parameter(path: "conv.bias", shape: [32]),
      Convolution(padding: .init(1)))
    return try builder.finish([
      image.asTokens().linear(
        Parameter(path: "linear.weight", shape: [64, 32]), bias: Parameter(path: "linear.bias", shape: [64]))
    ])
  }

  private func run(_ plan: any Plan, _ graph: Graph) throws -> [HostTensor] {
    let pairs = graph.inputs.map { ($0.name, Distribution.normal().tensor($0.type, seed: $0.name)) }
    return try plan.run(Dictionary(uniqueKeysWithValues: pairs))
  }

  @Test(arguments: [Precision.float32, .bfloat16], [CPUProducts.kernels, .winograd])
  func plansShareWeights(_ precision: Precision, _ products: CPUProducts) throws {
    let backend = try CPUBackend(threads: 2, products: products)
    let small = try network(4, precision), large = try network(19, precision)
    let source = CountingSource(small)
    let weights = try backend.upload(source, for: small)
    #expect(weights.byteCount == 0 && source.reads.isEmpty)

    let first = try backend.plan(small, weights: weights)
    let bytes = weights.byteCount
    let elements = 32 * 32 * 9 + 64 * 32, vectors = 32 + 64
    #expect(bytes == elements * precision.weights.size + vectors * 4)

    let before = try run(first, small)
    let second = try backend.plan(large, weights: weights)
    _ = try run(second, large)
    #expect(try run(first, small) == before)
    #expect(weights.byteCount == bytes)
    #expect(source.reads.count == 4 && source.reads.values.allSatisfy { $0 == 1 })
  }

  /// One plan multiplies by a weight, which wants it packed; another reads it as a table.
  @Test(arguments: [Precision.float32, .bfloat16], [CPUProducts.kernels, .winograd])
  func plansThatWantAWeightInDifferentForms(_ precision: Precision, _ products: CPUProducts) throws {
    let backend = try CPUBackend(threads: 2, products: products)
    // A multiple of every processor's panel, so that packing pads nothing.
    let parameter = Parameter(path: "shared.weight", shape: [64, 32])
    let product = GraphBuilder(precision: precision), table = GraphBuilder(precision: precision)
    let x = product.input("x", [5, 32], precision.activations)
    let productGraph = try product.finish([x.linear(parameter, bias: nil)])
    let tableGraph = try table.finish([table.parameter(parameter).cast(to: .float32)])

    let weights = try backend.upload(RandomWeights(productGraph.parameters), for: productGraph)
    let multiply = try backend.plan(productGraph, weights: weights)
    let expected = try run(multiply, productGraph)
    let read = try backend.plan(tableGraph, weights: weights)
    let values = RandomWeights.values(parameter.path, parameter.shape)
    let rounded = precision.weights == .bfloat16 ? values.map(BFloat16.rounded) : values
    for _ in 0..<2 {
      #expect(try run(read, tableGraph) == [HostTensor(parameter.shape, rounded)])
      #expect(try run(multiply, productGraph) == expected)
    }
    #expect(weights.byteCount == 64 * 32 * precision.weights.size)
  }
}
