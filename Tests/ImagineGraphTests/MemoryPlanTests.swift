import ImagineGraph
import ImagineTesting
import Testing

@Suite struct MemoryPlanTests {
  @Test(arguments: 0..<60) func livingBuffersNeverOverlap(seed: UInt64) throws {
    let graph = try RandomGraph.make(seed: seed)
    for graph in [graph, try graph.fused { _, _ in true }, try graph.lowered { op, _ in !op.isFused }] {
      try verify(graph, MemoryPlan(graph))
      try verify(graph, MemoryPlan(graph, alignment: 256), alignment: 256)
    }
  }

  @Test(arguments: OpCase.all) func placesEveryCase(opCase: OpCase) throws {
    let graph = try opCase.graph()
    try verify(graph, MemoryPlan(graph))
  }

  @Test func memoryIsReused() throws {
    let builder = GraphBuilder()
    var x = builder.input("x", [1, 8, 8, 16])
    for index in 0..<10 {
      let weight = Parameter(path: "\(index).weight", shape: [16, 16, 3, 3])
      x = x + x.silu().conv2d(weight, bias: nil, Convolution(padding: .init(1)))
    }
    let plan = MemoryPlan(try builder.finish([x]))
    let value = 8 * 8 * 16 * 4
    #expect(plan.unsharedByteCount == 31 * value)
    // x, and of silu, convolution and sum two at a time.
    #expect(plan.byteCount == 3 * value)
  }

  @Test func smallValuesFitBetweenLargeOnes() throws {
    let builder = GraphBuilder()
    let x = builder.input("x", [64]), large = x.reshaped([64, 1]) * 2
    let small = large.sliced(axis: 0, start: 0, count: 16).silu()
    let plan = MemoryPlan(try builder.finish([small.softmax()]))
    #expect(plan.byteCount < plan.unsharedByteCount)
  }

  @Test("What a deferred node reads lives until its reader has run, and the node has no place")
  func deferredNodes() throws {
    let builder = GraphBuilder()
    let x = builder.input("x", [1, 4, 4, 32]).silu()
    let norm = x.groupNorm(
      Parameter(path: "norm.weight", shape: [32]), Parameter(path: "norm.bias", shape: [32]), groups: 8, epsilon: 1e-5)
    let weight = Parameter(path: "conv.weight", shape: [32, 32, 3, 3])
    let graph = try builder.finish([norm.conv2d(weight, bias: nil, Convolution(padding: .init(1))).silu()])
    let ids = graph.ids.filter { if case .parameter = graph[$0].op { false } else { true } }
    let (read, deferred, reader) = (ids[1], ids[2], ids[3])
    let plan = MemoryPlan(graph, deferred: [deferred])
    #expect(plan.offsets[deferred.index] == nil)
    #expect(plan.offsets[read.index] != plan.offsets[reader.index])
    #expect(plan.unsharedByteCount == MemoryPlan(graph).unsharedByteCount - 4 * 4 * 32 * 4)
  }

  @Test("What is computed element by element lies where its operand did, if nothing else reads that")
  func writesInPlace() throws {
    let builder = GraphBuilder()
    let x = builder.input("x", [1, 4, 4, 8]), slopes = builder.input("slopes", [1, 1, 1, 8]).reshaped([8])
    let read = (x.softmax() * 2).reshaped([16, 8]), inPlace = read.prelu(slopes), again = inPlace.reshaped([128]).silu()
    let beside = again.silu(), result = beside * 3
    let graph = try builder.finish([result, again])
    let plan = MemoryPlan(graph)
    func place(of tensor: Tensor) -> Int? { plan.offsets[tensor.id.index] }
    #expect(place(of: inPlace) == place(of: read) && place(of: again) == place(of: read))
    // `again` is a result.
    #expect(place(of: beside) != place(of: again) && place(of: result) == place(of: beside))
    #expect(plan.unsharedByteCount == 3 * 512 + 64)
    try verify(graph, plan)
  }

