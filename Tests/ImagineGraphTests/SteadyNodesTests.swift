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
    // The activation before it does not: its memory is free for what comes after.
    #expect(plan.byteCount < plan.unsharedByteCount)
  }

  @Test("Without steady inputs nothing is") func none() throws {
    let builder = GraphBuilder()
    let graph = try builder.finish([builder.input("x", [4]).silu()])
    #expect(!graph.steadyNodes.contains(true) && !graph.isKeptBetweenRuns.contains(true))
  }
}
