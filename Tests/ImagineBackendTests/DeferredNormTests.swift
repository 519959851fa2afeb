import CKernels
import ImagineGraph
import ImagineTesting
import Testing

@testable import ImagineCPU

/// A norm that is computed as the convolution after it copies its image gives the bits that it gives alone.
@Suite struct DeferredNormTests {
  struct Case: Sendable {
    let shape: Shape, out: Int
    var stride = 1
    var activation: Activation? = .silu
  }

  static let cases = [
    Case(shape: [2, 7, 5, 64], out: 40), Case(shape: [1, 3, 32, 32], out: 33, activation: nil),
    Case(shape: [2, 6, 6, 40], out: 8, stride: 2), Case(shape: [2, 4, 4, 320], out: 64),
  ]

  /// - Parameter keepsNorm: the norm's result is wanted, too, so that it cannot be deferred.
  private func graph(_ test: Case, keepsNorm: Bool) throws -> Graph {
    let builder = GraphBuilder(precision: .bfloat16), channels = test.shape.last
    let x = builder.input("x", test.shape, .bfloat16) * 2
    var norm = x.groupNorm(
      Parameter(path: "norm.weight", shape: [channels]), Parameter(path: "norm.bias", shape: [channels]), groups: 8,
      epsilon: 1e-5)
    if let activation = test.activation { norm = norm.activation(activation) }
    let image = norm.conv2d(
      Parameter(path: "conv.weight", shape: [test.out, channels, 3, 3]),
      bias: Parameter(path: "conv.bias", shape: [test.out]), Convolution(stride: test.stride, padding: .init(1)))
    return try builder.finish([image.silu()] + (keepsNorm ? [norm] : []))
  }

  private func run(_ graph: Graph, _ features: CPUFeatures) throws -> (result: HostTensor, operations: [String]) {
    let backend = try CPUBackend(threads: 2, features: features)
    let plan = try backend.preparedPlan(
      graph, weights: backend.upload(RandomWeights(graph.parameters), for: graph))
    let inputs = Dictionary(
      uniqueKeysWithValues: graph.inputs.map { ($0.name, Distribution.normal().tensor($0.type, seed: $0.name)) })
    let result = try #require(try plan.runInPoisonedMemory(inputs).first)
    #expect(try plan.run(inputs).first == result)
    return (result, try plan.profile(inputs).timings.map(\.op))
  }

  @Test(arguments: cases, [CPUFeatures.softwareTiles, CPUFeatures.available.union(.softwareTiles)])
  func sameBits(_ test: Case, _ features: CPUFeatures) throws {
    let deferred = try run(graph(test, keepsNorm: false), features)
    let alone = try run(graph(test, keepsNorm: true), features)
    #expect(deferred.result == alone.result)
    #expect(!deferred.operations.contains { $0.hasPrefix("groupNorm") })
    #expect(alone.operations.contains { $0.hasPrefix("groupNorm") })
  }
}
