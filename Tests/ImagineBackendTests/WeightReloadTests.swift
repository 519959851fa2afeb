import ImagineCPU
import ImagineGraph
import ImagineReference
import ImagineTesting
import Testing

@testable import ImagineVulkan

/// Weights that are read anew from another source, in their places, while plans stay.
@Suite("Reloading weights", .serialized)
struct WeightReloadTests {
  /// One of every kind of weight: packed, plain, two that are multiplied by at once, ones that what is kept between runs hangs
  /// on.
  private static func graph() throws -> Graph {
    let builder = GraphBuilder()
    let x = builder.input("x", [1, 6, 6, 32]), context = builder.input("context", [1, 8, 24], isSteady: true)
    let image = x.conv2d(
      Parameter(path: "conv.weight", shape: [32, 32, 3, 3]), bias: Parameter(path: "conv.bias", shape: [32]),
      Convolution(stride: 1, padding: .init(1)))
    let tokens = image.groupNorm(
      Parameter(path: "norm.weight", shape: [32]), Parameter(path: "norm.bias", shape: [32]), groups: 8, epsilon: 1e-5
    ).reshaped([1, 36, 32])
    func projected(_ tensor: Tensor, _ name: String, _ shape: Shape) -> Tensor {
      tensor.linear(Parameter(path: "\(name).weight", shape: shape), bias: nil)
    }
    let attended = projected(tokens, "q", [32, 32]).attention(
      keys: projected(context, "k", [32, 24]), values: projected(context, "v", [32, 24]), heads: 2)
    return try builder.finish([projected(attended, "gate", [64, 32]).geglu()])
  }

  private static func weights(of graph: Graph, _ changed: Set<String>, times factor: Float) -> HostWeights {
    HostWeights(
      Dictionary(
        uniqueKeysWithValues: graph.parameters.map { path, type in
          let values = RandomWeights.values(path, type.shape)
          return (path, HostTensor(type.shape, changed.contains(path) ? values.map { $0 * factor + 0.01 } : values))
        }))
  }

  private func check(_ backend: any Backend) throws {
    let graph = try Self.graph()
    let inputs = Dictionary(
      uniqueKeysWithValues: graph.inputs.map { ($0.name, Distribution.normal().tensor($0.type, seed: $0.name)) })
    func fresh(_ source: HostWeights) throws -> [HostTensor] {
      try backend.plan(graph, weights: backend.upload(source, for: graph)).run(inputs)
    }
    let base = Self.weights(of: graph, [], times: 1), held = try backend.upload(base, for: graph)
    let plan = try backend.plan(graph, weights: held)
    var known = try plan.run(inputs)
    let byteCount = held.byteCount
    let sets = [["k.weight"], ["conv.weight", "gate.weight"], ["norm.bias", "conv.bias"], ["v.weight", "q.weight"]]
    for paths in sets {
      let source = Self.weights(of: graph, Set(paths), times: 1.5)
      try held.reload(Set(paths), from: source)
      let result = try plan.run(inputs)
      #expect(result != known, "\(paths) make a difference")
      #expect(result == (try fresh(source)), "\(paths) as if they had never been others")
      try held.reload(Set(paths), from: base)
      known = try plan.run(inputs)
      #expect(known == (try fresh(base)), "\(paths) are gone without a trace")
    }
    #expect(held.byteCount == byteCount)
  }

  @Test func reference() throws { try check(ReferenceBackend()) }

  @Test func processor() throws { try check(CPUBackend(threads: 2)) }

  @Test("On a processor whose weights pass at each use") func passing() throws {
    try check(CPUBackend(threads: 2).limited(to: 40_000))
  }

  @Test(.enabled(if: VulkanTestDevice.backend != nil, "no Vulkan")) func vulkan() throws {
    let backend = try #require(VulkanTestDevice.backend)
    let joined = try Self.graph().optimized(for: backend.supports).nodes.filter { $0.op.name == "linears" }
    #expect(joined.count == 1)
    try check(backend)
    #expect(VulkanTestDevice.instance?.validationMessages == [])
  }
}
