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
    ids.reduce(0) { $0 + max(Int(cost(of: $1).flops / 2), 4 * self[$1].type.shape.count) }
  }
}
