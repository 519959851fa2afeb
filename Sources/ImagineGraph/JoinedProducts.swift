extension Graph {
  /// Joins linear layers of one value with weights of one shape, such as queries, keys and values, or what all resnets make of
  /// the time embedding: one operation, of whose result each layer's is a part as it lies.
  ///
  /// Only weights that nothing else reads are joined, so that none is kept twice.
  package func joiningProducts(for supports: OpSupport) throws(GraphError) -> Graph {
    var groups: [Group: [NodeID]] = [:]
    let useCounts = useCounts
    for id in ids {
      guard case .linear(let epilogue) = self[id].op, !epilogue.isFused,
        self[id].operands.dropFirst().allSatisfy({ isParameter($0) && useCounts[$0.index] == 1 })
      else { continue }
      let group = Group(x: self[id].operands[0], weight: self[self[id].operands[1]].type, hasBias: epilogue.bias)
      groups[group, default: []].append(id)
    }
    var joined: [NodeID: (group: JoinedLayers, position: Int)] = [:]
    for (group, layers) in groups where layers.count > 1 {
      for start in stride(from: 0, to: layers.count, by: Self.mostJoined) {
        let part = Array(layers[start..<min(start + Self.mostJoined, layers.count)])
        let layers = JoinedLayers(layers: part, op: .linears(count: part.count, bias: group.hasBias), of: self)
        guard part.count > 1, supports(layers.op, layers.operands.map { self[$0].type }) else { continue }
        for (position, layer) in part.enumerated() { joined[layer] = (layers, position) }
      }
    }
    guard !joined.isEmpty else { return self }

    // The first of the layers computes all; weights come before anything is computed.
    let builder = GraphBuilder()
    builder.steadyInputs = steadyInputs
    var values = [Tensor?](repeating: nil, count: nodes.count)
    for id in ids where isParameter(id) { values[id.index] = builder.leaf(self[id]) }
    for id in ids where values[id.index] == nil {
      let node = self[id]
      if let (group, position) = joined[id] {
        let all = builder.apply(group.op, group.operands.compactMap { values[$0.index] }, scope: node.scope)
        values[id.index] = all.sliced(axis: 0, start: position, count: 1).reshaped(node.type.shape)
      } else {
        values[id.index] = builder.copy(node, node.operands.compactMap { values[$0.index] })
      }
    }
    return try builder.finish(outputs.compactMap { values[$0.index] })
  }

  /// Layers of one operation, at most: more keep no device busier, and their weights have to fit into one piece of memory.
  private static let mostJoined = 16

  private func isParameter(_ id: NodeID) -> Bool {
    if case .parameter = self[id].op { true } else { false }
  }

  private struct Group: Hashable {
    let x: NodeID, weight: TensorType, hasBias: Bool
  }

  private struct JoinedLayers {
    let op: Op
    /// x, the weights, the biases.
    let operands: [NodeID]

    init(layers: [NodeID], op: Op, of graph: Graph) {
      self.op = op
      let x = layers.prefix(1).map { graph[$0].operands[0] }
      let weights = layers.map { graph[$0].operands[1] }, biases = layers.flatMap { graph[$0].operands.dropFirst(2) }
      operands = x + weights + biases
    }
  }
}
