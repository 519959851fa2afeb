internal import ImagineGraph
internal import Logging

/// What every network of a model is planned with.
struct PlanningContext {
  /// Where values and weights live. Those of another home are of no use.
  struct Home: Hashable {
    let place: Footing.Place
    /// How often the device was opened before.
    let reopenings: Int
    let precision: ImagineGraph.Precision
    /// Whether networks keep to a budget there.
    var isFrugal = false
  }

  let backend: any Backend
  let home: Home
  let weights: any WeightSource
  let log: Logger
  /// Hears what is being done from now on.
  var report: (GenerationStage) -> Void = { _ in }

  var precision: ImagineGraph.Precision { home.precision }
}

/// One network on a device: its weights, and its plan for the last shape it was asked for.
///
/// Plans of other shapes are dropped, since each holds the working memory of its shape; weights stay as long as their
/// home does.
struct PlannedComponent {
  /// For the log, such as `UNet`.
  let name: String
  /// What goes on when it is ready.
  let stage: GenerationStage
  private var home: PlanningContext.Home?
  private var weights: (any DeviceWeights)?
  private var last: (key: AnyHashable, plan: any Plan)?

  init(_ name: String, for stage: GenerationStage) {
    self.name = name
    self.stage = stage
  }

  /// Bytes of weights in memory.
  var weightBytes: Int { weights?.byteCount ?? 0 }

  /// Whether it holds memory of a device.
  var isLoaded: Bool { weights != nil || last != nil }

  /// The plan for inputs of a shape, made by tracing the network if it is not at hand.
  ///
  /// - Parameter key: the shape, and whatever else makes a plan another one.
  mutating func plan(
    for key: some Hashable, _ context: PlanningContext, tracing network: (GraphBuilder) -> Tensor
  ) throws -> any Plan {
    if home != context.home { drop() }
    if let last, last.key == AnyHashable(key) { return last.plan }
    last = nil
    context.report(.preparing(name))
    defer { context.report(stage) }
    let start = ContinuousClock.now
    let builder = GraphBuilder(precision: context.precision)
    let graph = try builder.finish([network(builder)])
    let weights = try loadedWeights(for: graph, context)
    let plan = try context.backend.plan(graph, weights: weights)
    last = (key, plan)
    context.log.debug(
      "planned a network",
      metadata: [
        "network": "\(name)", "place": "\(context.home.place)", "for": "\(key)", "operations": "\(graph.nodes.count)",
        "weights": "\(megabytes(weights.byteCount))", "working memory": "\(megabytes(plan.peakBytes))",
        "milliseconds": "\(Int(start.duration(to: .now) / .milliseconds(1)))",
      ])
    return plan
  }

  /// Has weights ready for a graph with all parameters that later graphs will ask for.
  mutating func prepareWeights(_ context: PlanningContext, tracing network: (GraphBuilder) -> Tensor) throws {
    if home != context.home { drop() }
    guard weights == nil else { return }
    let builder = GraphBuilder(precision: context.precision)
    _ = try loadedWeights(for: builder.finish([network(builder)]), context)
  }

  private mutating func loadedWeights(for graph: Graph, _ context: PlanningContext) throws -> any DeviceWeights {
    home = context.home
    let loaded = try weights ?? context.backend.upload(context.weights, for: graph)
    weights = loaded
    return loaded
  }

  /// Lets go of the working memory.
  mutating func dropPlan() { last = nil }

  /// Lets go of everything.
  mutating func drop() {
    last = nil
    weights = nil
    home = nil
  }
}

private func megabytes(_ bytes: Int) -> String { "\(bytes / 1_000_000) MB" }
