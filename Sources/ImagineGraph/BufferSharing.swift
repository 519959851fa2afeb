/// Which values of a graph lie in one buffer, and how long each buffer is needed.
struct BufferSharing {
  /// For each node, the node whose buffer it uses: itself, or that of an operand of which it is a view, or in whose place it is
  /// written.
  private(set) var storage: [Int]
  /// For each node with a buffer of its own, whether that outlives a run.
  let isKept: [Bool]
  /// For each node with a buffer of its own, the last node to be computed from what lies there; beyond all nodes for results.
  private(set) var lastUse: [Int]

  /// - Parameter views: `Graph.viewOffsets`.
  init(_ graph: Graph, _ views: [Int?], keepsSteady: Bool, deferred: Set<NodeID>) {
    var storage = Array(graph.nodes.indices)
    for (index, node) in graph.nodes.enumerated() where views[index] != nil {
      storage[index] = storage[node.operands[0].index]
    }
    var isKept = [Bool](repeating: false, count: graph.nodes.count)
    if keepsSteady {
      for (index, keeps) in graph.isKeptBetweenRuns.enumerated() where keeps { isKept[storage[index]] = true }
    }
    self.storage = storage
    self.isKept = isKept
    lastUse = Self.lastUse(of: storage, in: graph, deferred)
    writeInPlace(graph, deferred)
    lastUse = Self.lastUse(of: self.storage, in: graph, deferred)
  }

  /// Lets operations write over an operand that is read here for the last time, and is no more than the result.
  private mutating func writeInPlace(_ graph: Graph, _ deferred: Set<NodeID>) {
    let own = storage
    for (index, node) in graph.nodes.enumerated() {
      if own[index] != index {
        // A view of what may be written in place of something else.
        storage[index] = storage[own[index]]
        continue
      }
      guard let position = node.op.definition.overwrites, !deferred.contains(NodeID(index)) else { continue }
      let operand = own[node.operands[position].index], value = graph.nodes[operand]
      if case .parameter = value.op { continue }
      guard lastUse[operand] == index, value.type.byteCount == node.type.byteCount, !isKept[operand], !isKept[index],
        !deferred.contains(NodeID(operand)),
        node.operands.enumerated().allSatisfy({ $0 == position || own[$1.index] != operand })
      else { continue }
      storage[index] = storage[operand]
    }
  }

  private static func lastUse(of storage: [Int], in graph: Graph, _ deferred: Set<NodeID>) -> [Int] {
    var lastUse = Array(graph.nodes.indices)
    for id in graph.ids.reversed() {
      let time = deferred.contains(id) ? lastUse[id.index] : id.index
      for operand in graph[id].operands {
        lastUse[storage[operand.index]] = max(lastUse[storage[operand.index]], time)
      }
    }
    for output in graph.outputs { lastUse[storage[output.index]] = graph.nodes.count }
    return lastUse
  }
}
