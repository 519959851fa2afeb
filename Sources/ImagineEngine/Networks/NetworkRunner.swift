internal import ImagineGraph
internal import ImagineModels
internal import Logging

/// The networks of one model, or of what goes beside one, run with values from the host on whatever can run them.
///
/// Weights are read and plans made when a network is first needed. What a device cannot do goes down the
/// `FallbackOrder`, network by network; a network stays in the mode it found for as long as it is asked for the same few
/// shapes, and tries anew with another.
final class NetworkRunner {
  /// What a network was asked for when it found its mode.
  private struct Demand: Hashable {
    let shape: NetworkShape, policy: MemoryPolicy
  }

  /// What is said on the way.
  typealias Report = (EngineEvent) -> Void

  private let members: [Network]
  private var weights: any WeightSource
  /// What is merged into them at the moment.
  var adapters: AppliedAdapters
  private let memory: MemorySettings
  let log: Logger
  private let places: ComputePlaces
  private let residents: ResidentNetworks
  /// Of each network for what it was asked for last, the last one at the end: some are asked for two things in turn.
  private var modes: [Network.Role: [(demand: Demand, mode: RunMode)]] = [:]
  private var planned: [Network.Role: PlannedNetwork]
  private let tiled: [Network.Role: TiledNetwork]
  /// Whether the person knows that other models make room for this one.
  private var hasSaidThatOthersGo = false

  init(
    _ opened: any OpenedNetworks, _ settings: EngineSettings, on places: ComputePlaces,
    among residents: ResidentNetworks
  ) {
    members = opened.networks
    weights = opened.weights
    adapters = AppliedAdapters(opened.weights)
    memory = settings.memory
    log = settings.log
    self.places = places
    self.residents = residents
    planned = Dictionary(
      uniqueKeysWithValues: members.map {
        ($0.role, PlannedNetwork($0.name, for: EngineStage($0.role), among: residents))
      })
    tiled = Dictionary(
      uniqueKeysWithValues: members.compactMap { network in
        network.tiling.map {
          (network.role, TiledNetwork($0, network.name, for: EngineStage(network.role), among: residents))
        }
      })
  }

  /// The network of a role; nil if there is none.
  subscript(role: Network.Role) -> Network? { members.first { $0.role == role } }

  /// Runs the network of a role.
  ///
  /// - Parameters:
  ///   - inputs: as `shape` tells; values for several pictures or prompts lie behind each other.
  ///   - report: hears of every step down and of what is being prepared, here and below.
  /// - Throws: `CancellationError`, and what cannot be mended.
  func run(
    _ role: Network.Role, _ shape: NetworkShape, _ inputs: [String: HostTensor], _ policy: MemoryPolicy,
    report: @escaping Report
  ) throws -> [HostTensor] {
    guard let network = self[role], let planned = planned[role] else {
      throw GraphError("there is no network for \(role)")
    }
    var order = FallbackOrder(role: role)
    order.isGuided = shape.rows > 1
    let tiled = tiled[role]
    if memory.tiling != .never, tiled != nil { order.tileableSide = max(shape.height, shape.width) }
    return try fallingBack(order, network, shape, policy, report) { mode, context in
      if let tile = mode.tile, let tiled {
        planned.drop()
        if shape.rows == 1 { return [try tiled.run(inputs, tile: tile, seamless: shape.seamless, context)] }
        let rows = try (0..<shape.rows).map { row in
          try tiled.run(inputs.mapValues { $0.row(row) }, tile: tile, seamless: shape.seamless, context)
        }
        return [HostTensor(joining: rows)]
      }
      tiled?.drop()
      guard mode.splitsGuidance else {
        return try self.run(network, planned, shape, inputs, order, mode, context)
      }
      let rows = try (0..<shape.rows).map { row in
        try self.run(network, planned, shape.with(rows: 1), inputs.mapValues { $0.row(row) }, order, mode, context)
      }
      return rows[0].indices.map { output in HostTensor(joining: rows.map { $0[output] }) }
    }
  }