  @Test("Nothing is written over its own slopes, a part of a value, a weight, or what stays from run to run")
  func leavesWhatIsNotItsOwn() throws {
    let builder = GraphBuilder()
    let x = builder.input("x", [16]).softmax(), itself = x.prelu(x)
    let part = builder.input("y", [2, 16]).softmax().sliced(axis: 0, start: 0, count: 1).silu()
    let weight = builder.parameter(Parameter(path: "w", shape: [16])).silu()
    let steady = builder.input("z", [16], isSteady: true)
    let kept = steady.softmax() * 2, sum = x + kept
    let ofKept = (steady * 3).softmax().prelu(builder.input("slopes", [16]))
    let graph = try builder.finish([itself, part, weight, sum, ofKept])
    let plan = MemoryPlan(graph, keepsSteady: true)
    for node in [itself, part, weight, kept, ofKept] {
      let operand = graph[node.id].operands[0]
      #expect(plan.offsets[node.id.index] != nil && plan.offsets[node.id.index] != plan.offsets[operand.index])
    }
    try verify(graph, plan)
  }

  @Test func offsetsAreAligned() throws {
    let builder = GraphBuilder()
    let x = builder.input("x", [3]), y = x.silu()
    let graph = try builder.finish([x + y])
    #expect(MemoryPlan(graph).unsharedByteCount == 3 * 64)
    #expect(MemoryPlan(graph, alignment: 16).byteCount == 3 * 16)
  }

