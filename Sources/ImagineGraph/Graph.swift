/// The position of a node in its graph.
package struct NodeID: Hashable, Sendable, Comparable {
  package let index: Int
  package init(_ index: Int) { self.index = index }
  package static func < (left: NodeID, right: NodeID) -> Bool { left.index < right.index }
}

/// One operation of a graph, with the type of its result.
package struct Node: Sendable, Hashable {
  package let op: Op
  package let operands: [NodeID]
  package let type: TensorType
  /// The weight path of the layer this belongs to, such as `unet.down_blocks.0.resnets.1.conv2`.
  package let scope: String
}

/// What a model computes, immutable once traced: nodes in an order in which every operand precedes its users.
package struct Graph: Sendable {
  package let nodes: [Node]
  package let outputs: [NodeID]
  /// Names of inputs that stay as they are from run to run.
  package var steadyInputs: Set<String> = []

  package subscript(_ id: NodeID) -> Node { nodes[id.index] }

  /// The ids of all nodes, in order.
  package var ids: [NodeID] { nodes.indices.map(NodeID.init) }

  /// The weights the graph asks for, in order of first use.
  package var parameters: [(path: String, type: TensorType)] {
    nodes.compactMap { node in
      if case .parameter(let path) = node.op { (path, node.type) } else { nil }
    }
  }

  /// The values to feed at each run.
  package var inputs: [(name: String, type: TensorType)] {
    nodes.compactMap { node in
      if case .input(let name) = node.op { (name, node.type) } else { nil }
    }
  }

  /// For each node, how many operands and outputs refer to it.
  package var useCounts: [Int] {
    var counts = [Int](repeating: 0, count: nodes.count)
    for node in nodes {
      for operand in node.operands { counts[operand.index] += 1 }
    }
    for output in outputs { counts[output.index] += 1 }
    return counts
  }
}
