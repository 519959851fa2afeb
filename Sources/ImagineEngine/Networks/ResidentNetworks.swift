/// The networks of an engine that are in memory, whichever models they belong to.
///
/// What has to make room for something else is told from here: the least recently used first.
final class ResidentNetworks {
  /// The one used last at the end.
  private var networks: [PlannedNetwork] = []

  /// Bytes of their weights.
  var weightBytes: Int { networks.reduce(0) { $0 + $1.weightBytes } }

  /// Notes that a network is about to be used.
  func used(_ network: PlannedNetwork) {
    if networks.last === network { return }
    networks.removeAll { $0 === network }
    networks.append(network)
  }

  /// Notes that a network has let go of everything.
  func dropped(_ network: PlannedNetwork) { networks.removeAll { $0 === network } }

  /// Whether there are others than these, or plans that are not in use.
  func hold(otherThan kept: [PlannedNetwork]) -> Bool {
    networks.contains { network in network.hasSparePlans || !kept.contains { $0 === network } }
  }

  /// Lets go of all but these, and of their plans that are not in use.
  func dropOthers(than kept: [PlannedNetwork]) {
    for network in networks {
      if kept.contains(where: { $0 === network }) { network.dropSparePlans() } else { network.drop() }
    }
  }

  /// Lets go of networks other than these, the least recently used first, until so many bytes of weights are free.
  ///
  /// - Returns: the bytes that came free.
  @discardableResult
  func makeRoom(_ bytes: Int, keeping kept: [PlannedNetwork]) -> Int {
    var freed = 0
    for network in networks where freed < bytes && !kept.contains(where: { $0 === network }) {
      freed += network.weightBytes
      network.drop()
    }
    return freed
  }

  func dropAll() {
    for network in networks { network.drop() }
  }
}
