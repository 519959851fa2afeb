import ImagineCPU
import ImagineGraph
import ImagineReference
import ImagineTesting
import Testing

@Suite struct CPUErrorTests {
  private func plan(_ outputs: (GraphBuilder) -> Tensor) throws -> CPUPlan {
    let builder = GraphBuilder(), backend = try CPUBackend(threads: 1)
    let graph = try builder.finish([outputs(builder)])
    return try backend.preparedPlan(
      graph, weights: backend.upload(RandomWeights(graph.parameters), for: graph))
  }

  @Test func inputs() throws {
    let plan = try plan { $0.input("x", [2, 3]).silu() }
    let x = HostTensor([2, 3], [Float](repeating: 1, count: 6))
    #expect(throws: CPUBackendError.self) { try plan.run([:]) }
    #expect(throws: CPUBackendError.self) { try plan.run(["x": x, "y": x]) }
    #expect(throws: CPUBackendError.self) { try plan.run(["x": HostTensor([3, 2], x.floats)]) }
    #expect(throws: CPUBackendError.self) { try plan.run(["x": HostTensor([2, 3], x.floats + [1])]) }
    #expect(throws: CPUBackendError.self) { try plan.run(["x": HostTensor([2, 3], [Int32](repeating: 1, count: 6))]) }
    #expect(try plan.run(["x": x]).count == 1)
  }

  @Test(arguments: [-1, 4, Int32.max]) func tokenOutsideTable(_ token: Int32) throws {
    let table = Parameter(path: "table.weight", shape: [4, 2])
    let plan = try plan { $0.input("ids", [1, 1], .int32).embedded(in: table) }
    #expect(throws: CPUBackendError.self) { try plan.run(["ids": HostTensor([1, 1], [token])]) }
  }

  @Test func memoryThatDoesNotExist() throws {
    let side = 1 << 25
    let plan = try plan { $0.input("x", [1, 1, 1, 1]).upsampledNearest(height: side, width: side) }
    #expect(plan.peakBytes > side * side)
    let error = #expect(throws: CPUBackendError.self) { try plan.run(["x": HostTensor([1, 1, 1, 1], [Float(1)])]) }
    #expect(error?.description.contains("no memory") == true)
  }

  @Test func weightThatIsMissing() throws {
    let builder = GraphBuilder(), backend = try CPUBackend(threads: 1)
    let weight = Parameter(path: "layer.weight", shape: [2, 3])
    let graph = try builder.finish([builder.input("x", [1, 3]).linear(weight, bias: nil)])
    let weights = try backend.upload(HostWeights([:]), for: graph)
    #expect(throws: WeightError.self) { try backend.plan(graph, weights: weights) }
  }

  @Test func weightsOfAnotherBackend() throws {
    let builder = GraphBuilder(), backend = try CPUBackend(threads: 1)
    let graph = try builder.finish([builder.input("x", [1, 3]).silu()])
    let others = try ReferenceBackend().upload(HostWeights([:]), for: graph)
    #expect(throws: CPUBackendError.self) { try backend.plan(graph, weights: others) }
  }

  @Test(arguments: [0, -1, 100_000]) func threads(_ count: Int) {
    #expect(throws: CPUBackendError.self) { try CPUBackend(threads: count) }
  }
}