  private func run(
    _ network: Network, _ planned: PlannedNetwork, _ shape: NetworkShape, _ inputs: [String: HostTensor],
    _ order: FallbackOrder, _ mode: RunMode, _ context: PlanningContext
  ) throws -> [HostTensor] {
    let plan = try planned.plan(for: shape, context) { network.trace(shape, $0) }
    if order.tileableSide != nil { try requireMemory(for: plan, network.name, mode, context.backend) }
    guard case .uses = shape.additions.caching, let needed = planned.inputs(for: shape) else {
      return try plan.run(inputs)
    }
    // Of what is added, much goes into layers that are left out.
    return try plan.run(inputs.filter { needed.contains($0.key) })
  }

  /// The processor's memory is promised before it is there: a plan that needs more than there is would end the process,
  /// not throw.
  private func requireMemory(for plan: any Plan, _ name: String, _ mode: RunMode, _ backend: any Backend) throws {
    guard places.isProcessor(mode.place), let free = memory.free() else { return }
    // What the last run has left is used again.
    let available = free + ((backend as? any MemoryAwareBackend)?.heldWorkingBytes ?? 0)
    guard plan.peakBytes > available else { return }
    throw StageFailure(
      .outOfMemory, "The \(name) needs \(plan.peakBytes >> 20) MiB of memory; \(available >> 20) are free.")
  }

  // MARK: Falling back

  /// Runs a network, going down the order for as long as it fails in a way that something can be done about.
  private func fallingBack(
    _ order: FallbackOrder, _ network: Network, _ shape: NetworkShape, _ policy: MemoryPolicy,
    _ report: @escaping Report, _ run: (RunMode, PlanningContext) throws -> [HostTensor]
  ) throws -> [HostTensor] {
    let role = network.role, demand = Demand(shape: shape, policy: policy)
    var mode = mode(of: role, for: demand)
    while true {
      do {
        if places.isDeviceLost, mode.place == .device { mode = mode.after(.processor) }
        if mode.isAlone || policy.takesTurns { residents.dropOthers(than: networks(of: role)) }
        let results = try run(mode, context(for: mode, policy, report))
        guard results.allSatisfy({ $0.floats.allSatisfy(\.isFinite) }) else {
          throw StageFailure(.notFinite, "The \(network.name) gave values that are no numbers.")
        }
        remember(mode, of: role, for: demand)
        return results
      } catch let failure as any BackendFailure {
        var order = order
        order.otherModelsHoldMemory = residents.hold(otherThan: networks)
        order.othersHoldMemory = residents.hold(otherThan: networks(of: role)) || residents.holdSparePlans
        order.isWide = try places.opened(for: mode).precision == .float32
        order.canPassWeights = places.canPassWeights
        if failure.failure == .outOfMemory, order.canPassWeights {
          order.weightsExceedDevice = try places.weightsExceedDevice(network, shape)
        }
        order.canReopen = places.canReopen
        order.hasProcessor = places.hasProcessor
        guard var fallback = order.fallback(after: failure.failure, from: mode) else { throw failure }
        drop(role)
        if failure.failure == .deviceLost { fallback = recover(by: fallback) }
        if fallback == .otherModels { residents.drop(otherThan: networks) }
        log.debug(
          "going on otherwise",
          metadata: ["network": "\(network.name)", "reason": "\(failure)", "now": "\(fallback)"])
        if let notice = fallback.notice(network.name, after: failure.failure, from: mode), isNews(fallback) {
          report(.notice(notice))
        }
        mode = mode.after(fallback)
      }
    }
  }

  /// Whether the person is to hear of a step down. Models that make room for each other do so at every change.
  private func isNews(_ fallback: Fallback) -> Bool {
    guard fallback == .otherModels else { return true }
    defer { hasSaidThatOthersGo = true }
    return !hasSaidThatOthersGo
  }

