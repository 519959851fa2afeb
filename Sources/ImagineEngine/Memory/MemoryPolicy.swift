internal import ImagineGraph
package import ImagineModels

/// How a request uses memory: decided once, before its first plan. The forecast counts by it, and the run goes by it.
package struct MemoryPolicy: Sendable, Hashable {
  /// Bytes that one network should not exceed; nil for no limit.
  package var networkBytes: Int?
  /// Whether the networks make room for each other: each is read again when its turn comes.
  package var takesTurns = false
  /// Whether the text encoders make room once the prompts are read.
  package var releasesTexts = false
  /// Latent positions along one side of a tile, for the autoencoder's networks that do the picture in tiles; others do it as
  /// a whole.
  package var tiles: [Network.Role: Int] = [:]

  package init() {}

  /// Whether the picture is decoded in tiles.
  package var decodesInTiles: Bool { tiles[.decoder] != nil }

  /// Whether networks keep to a budget.
  package var savesMemory: Bool { networkBytes != nil }
}

/// What a request takes, and what there is for it.
struct MemoryRoom {
  /// As if no other model were in memory.
  let forecast: MemoryForecast
  /// Bytes that the process may have in all.
  let availableBytes: Int
}

/// From what sizes on networks do not stay in memory until they are used again, however much there is of it.
package struct LargeNetworks: Sendable, Hashable {
  /// Text encoders of so many bytes are let go once prompts are read: to read them again for the next prompt takes much
  /// less than one step of a model that has such encoders.
  package var textBytes = 1_000_000_000
  /// Denoisers of so many bytes and decoders take turns,
  package var denoiserBytes = 4_000_000_000
  /// where a picture has so many pixels: decoding it takes as much memory as a small model then, and one step longer than to
  /// read the denoiser again for the next picture.
  package var pixels = 768 * 768

  package init() {}
}

/// What a policy is chosen for and by.
struct MemoryChoice {
  let workload: Workload
  let settings: MemorySettings
  /// Nil for a device with memory of its own, of which nothing can be told beforehand.
  let backend: (any MemoryAwareBackend)?
  let precision: Precision
  /// Bytes that the process has for networks, which this request can use or do without.
  let heldBytes: Int
  /// Those of them that it can use.
  let ownBytes: Int

  /// Bytes that this process could have without what it holds for networks.
  private var free: Int? { settings.free().map { $0 + heldBytes } }

  /// What a request is drawn by.
  ///
  /// Counting takes as long as planning, so that it is left out where there is far more than can be needed.
  /// - Throws: `EngineError` with code `outOfMemory` if it would certainly not fit.
  /// - Returns: with what it takes, other models apart; nil where nobody counted.
  func settled(notify: (EngineNotice) -> Void) throws -> (policy: MemoryPolicy, room: MemoryRoom?) {
    guard let backend, !settings.ignoresMemory, let now = settings.free(), now + ownBytes < plenty else {
      return (settings.use == .little ? try saving() : usual(), nil)
    }
    // What is held for networks is as good as free.
    let free = now + heldBytes, program = program
    let full = try settings.use == .little ? nil : fullForecast(backend)
    let fits = full.map { $0.peakBytes - program <= free } ?? false
    let low = try fits || settings.use == .usual ? nil : forecast(saving(), backend)
    let decision = MemoryDecision(
      full: full.map { $0.peakBytes - program }, low: low.map { $0.peakBytes - program }, free: free,
      advice: precision == .float32 ? [.bfloat16] : [])
    if let refusal = decision.refusal { throw refusal }
    if let notice = decision.notice { notify(notice) }
    if !decision.savesMemory, let full { for notice in noticesOfTiles(full) { notify(notice) } }
    let forecast = decision.savesMemory ? low : full
    return (
      forecast?.policy ?? usual(), forecast.map { MemoryRoom(forecast: $0, availableBytes: program + free) }
    )
  }

  /// What drawing a request would take, as it would be drawn now.
  ///
  /// - Throws: `EngineError` for a device of whose memory nothing is known.
  func estimate() throws -> (forecast: MemoryForecast, freeBytes: Int?) {
    guard let backend else {
      throw EngineError(
        .invalidRequest, "Nothing is known of this device's memory: choose the processor for an estimate.",
        remedies: [.processor])
    }
    if settings.use == .little { return (try forecast(saving(), backend), free) }
    let full = try fullForecast(backend)
    guard settings.use == .automatic, !settings.ignoresMemory, let free, full.peakBytes - program > free else {
      return (full, free)
    }
    let low = try forecast(saving(), backend)
    return (low.peakBytes < full.peakBytes ? low : full, free)
  }

  // MARK: Policies

  private func usual() -> MemoryPolicy {
    var policy = MemoryPolicy()
    if backend != nil {
      policy.releasesTexts = bytes { if case .textEncoder = $0 { true } else { false } } > settings.large.textBytes
      policy.takesTurns = bytes { $0 == .denoiser } > settings.large.denoiserBytes && pixels >= settings.large.pixels
    }
    if settings.tiling == .always { for role in tileableRoles { policy.tiles[role] = FallbackOrder.modestTile } }
    return policy
  }

