package import ImagineGraph

/// The naive interpreter that defines every operation.
///
/// Each operation is computed in binary64 from the stored values of its operands and its result is rounded once to the
/// result's element type. Other backends are measured against it; nothing here is meant to be fast.
package struct ReferenceBackend: Backend {
  /// Which operations arrive as they are.
  package enum Support: Sendable {
    /// All: fused operations run by their own definition.
    case everything
    /// Basic ones only: fused operations arrive decomposed.
    case basicOnly
  }

  private let support: Support

  package init(support: Support = .everything) { self.support = support }

  package func supports(_ op: Op, _ operands: [TensorType]) -> Bool {
    switch support {
    case .everything: true
    case .basicOnly: !op.isFused
    }
  }

  package func upload(_ weights: any WeightSource, for graph: Graph) throws -> any DeviceWeights {
    try ReferenceWeights(weights, for: graph)
  }

  /// - Throws: `ReferenceError` if `weights` are another backend's or lack one that the graph needs.
  package func plan(_ graph: Graph, weights: any DeviceWeights) throws -> any Plan {
    guard let weights = weights as? ReferenceWeights else {
      throw ReferenceError("These weights belong to another backend; upload them to the reference backend.")
    }
    for (path, type) in graph.parameters { _ = try weights.value(of: path, as: type) }
    return ReferencePlan(interpreter: Interpreter(graph: try graph.optimized(for: supports), weights: weights))
  }

  /// Computes chosen values of a graph exactly as it stands, neither lowered nor fused, and only what they depend on.
  ///
  /// - Returns: the values of `nodes`, in that order.
  /// - Throws: `ReferenceError` if an input is missing or of another shape, or a token id is outside its table.
  package func evaluate(
    _ graph: Graph, _ nodes: [NodeID], inputs: [String: HostTensor], weights: any WeightSource
  ) throws -> [HostTensor] {
    let weights = try ReferenceWeights(weights, for: graph)
    return try Interpreter(graph: graph, weights: weights).run(inputs, computing: nodes)
  }

  /// Computes the outputs of a graph exactly as it stands.
  package func evaluate(
    _ graph: Graph, inputs: [String: HostTensor], weights: any WeightSource
  ) throws -> [HostTensor] {
    try evaluate(graph, graph.outputs, inputs: inputs, weights: weights)
  }
}

private final class ReferencePlan: Plan {
  private let interpreter: Interpreter

  init(interpreter: Interpreter) { self.interpreter = interpreter }

  var peakBytes: Int { interpreter.peakBytes }

  func run(_ inputs: [String: HostTensor]) throws -> [HostTensor] {
    try interpreter.run(inputs, computing: interpreter.graph.outputs)
  }
}
