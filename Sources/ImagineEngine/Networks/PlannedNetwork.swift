internal import ImagineGraph
internal import Logging

/// What a network is planned with.
struct PlanningContext {
  /// Where values and weights live. Those of another place are of no use.
  struct Location: Hashable {
    let place: RunMode.Place
    /// How often the device was opened before.
    let reopenings: Int
    let precision: Precision
    /// Bytes that a network keeps to there; nil without a limit.
    var networkBytes: Int?
    /// Whether weights that have no room there are in the machine's memory.
    var passesWeights = false
  }

  let backend: any Backend
  let location: Location
  let weights: any WeightSource
  let log: Logger
  /// Hears what is being done from now on.
  var report: (EngineStage) -> Void = { _ in }

  var precision: Precision { location.precision }
  /// Whether networks keep to a budget.
  var savesMemory: Bool { location.networkBytes != nil }
}

/// One network on a device: its weights, and its plans for the shapes it was last asked for.
///
/// Weights stay as long as their place does. Plans are found again by whatever makes them different, a few of them, so
/// that requests of two sizes in turn are planned once each.
final class PlannedNetwork {
  /// The most plans kept at once.
  static let mostPlans = 4

  /// For the log, such as `UNet`.
  let name: String
  /// What goes on when it is ready.
  let stage: EngineStage
  /// Weakly: they hold the network for as long as it holds memory.
  private weak var residents: ResidentNetworks?
  private var location: PlanningContext.Location?
  private var weights: (any DeviceWeights)?
  /// The one used last at the end.
  private var plans: [(key: AnyHashable, plan: any Plan, operations: Int, inputs: Set<String>)] = []

  init(_ name: String, for stage: EngineStage, among residents: ResidentNetworks) {
    self.name = name
    self.stage = stage
    self.residents = residents
  }

  /// Bytes of weights in memory.
  private var weightBytes: Int { weights?.byteCount ?? 0 }

  /// Bytes that the process has for it: weights and plans. Working memory is apart.
  var heldBytes: Int {
    plans.reduce(weightBytes) { $0 + $1.plan.keptBytes + $1.operations * ProcessMemory.bytesPerOperation }
  }

  /// Whether it holds memory of a device.
  var isLoaded: Bool { weights != nil || !plans.isEmpty }

  /// Whether it holds plans beside the one used last.
  var hasSparePlans: Bool { plans.count > 1 }

  /// The plan for a key, made by tracing the network if it is not at hand.
  ///
  /// - Parameter key: the shape, and whatever else makes a plan another one.
  func plan(
    for key: some Hashable, _ context: PlanningContext, tracing network: (GraphBuilder) -> [Tensor]
  ) throws -> any Plan {
    if location != context.location { drop() }
    residents?.used(self)
    if let index = plans.firstIndex(where: { $0.key == AnyHashable(key) }) {
      let found = plans.remove(at: index)
      plans.append(found)
      return found.plan
    }
    if plans.count == Self.mostPlans { plans.removeFirst() }
    context.report(.preparing(name))
    defer { context.report(stage) }
    let start = ContinuousClock.now
    let builder = GraphBuilder(precision: context.precision)
    let graph = try builder.finish(network(builder))
    let weights = try loadedWeights(for: graph, context)
    let plan = try context.backend.plan(graph, weights: weights)
    plans.append((key, plan, graph.nodes.count, Set(graph.inputs.map(\.name))))
    context.log.debug(
      "planned a network",
      metadata: [
        "network": "\(name)", "place": "\(context.location.place)", "for": "\(key)",
        "operations": "\(graph.nodes.count)",
        "weights": "\(megabytes(weights.byteCount))", "working memory": "\(megabytes(plan.peakBytes))",
        "milliseconds": "\(Int(start.duration(to: .now) / .milliseconds(1)))",
      ])
    return plan
  }

  /// Which inputs the plan for a key has; nil if there is none.
  func inputs(for key: some Hashable) -> Set<String>? { plans.first { $0.key == AnyHashable(key) }?.inputs }

  /// Has weights ready for a graph with all parameters that later graphs will ask for.
  func prepareWeights(_ context: PlanningContext, tracing network: (GraphBuilder) -> [Tensor]) throws {
    if location != context.location { drop() }
    guard weights == nil else { return }
    let builder = GraphBuilder(precision: context.precision)
    _ = try loadedWeights(for: builder.finish(network(builder)), context)
  }

  private func loadedWeights(for graph: Graph, _ context: PlanningContext) throws -> any DeviceWeights {
    location = context.location
    residents?.used(self)
    let loaded = try weights ?? context.backend.upload(context.weights, for: graph)
    weights = loaded
    return loaded
  }

  /// Reads weights from another source from now on; those of `changed` that are in memory are read anew in their places.
  ///
  /// - Throws: what reading does; then it has let go of everything.
  func reload(_ changed: Set<String>, from source: any WeightSource) throws {
    do {
      try weights?.reload(changed, from: source)
    } catch {
      drop()
      throw error
    }
  }

  /// Lets go of the working memory.
  func dropPlans() { plans = [] }

  /// Lets go of the working memory of all plans but the one used last.
  func dropSparePlans() { plans.removeFirst(max(plans.count - 1, 0)) }

  /// Lets go of everything.
  func drop() {
    plans = []
    weights = nil
    location = nil
    residents?.dropped(self)
  }
}

private func megabytes(_ bytes: Int) -> String { "\(bytes / 1_000_000) MB" }