  @Test func chainsOfReshapesShareOneBuffer() throws {
    let builder = GraphBuilder()
    let x = builder.input("x", [2, 3, 4]).silu()
    let view = x.reshaped([6, 4]).reshaped([24])
    let later = (x * 2).reshaped([24]) * 3
    let graph = try builder.finish([view + later])
    let plan = MemoryPlan(graph)
    let views = graph.ids.filter { if case .reshape = graph[$0].op { true } else { false } }
    #expect(views.count == 3)
    for view in views { #expect(plan.offsets[view.index] == plan.offsets[graph[view].operands[0].index]) }
    // Without regard for the view, `x` would be dead while `later` is computed.
    try verify(graph, plan)
  }

  @Test("A part of a value is no value of its own where it lies in one piece and begins where a value may")
  func partsAreViews() throws {
    let builder = GraphBuilder()
    let x = builder.input("x", [3, 1, 8, 16]).silu()
    let second = x.sliced(axis: 0, start: 1, count: 1), inside = second.sliced(axis: 2, start: 2, count: 4)
    let columns = second.sliced(axis: 3, start: 0, count: 8), several = x.sliced(axis: 2, start: 4, count: 2)
    let odd = second.sliced(axis: 2, start: 1, count: 1)
    let weight = builder.parameter(Parameter(path: "a.weight", shape: [4, 16])).sliced(axis: 0, start: 2, count: 2)
    let results = [inside.reshaped([64]), columns, several, odd, weight].map { $0.silu() }
    let graph = try builder.finish(results)
    let plan = MemoryPlan(graph, alignment: 128)
    func place(of tensor: Tensor) -> (isView: Bool, offset: Int?) {
      (plan.isView[tensor.id.index], plan.offsets[tensor.id.index])
    }
    let start = try #require(plan.offsets[x.id.index])
    #expect(place(of: second) == (true, start + 512))
    #expect(place(of: inside) == (true, start + 512 + 128))
    #expect(graph[results[0].id].operands.map { plan.offsets[$0.index] } == [start + 512 + 128])
    #expect([columns, several, odd, weight].allSatisfy { !place(of: $0).isView && place(of: $0).offset != nil })
    #expect(MemoryPlan(graph, alignment: 64).isView[odd.id.index])
    try verify(graph, plan, alignment: 128)
  }

  @Test func resultsAreKeptToTheEnd() throws {
    let builder = GraphBuilder()
    let early = builder.input("x", [4, 4]).silu().reshaped([16])
    var last = early * 2
    for _ in 0..<8 { last = last * 2 }
    let graph = try builder.finish([early, last])
    let plan = MemoryPlan(graph)
    let start = try #require(plan.offsets[graph.outputs[0].index])
    for id in graph.ids where id > graph.outputs[0] {
      let other = try #require(plan.offsets[id.index])
      #expect(abs(other - start) >= 64)
    }
  }

  @Test(arguments: 0..<20) func scratchMeetsNoLivingValue(seed: UInt64) throws {
    let graph = try RandomGraph.make(seed: seed)
    func bytes(_ node: Node) -> Int { node.operands.count == 2 ? 100 : 0 }
    let plan = MemoryPlan(graph, scratch: bytes)
    try verify(graph, plan)
    let needed = neededMoments(graph, plan)
    for (index, node) in graph.nodes.enumerated() where bytes(node) > 0 {
      let start = try #require(plan.scratchOffsets[index]), scratch = start..<start + 100
      #expect(start % 64 == 0 && scratch.upperBound <= plan.byteCount)
      for (other, value) in graph.nodes.enumerated() where needed[other].contains(index) {
        guard let offset = plan.offsets[other] else { continue }
        #expect(!scratch.overlaps(offset..<offset + value.type.byteCount), "node \(other) and the scratch of \(index)")
      }
    }
  }

  @Test(arguments: 0..<20) func noValueLiesAcrossBlocks(seed: UInt64) throws {
    let graph = try RandomGraph.make(seed: seed)
    func bytes(_ node: Node) -> Int { node.operands.count == 2 ? 100 : 0 }
    let sizes = graph.nodes.map { max(($0.type.byteCount + 63) / 64 * 64, 128) }
    for block in [sizes.max() ?? 64, 2 * (sizes.max() ?? 64) + 64] {
      let plan = MemoryPlan(graph, block: block, scratch: bytes)
      try verify(graph, plan)
      for (index, node) in graph.nodes.enumerated() {
        for (offset, size) in [(plan.offsets[index], node.type.byteCount), (plan.scratchOffsets[index], bytes(node))] {
          if let offset, size > 0 { #expect(offset / block == (offset + size - 1) / block) }
        }
      }
    }
    // A block that nothing fills changes nothing.
    #expect(MemoryPlan(graph, block: 1 << 40).offsets == MemoryPlan(graph).offsets)
  }

  @Test func weightsAreNotPlaced() throws {
    let builder = GraphBuilder()
    let x = builder.input("x", [2, 4])
    let table = builder.parameter(Parameter(path: "table.weight", shape: [4, 2])).reshaped([2, 4])
    let graph = try builder.finish([x + table])
    let plan = MemoryPlan(graph)
    #expect(plan.offsets.map { $0 == nil } == [false, true, true, false])
  }

  /// Fails where two values that are needed at one moment share a byte, computed from the definition of "needed".
  private func verify(_ graph: Graph, _ plan: MemoryPlan, alignment: Int = 64) throws {
    #expect(plan.offsets.count == graph.nodes.count)
    let needed = neededMoments(graph, plan)
    var memory: [(node: Int, bytes: Range<Int>)] = []
    for (index, node) in graph.nodes.enumerated() {
      guard let offset = plan.offsets[index] else { continue }
      #expect(offset % alignment == 0 && offset + node.type.byteCount <= plan.byteCount)
      memory.append((index, offset..<offset + node.type.byteCount))
    }
    for (position, a) in memory.enumerated() {
      for b in memory[..<position] where a.bytes.overlaps(b.bytes) && needed[a.node].overlaps(needed[b.node]) {
        #expect(
          source(a.node, graph, plan) == source(b.node, graph, plan)
            || mayReplace(a.node, b.node, graph, plan, last: needed[b.node].upperBound),
          "nodes \(a.node) and \(b.node) share memory")
      }
    }
  }

  /// Whether a node is computed element by element from another that it alone still reads.
  private func mayReplace(_ index: Int, _ other: Int, _ graph: Graph, _ plan: MemoryPlan, last: Int) -> Bool {
    let node = graph.nodes[index]
    guard node.op.definition.overwrites == 0, last == index else { return false }
    return source(node.operands[0].index, graph, plan) == source(other, graph, plan)
      && plan.offsets[index] == plan.offsets[other] && node.type.byteCount == graph.nodes[other].type.byteCount
  }

  /// For each node, from when it is computed to when it or a view of it is last read; results are read at the end.
  private func neededMoments(_ graph: Graph, _ plan: MemoryPlan) -> [ClosedRange<Int>] {
    var last = Array(graph.nodes.indices)
    for output in graph.outputs { last[output.index] = graph.nodes.count }
    for (index, node) in graph.nodes.enumerated().reversed() {
      for operand in node.operands {
        let read = plan.isView[index] ? max(index, last[index]) : index
        last[operand.index] = max(last[operand.index], read)
      }
    }
    return last.indices.map { $0...last[$0] }
  }

  /// The node of whose value a chain of views shows something.
  private func source(_ index: Int, _ graph: Graph, _ plan: MemoryPlan) -> Int {
    plan.isView[index] ? source(graph.nodes[index].operands[0].index, graph, plan) : index
  }
}
