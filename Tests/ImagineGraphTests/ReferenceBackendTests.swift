import ImagineGraph
import ImagineReference
import ImagineTesting
import Testing

@Suite struct ReferenceBackendTests {
  private let backend = ReferenceBackend()
  private let none = HostWeights([:])

  @Test func computesAnyPrefix() throws {
    let builder = GraphBuilder()
    let x = builder.input("x", [2]), doubled = x * 2, tripled = doubled * 3
    let graph = try builder.finish([tripled.linear(Parameter(path: "l.weight", shape: [1, 2]), bias: nil)])
    let inputs = ["x": HostTensor([2], [1.0, 2])], weights = HostWeights(["l.weight": HostTensor([1, 2], [1.0, 10])])
    let values = try backend.evaluate(graph, [NodeID(2), NodeID(1), NodeID(2)], inputs: inputs, weights: weights)
    #expect(values.map(\.floats) == [[6, 12], [2, 4], [6, 12]])
    #expect(try backend.evaluate(graph, inputs: inputs, weights: weights) == [HostTensor([1], [126.0])])
  }

  @Test func runsAPlanAgainAndAgain() throws {
    let builder = GraphBuilder()
    let graph = try builder.finish([builder.input("x", [2]) * 2])
    let plan = try backend.plan(graph, weights: backend.upload(none, for: graph))
    for value in [1, 2] as [Float] {
      #expect(try plan.run(["x": HostTensor([2], [value, 3])]) == [HostTensor([2], [2 * value, 6])])
    }
    #expect(plan.peakBytes == 2 * 2 * 8)
  }

  @Test func roundsEveryBFloat16Value() throws {
    let builder = GraphBuilder()
    let x = builder.input("x", [1]).cast(to: .bfloat16)
    let graph = try builder.finish([x * 1.00390625 * 256])
    // 1.0039 is halfway between 1 and 1.0078 and goes to the even 1.
    #expect(try backend.evaluate(graph, inputs: ["x": HostTensor([1], [1.0])], weights: none)[0].floats == [256])
  }

  @Test func integersPassUnchanged() throws {
    let builder = GraphBuilder()
    let graph = try builder.finish([builder.input("x", [2], .int32).reshaped([2, 1])])
    let inputs = ["x": HostTensor([2], [.min, .max] as [Int32])]
    #expect(
      try backend.evaluate(graph, inputs: inputs, weights: none) == [HostTensor([2, 1], [.min, .max] as [Int32])])
  }

  @Test func refusesWrongInputs() throws {
    let builder = GraphBuilder()
    let graph = try builder.finish([builder.input("latents", [2, 3]).silu()])
    func error(_ inputs: [String: HostTensor]) -> String {
      let error = #expect(throws: ReferenceError.self) { try backend.evaluate(graph, inputs: inputs, weights: none) }
      return error?.description ?? ""
    }
    #expect(error([:]).contains("latents is missing"))
    #expect(error(["latents": HostTensor([3, 2], [Float](repeating: 0, count: 6))]).contains("[3, 2]"))
    #expect(error(["latents": HostTensor([2, 3], [0, 0] as [Float])]).contains("2 elements"))
    #expect(error(["latents": HostTensor([2, 3], [Int32](repeating: 0, count: 6))]).contains("int32"))
  }

  @Test(arguments: [-1, 4, Int32.max, .min]) func refusesTokensOutsideTheTable(id: Int32) throws {
    let builder = GraphBuilder()
    let ids = builder.input("ids", [1, 2], .int32)
    let graph = try builder.finish([ids.embedded(in: Parameter(path: "tokens.weight", shape: [4, 3]))])
    let inputs = ["ids": HostTensor([1, 2], [3, id])]
    let error = #expect(throws: ReferenceError.self) {
      try backend.evaluate(graph, inputs: inputs, weights: RandomWeights(graph.parameters))
    }
    #expect(error?.description == "tokens: Token id \(id) is outside the table of 4 entries.")
  }

  @Test func refusesMissingAndForeignWeights() throws {
    let builder = GraphBuilder()
    let x = builder.input("x", [1, 2])
    let graph = try builder.finish([x.linear(Parameter(path: "a.weight", shape: [1, 2]), bias: nil)])
    #expect(throws: WeightError.self) { try backend.upload(none, for: graph) }
    let short = HostWeights(["a.weight": HostTensor([1], [1.0])])
    #expect(throws: WeightError.self) { try backend.upload(short, for: graph) }

    let other = GraphBuilder()
    let otherGraph = try other.finish([other.input("x", [1])])
    let uploaded = try backend.upload(none, for: otherGraph)
    #expect(throws: ReferenceError.self) { try backend.plan(graph, weights: uploaded) }
    #expect(throws: ReferenceError.self) { try backend.plan(otherGraph, weights: ForeignWeights()) }
  }

  private final class ForeignWeights: DeviceWeights {
    let byteCount = 0
    func reload(_ changed: Set<String>, from source: any WeightSource) {}
  }
}