  private func saving() throws -> MemoryPolicy {
    var policy = usual()
    policy.networkBytes = settings.networkBytes
    policy.takesTurns = true
    if settings.tiling == .automatic { for role in tileableRoles { policy.tiles[role] = try savingTile(role) } }
    return policy
  }

  /// As usual; in tiles where the decoder, the encoder or both do not fit beside what is held.
  private func fullForecast(_ backend: any MemoryAwareBackend) throws -> MemoryForecast {
    var best = try forecast(usual(), backend)
    guard settings.tiling == .automatic, let free else { return best }
    // One's working memory may stand in the way of what tiles of the other would save.
    let roles = tileableRoles, ways = roles.map { [$0] } + (roles.count > 1 ? [roles] : [])
    for way in ways where best.peakBytes - program > free {
      var policy = usual()
      for role in way { policy.tiles[role] = largest(role).flatMap(firstTile) }
      guard !policy.tiles.isEmpty else { continue }
      let tiled = try forecast(policy, backend)
      if tiled.peakBytes < best.peakBytes { best = tiled }
    }
    return best
  }

  /// What a network that does not fit as a whole would begin with.
  private func firstTile(_ entry: Workload.Entry) -> Int? {
    var order = FallbackOrder(role: entry.network.role)
    order.tileableSide = max(entry.shape.height, entry.shape.width)
    guard case .tiles(let size) = order.fallback(after: .outOfMemory, from: RunMode()) else { return nil }
    return size
  }

  /// That a picture is done in tiles for want of memory is said as if it had been tried as a whole.
  private func noticesOfTiles(_ forecast: MemoryForecast) -> [EngineNotice] {
    guard settings.tiling == .automatic else { return [] }
    return tileableRoles.compactMap { role in
      guard let tile = forecast.policy.tiles[role], let entry = largest(role) else { return nil }
      return Fallback.tiles(tile).notice(entry.network.name, after: .outOfMemory, from: RunMode())
    }
  }

  /// The largest tiles with which a network keeps to the budget, in latent positions; nil if it does with the whole picture,
  /// which is much faster.
  private func savingTile(_ role: Network.Role) throws -> Int? {
    guard let entry = largest(role), let tiling = entry.network.tiling else { return nil }
    guard let backend = backend?.limited(to: settings.networkBytes) else { return FallbackOrder.modestTile }
    let whole = try backend.memoryNeeds(of: entry.network.graph(entry.shape, precision), weights: entry.weights)
    if whole.peakBytes <= settings.networkBytes { return nil }
    let side = max(entry.shape.height, entry.shape.width)
    for tile in FallbackOrder.tileSizes where tile > FallbackOrder.modestTile && tile < side {
      let tiled = try tiling.tiledNeeds(
        entry.shape, tile: tile, entry.weights, backend, precision, dropsSections: true)
      if tiled.needs.peakBytes + tiled.hostBytes <= settings.networkBytes { return tile }
    }
    return FallbackOrder.modestTile
  }

  // MARK: Facts

  private func forecast(_ policy: MemoryPolicy, _ backend: any MemoryAwareBackend) throws -> MemoryForecast {
    try MemoryForecast(workload, policy, backend, precision, program: program)
  }

  /// Bytes that the process has without networks.
  private var program: Int { settings.resident().map { max($0 - heldBytes, 0) } ?? ProcessMemory.usualBytes }

  /// The networks of the request that can do pictures in tiles.
  private var tileableRoles: [Network.Role] {
    [.encoder, .decoder].filter { largest($0)?.network.tiling != nil }
  }

  /// The run of a network with the largest picture.
  private func largest(_ role: Network.Role) -> Workload.Entry? {
    workload.entries.filter { $0.network.role == role }.max { $0.positions < $1.positions }
  }

  /// Bytes of the weights of networks of some roles, as most files store them.
  private func bytes(of isCounted: (Network.Role) -> Bool) -> Int {
    workload.networks.reduce(0) { $0 + (isCounted($1.network.role) ? $1.parameterCount * 2 : 0) }
  }

  /// Of the picture.
  private var pixels: Int { pixels(.decoder) }

  /// Of the largest picture that a network makes or reads.
  private func pixels(_ role: Network.Role) -> Int {
    guard let entry = largest(role) else { return 0 }
    let reduction = entry.network.tiling?.reduction ?? 8
    return entry.positions * reduction * reduction
  }

  /// Bytes that are enough for any request of a size, by a wide margin: weights as 32-bit floats, and more for each pixel
  /// than any network needs.
  private var plenty: Int {
    let weights = workload.networks.reduce(0) { $0 + $1.parameterCount } * 4
    return weights * 5 / 4 + max(pixels, pixels(.encoder)) * 6000 + 500_000_000
  }
}

extension Workload.Entry {
  /// Latent positions of the picture.
  fileprivate var positions: Int { shape.height * shape.width }

  /// Parameters of the network's weights.
  fileprivate var parameterCount: Int { network.parameters.values.reduce(0) { $0 + $1.count } }
}
