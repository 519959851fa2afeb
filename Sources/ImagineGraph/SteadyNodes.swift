extension Graph {
  /// For each node, whether its value depends on steady inputs and weights alone: it need be computed again only when one of
  /// these inputs changes. Weights themselves do not count.
  package var steadyNodes: [Bool] {
    var isSteady = [Bool](repeating: false, count: nodes.count)
    var isWeight = isSteady
    for (index, node) in nodes.enumerated() {
      switch node.op {
      case .parameter: isWeight[index] = true
      case .input(let name): isSteady[index] = steadyInputs.contains(name)
      default:
        isSteady[index] =
          node.operands.contains { isSteady[$0.index] }
          && node.operands.allSatisfy { isSteady[$0.index] || isWeight[$0.index] }
      }
    }
    return isSteady
  }

  /// The same graph with all that is steady, and the weights that it reads, before all else.
  package var withSteadyNodesFirst: Graph {
    var isFirst = steadyNodes
    for node in nodes.indices.filter({ isFirst[$0] }) {
      for operand in nodes[node].operands { isFirst[operand.index] = true }
    }
    return ordered(nodes.indices.filter { isFirst[$0] } + nodes.indices.filter { !isFirst[$0] })
  }

  /// For each node, whether its value is steady and wanted by what is not, so that it has to outlive a run.
  var isKeptBetweenRuns: [Bool] {
    let isSteady = steadyNodes
    var isKept = [Bool](repeating: false, count: nodes.count)
    for (index, node) in nodes.enumerated() where !isSteady[index] {
      for operand in node.operands where isSteady[operand.index] { isKept[operand.index] = true }
    }
    for output in outputs where isSteady[output.index] { isKept[output.index] = true }
    return isKept
  }
}
