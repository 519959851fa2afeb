/// How long one operation of a run took, and what it costs at least.
package struct OpTiming: Sendable, Hashable {
  /// The operation's name, such as `conv2d`.
  package let op: String
  /// The weight path of the layer it belongs to.
  package let scope: String
  package let operands: [TensorType]
  package let result: TensorType
  package let cost: OpCost
  package private(set) var duration: Duration

  package init(_ id: NodeID, of graph: Graph, duration: Duration) {
    let node = graph[id]
    op = node.op.name
    scope = node.scope
    operands = node.operands.map { graph[$0].type }
    result = node.type
    cost = graph.cost(of: id)
    self.duration = duration
  }

  /// The same with another duration.
  package func lasting(_ duration: Duration) -> OpTiming {
    var copy = self
    copy.duration = duration
    return copy
  }
}

/// Why a plan cannot measure its operations.
package struct ProfilingUnavailable: Error, Hashable, CustomStringConvertible {
  package let description: String
  package init(_ description: String) { self.description = description }
}

extension Plan {
  package func profile(
    _ inputs: [String: HostTensor]
  ) throws -> (results: [HostTensor], timings: [OpTiming]) {
    throw ProfilingUnavailable("This backend measures whole runs only, not single operations.")
  }
}
