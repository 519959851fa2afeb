import ImagineReference
import ImagineTesting
import Testing

@testable import ImagineGraph

@Suite("What depends on steady inputs alone")
struct SteadyNodesTests {
  /// y = x + (c w) with a second product of x, where c is steady.
  private func graph() throws -> Graph {
    let builder = GraphBuilder()
    let context = builder.input("context", [1, 3, 8], isSteady: true), x = builder.input("x", [1, 3, 8])
    let keys = context.silu().linear(Parameter(path: "k.weight", shape: [8, 8]), bias: nil)
    return try builder.finish([
      x.linear(Parameter(path: "q.weight", shape: [8, 8]), bias: nil) + keys.reshaped([1, 3, 8])
    ])
  }

  @Test("Operations on them are steady, and on anything else not") func nodes() throws {
    let graph = try graph(), steady = graph.steadyNodes
    for (node, isSteady) in zip(graph.nodes, steady) {
      switch node.op {
      case .input(let name): #expect(isSteady == (name == "context"))
      case .parameter: #expect(!isSteady)
      case .activation: #expect(isSteady)
      case .linear: #expect(isSteady == (node.scope == "k"))
      default: #expect(!isSteady)
      }
    }
  }

  @Test("Passes over the graph leave inputs steady") func passes() throws {
    let graph = try graph()
    #expect(graph.steadyInputs == ["context"])
    #expect(try graph.optimized { _, _ in true }.steadyInputs == ["context"])
    #expect(try graph.lowered { op, _ in !op.isFused }.steadyInputs == ["context"])
  }

  @Test("They come first where that is asked for, with the weights that they read, and nothing else changes its order")
  func order() throws {
    let graph = try graph(), ordered = graph.withSteadyNodesFirst
    let steady = ordered.steadyNodes
    let count = steady.count { $0 } + 1
    #expect(zip(ordered.nodes, steady).prefix(count).allSatisfy { $1 || $0.op == .parameter("k.weight") })
    #expect(!steady.dropFirst(count).contains(true))
    #expect(ordered.steadyInputs == graph.steadyInputs)
    for id in ordered.ids { #expect(ordered[id].operands.allSatisfy { $0 < id }) }
    let rest = { (graph: Graph) in zip(graph.nodes, graph.steadyNodes).filter { !$1 }.map(\.0.op) }
    #expect(
      rest(ordered).filter { $0 != .parameter("k.weight") } == rest(graph).filter { $0 != .parameter("k.weight") })
    let inputs = Dictionary(
      uniqueKeysWithValues: graph.inputs.map { ($0.name, Distribution.normal().tensor($0.type, seed: $0.name)) })
    let reference = ReferenceBackend(), weights = RandomWeights(graph.parameters)
    #expect(
      try reference.evaluate(ordered, inputs: inputs, weights: weights)
        == reference.evaluate(graph, inputs: inputs, weights: weights))
  }

  @Test("What outlives a run shares its memory with nothing") func memory() throws {
    let graph = try graph()
    let kept = graph.isKeptBetweenRuns.indices.filter { graph.isKeptBetweenRuns[$0] }
    #expect(kept.map { graph.nodes[$0].scope } == ["k"])
    let plan = MemoryPlan(graph, keepsSteady: true), size = 3 * 8 * 4
    for index in kept {
      let own = try #require(plan.offsets[index])
      for other in graph.nodes.indices where other != index {
        guard let offset = plan.offsets[other] else { continue }
        #expect(offset + size <= own || own + size <= offset, "\(graph.nodes[other].op)")
      }
    }
    #expect(plan.keptByteCount == 2 * 64 && kept.allSatisfy { plan.offsets[$0] == 0 }, "it lies at the beginning")
    #expect(MemoryPlan(graph).keptByteCount == 0)
    // The activation before it does not: its memory is free for what comes after.
    #expect(plan.byteCount < plan.unsharedByteCount)
  }

  @Test("Without steady inputs nothing is") func none() throws {
    let builder = GraphBuilder()
    let graph = try builder.finish([builder.input("x", [4]).silu()])
    #expect(!graph.steadyNodes.contains(true) && !graph.isKeptBetweenRuns.contains(true))
    #expect(graph.withSteadyNodesFirst.nodes == graph.nodes)
    #expect(MemoryPlan(graph, keepsSteady: true).keptByteCount == 0)
  }
}
