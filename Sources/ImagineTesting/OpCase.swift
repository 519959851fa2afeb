package import ImagineGraph
import ImagineReference

/// A small graph with everything needed to run it: one row of the table every backend is tested with.
package struct OpCase: Sendable, CustomStringConvertible {
  package enum Cost: Sendable, Hashable {
    /// Quick through the reference even in a debug build.
    case small
    case large
  }

  /// Operation and shape, unique together with the precision.
  package let name: String
  package let precision: Precision
  /// How the inputs are drawn, by name; those not named are normal.
  package let distributions: [String: Distribution]
  package let build: @Sendable (GraphBuilder) -> [Tensor]

  package var description: String { "\(name) (\(precision.activations))" }

  /// The traced graph, not yet optimised for a backend.
  package func graph() throws(GraphError) -> Graph {
    let builder = GraphBuilder(precision: precision)
    return try builder.finish(build(builder))
  }

  /// The inputs of the case's graph: the same at each call.
  package func inputs(for graph: Graph) -> [String: HostTensor] {
    let pairs = graph.inputs.map { input in
      let distribution = distributions[input.name] ?? .normal()
      return (input.name, distribution.tensor(input.type, seed: "\(name) \(input.name)"))
    }
    return Dictionary(pairs) { first, _ in first }
  }

  /// The weights of the case's graph: the same at each call.
  package func weights(for graph: Graph) -> RandomWeights { RandomWeights(graph.parameters) }

  /// What a backend computes.
  package func results(on backend: any Backend) throws -> [HostTensor] {
    let graph = try graph()
    let plan = try backend.plan(graph, weights: backend.upload(weights(for: graph), for: graph))
    return try plan.run(inputs(for: graph))
  }

  /// What is to be computed: each operation of the graph as it stands by its definition.
  package func expectedResults() throws -> [HostTensor] {
    let graph = try graph()
    return try ReferenceBackend().evaluate(graph, inputs: inputs(for: graph), weights: weights(for: graph))
  }

  /// What is wrong with a backend's results, in a sentence each; empty if nothing is.
  package func mismatches(on backend: any Backend) throws -> [String] {
    let expected = try expectedResults(), actual = try results(on: backend)
    guard actual.count == expected.count else { return ["\(actual.count) results instead of \(expected.count)"] }
    return zip(actual, expected).compactMap { $0.mismatch(with: $1, Tolerance(precision)) }
  }

  package var cost: Cost { ((try? graph().work) ?? 0) <= 300_000 ? .small : .large }
}

extension Graph {
  /// Roughly how long a naive interpreter takes, with a multiplication of a product for the unit.
  fileprivate var work: Int {
    nodes.reduce(0) { sum, node in
      let operands = node.operands.map { self[$0].type.shape }
      let perElement =
        switch node.op {
        case .linear: operands[1][1]
        case .gatedLinear: 2 * operands[1][1]
        case .conv2d: operands[1].dimensions.dropFirst().reduce(1, *)
        case .matmul: operands[0].last
        case .attention: 2 * operands[1][1]
        case .input, .parameter, .activation, .glu, .groupNorm, .layerNorm, .softmax, .timestepEmbedding: 5
        case .add, .multiply, .scale, .concat, .upsampleNearest, .embedding, .cast, .reshape, .permute, .slice: 3
        }
      return sum + node.type.shape.count * perElement
    }
  }
}
