internal import ImagineGraph
internal import Logging

/// What every network of a model is planned with.
struct PlanningContext {
  let backend: any Backend
  let weights: any WeightSource
  let precision: ImagineGraph.Precision
  let log: Logger
}

/// One network on a device: its weights, and its plan for the last shape it was asked for.
///
/// Plans of other shapes are dropped, since each holds the working memory of its shape; weights stay.
struct PlannedComponent {
  /// For the log, such as `UNet`.
  let name: String
  private var weights: (any DeviceWeights)?
  private var last: (shape: Shape, plan: any Plan)?

  init(_ name: String) { self.name = name }

  /// The plan for inputs of a shape, made by tracing the network if it is not at hand.
  mutating func plan(
    for shape: Shape, _ context: PlanningContext, tracing network: (GraphBuilder) -> Tensor
  ) throws -> any Plan {
    if let last, last.shape == shape { return last.plan }
    last = nil
    let start = ContinuousClock.now
    let builder = GraphBuilder(precision: context.precision)
    let graph = try builder.finish([network(builder)])
    let weights = try weights ?? context.backend.upload(context.weights, for: graph)
    self.weights = weights
    let plan = try context.backend.plan(graph, weights: weights)
    last = (shape, plan)
    context.log.debug(
      "planned a network",
      metadata: [
        "network": "\(name)", "input": "\(shape)", "operations": "\(graph.nodes.count)",
        "weights": "\(megabytes(weights.byteCount))", "working memory": "\(megabytes(plan.peakBytes))",
        "milliseconds": "\(Int(start.duration(to: .now) / .milliseconds(1)))",
      ])
    return plan
  }
}

private func megabytes(_ bytes: Int) -> String { "\(bytes / 1_000_000) MB" }
