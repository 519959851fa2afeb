/// The networks of an engine that are in memory, whichever models they belong to.
///
/// What has to make room for something else is told from here: the least recently used first.
final class ResidentNetworks {
  /// The one used last at the end.
  private var networks: [PlannedNetwork] = []

  /// Whether any was ever planned.
  private var hasPlanned = false

  /// Bytes that the process has for them, and for what came with the first of them. Working memory is apart.
  var heldBytes: Int { heldBytes(otherThan: []) + (hasPlanned ? ProcessMemory.bytesOfDrawing : 0) }

  /// Bytes that the process has for all but these.
  func heldBytes(otherThan kept: [PlannedNetwork]) -> Int {
    networks.reduce(0) { sum, network in kept.contains { $0 === network } ? sum : sum + network.heldBytes }
  }

  /// Notes that a network is about to be used.
  func used(_ network: PlannedNetwork) {
    hasPlanned = true
    if networks.last === network { return }
    networks.removeAll { $0 === network }
    networks.append(network)
  }

  /// Notes that a network has let go of everything.
  func dropped(_ network: PlannedNetwork) { networks.removeAll { $0 === network } }

  /// Whether any but these hold memory.
  func hold(otherThan kept: [PlannedNetwork]) -> Bool {
    networks.contains { network in network.isLoaded && !kept.contains { $0 === network } }
  }

  /// Whether any holds plans that are not in use.
  var holdSparePlans: Bool { networks.contains(where: \.hasSparePlans) }

  /// Lets go of all but these.
  func drop(otherThan kept: [PlannedNetwork]) {
    for network in networks where !kept.contains(where: { $0 === network }) { network.drop() }
  }

  /// Lets go of all but these, and of their plans that are not in use.
  func dropOthers(than kept: [PlannedNetwork]) {
    drop(otherThan: kept)
    for network in networks { network.dropSparePlans() }
  }

  /// Lets go of networks other than these, the least recently used first, until so many bytes are free.
  ///
  /// - Returns: the bytes that came free.
  @discardableResult
  func makeRoom(_ bytes: Int, keeping kept: [PlannedNetwork]) -> Int {
    var freed = 0
    for network in networks where freed < bytes && !kept.contains(where: { $0 === network }) {
      freed += network.heldBytes
      network.drop()
    }
    return freed
  }

  func dropAll() {
    for network in networks { network.drop() }
  }
}
