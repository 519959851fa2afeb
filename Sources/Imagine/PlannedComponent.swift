internal import ImagineGraph

/// One network on a device: its weights, and its plan for the last shape it was asked for.
///
/// Plans of other shapes are dropped, since each holds the working memory of its shape; weights stay.
struct PlannedComponent {
  private var weights: (any DeviceWeights)?
  private var last: (shape: Shape, plan: any Plan)?

  /// The plan for inputs of a shape, made by tracing the network if it is not at hand.
  mutating func plan(
    for shape: Shape, on backend: any Backend, weights source: any WeightSource, precision: ImagineGraph.Precision,
    tracing network: (GraphBuilder) -> Tensor
  ) throws -> any Plan {
    if let last, last.shape == shape { return last.plan }
    last = nil
    let builder = GraphBuilder(precision: precision)
    let graph = try builder.finish([network(builder)])
    let weights = try weights ?? backend.upload(source, for: graph)
    self.weights = weights
    let plan = try backend.plan(graph, weights: weights)
    last = (shape, plan)
    return plan
  }
}