  /// Lets go of all that was on the lost device, and opens it again if that is the way on.
  ///
  /// - Returns: the way on; the processor if the device does not come back.
  private func recover(by fallback: Fallback) -> Fallback {
    residents.dropAll()
    if fallback == .reopening, places.reopenDevice() { return fallback }
    places.loseDevice()
    return .processor
  }

  /// Where a network begins: as it ended, if it is asked for the same; else only what does not hang on size is kept.
  private func mode(of role: Network.Role, for demand: Demand) -> RunMode {
    var fresh = RunMode()
    let known = modes[role, default: []]
    if let found = known.first(where: { $0.demand == demand }) { return found.mode }
    if tiled[role] != nil { fresh.tile = demand.policy.tiles[role] }
    fresh.isWide = known.last?.mode.isWide ?? false
    return fresh
  }

  private func remember(_ mode: RunMode, of role: Network.Role, for demand: Demand) {
    modes[role, default: []].removeAll { $0.demand == demand }
    modes[role, default: []].append((demand, mode))
    if modes[role, default: []].count > PlannedNetwork.mostPlans { modes[role]?.removeFirst() }
  }

  private func context(
    for mode: RunMode, _ policy: MemoryPolicy, _ report: @escaping Report
  ) throws -> PlanningContext {
    let (backend, precision) = try places.opened(for: mode)
    let limited = policy.networkBytes.flatMap { (backend as? any MemoryAwareBackend)?.limited(to: $0) }
    return PlanningContext(
      backend: limited ?? backend,
      location: PlanningContext.Location(
        place: mode.place, reopenings: places.reopenings, precision: precision, networkBytes: policy.networkBytes,
        passesWeights: mode.passesWeights),
      weights: weights, log: log, report: { report(.stage($0)) })
  }

  // MARK: Memory

  /// What of it may be in memory.
  var networks: [PlannedNetwork] { members.flatMap { networks(of: $0.role) } }

  /// Those that read prompts.
  var textEncoders: [PlannedNetwork] {
    members.flatMap { if case .textEncoder = $0.role { networks(of: $0.role) } else { [] as [PlannedNetwork] } }
  }

  private func networks(of role: Network.Role) -> [PlannedNetwork] {
    [planned[role]].compactMap { $0 } + (tiled[role]?.networks ?? [])
  }

  /// Lets go of the networks that read prompts.
  func dropTextEncoders() {
    for network in textEncoders { network.drop() }
  }

  /// Reads weights from another source from now on.
  ///
  /// - Parameter changed: the paths whose values differ from those read so far. What of them is in memory is read anew, in
  ///   its place, so that plans stay; a network for which that fails lets go of all its weights.
  func read(_ weights: any WeightSource, changed: Set<String>) throws {
    self.weights = weights
    for network in networks { try network.reload(changed, from: weights) }
  }

  private func drop(_ role: Network.Role) {
    for network in networks(of: role) { network.drop() }
  }
}

extension EngineStage {
  /// What goes on while a network runs.
  init(_ role: Network.Role) {
    self =
      switch role {
      case .textEncoder, .encoder, .features, .imageEncoder, .imagePrompt: .encoding
      case .denoiser, .control: .denoising
      case .decoder: .decoding
      case .upscaler: .upscaling
      }
  }
}

extension HostTensor {
  /// The values of one picture or prompt among several.
  func row(_ index: Int) -> HostTensor {
    let count = shape.count / shape[0], floats = floats
    return HostTensor(shape.replacing(axis: 0, with: 1), Array(floats[index * count..<(index + 1) * count]))
  }

  /// - Parameter rows: one or more, of one shape.
  init(joining rows: [HostTensor]) {
    self.init(rows[0].shape.replacing(axis: 0, with: rows.count), rows.flatMap(\.floats))
  }
}
