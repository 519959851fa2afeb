package import ImagineGraph
internal import Synchronization

/// A backend that computes as another does and fails as it is told.
package final class FailingBackend: Backend {
  /// A graph that is about to be planned or run.
  package struct Call: Sendable {
    package let graph: Graph
    /// Networks whose weights are loaded at the moment, this one among them.
    package let loadedNetworks: Int
    /// Runs of this backend so far.
    package let runs: Int
    /// What it is about to be run with; nothing while it is planned.
    package var inputs: [String: HostTensor] = [:]

    package func has(_ input: String) -> Bool { graph.inputs.contains { $0.name == input } }
    package var isText: Bool { has("ids") }
    package var isUNet: Bool { has("timestep") }
    /// The decoder on the whole picture.
    package var isWholeDecoder: Bool { has("latents") && !isUNet && graph.outputShape.last == 3 }
    /// A part of the decoder on a tile, or its beginning.
    package var isTiledDecoder: Bool { !isText && !isUNet && !isWholeDecoder && !isEncoder }
    /// The encoder, or a part of it.
    package var isEncoder: Bool { graph.nodes.contains { $0.scope.hasPrefix("vae.encoder.") } }
    /// The encoder on the whole picture.
    package var isWholeEncoder: Bool { has("pixels") }
    /// Images at once.
    package var batch: Int { graph.inputs.first { $0.name == "latents" || $0.name == "x" }?.type.shape[0] ?? 0 }
    /// Whether any value is wider than the result of the last section's windows may be.
    package var longestSide: Int {
      graph.nodes.filter { $0.type.shape.rank == 4 }.map { max($0.type.shape[1], $0.type.shape[2]) }.max() ?? 0
    }
    package var computesIn32Bits: Bool { !graph.nodes.contains { $0.type.elementType == .bfloat16 } }
  }

  package enum Fault { case failure(BackendFailureKind), notANumber }

  package struct Failure: BackendFailure, CustomStringConvertible {
    package let failure: BackendFailureKind
    package var description: String { "A failure for the test: \(failure)." }
  }

  fileprivate struct State {
    var plans: [Call] = []
    var runs = 0
    var loaded: [ObjectIdentifier: Int] = [:]
  }

  private let base: any Backend
  private let onPlan: @Sendable (Call) -> BackendFailureKind?
  private let onRun: @Sendable (Call) -> Fault?
  fileprivate let state = Mutex(State())

  package init(
    _ base: any Backend, onPlan: @escaping @Sendable (Call) -> BackendFailureKind? = { _ in nil },
    onRun: @escaping @Sendable (Call) -> Fault? = { _ in nil }
  ) {
    self.base = base
    self.onPlan = onPlan
    self.onRun = onRun
  }

  /// Everything that was to be planned, also what failed.
  package var plans: [Call] { state.withLock { $0.plans } }
  /// Networks whose weights are loaded at the moment.
  package var loadedNetworks: Int { state.withLock { $0.loaded.count } }
  package var runs: Int { state.withLock { $0.runs } }

  package func supports(_ op: Op, _ operands: [TensorType]) -> Bool { base.supports(op, operands) }

  package func upload(_ weights: any WeightSource, for graph: Graph) throws -> any DeviceWeights {
    FailingWeights(try base.upload(weights, for: graph), self)
  }

  package func plan(_ graph: Graph, weights: any DeviceWeights) throws -> any Plan {
    guard let weights = weights as? FailingWeights, weights.owner === self else { throw Failure(failure: .other) }
    let call = state.withLock { state in
      state.loaded[ObjectIdentifier(weights)] = 1
      let call = Call(graph: graph, loadedNetworks: state.loaded.count, runs: state.runs)
      state.plans.append(call)
      return call
    }
    if let failure = onPlan(call) { throw Failure(failure: failure) }
    return FailingPlan(try base.plan(graph, weights: weights.base), graph, weights)
  }

  fileprivate func run(_ plan: any Plan, _ graph: Graph, _ inputs: [String: HostTensor]) throws -> [HostTensor] {
    let call = state.withLock { state in
      state.runs += 1
      return Call(graph: graph, loadedNetworks: state.loaded.count, runs: state.runs, inputs: inputs)
    }
    switch onRun(call) {
    case nil: return try plan.run(inputs)
    case .failure(let failure): throw Failure(failure: failure)
    case .notANumber:
      return try plan.run(inputs).map { result in
        var values = result.floats
        if !values.isEmpty { values[values.count / 2] = .nan }
        return HostTensor(result.shape, values)
      }
    }
  }
}

private final class FailingWeights: DeviceWeights {
  let base: any DeviceWeights
  let owner: FailingBackend

  init(_ base: any DeviceWeights, _ owner: FailingBackend) {
    self.base = base
    self.owner = owner
  }

  func reload(_ changed: Set<String>, from source: any WeightSource) throws { try base.reload(changed, from: source) }

  deinit { owner.state.withLock { state in state.loaded[ObjectIdentifier(self)] = nil } }

  var byteCount: Int { base.byteCount }
}

private final class FailingPlan: Plan {
  private let base: any Plan
  private let graph: Graph
  private let weights: FailingWeights

  init(_ base: any Plan, _ graph: Graph, _ weights: FailingWeights) {
    self.base = base
    self.graph = graph
    self.weights = weights
  }

  var peakBytes: Int { base.peakBytes }

  func run(_ inputs: [String: HostTensor]) throws -> [HostTensor] { try weights.owner.run(base, graph, inputs) }
}

extension Graph {
  fileprivate var outputShape: Shape { outputs.first.map { self[$0].type.shape } ?? [] }
}
