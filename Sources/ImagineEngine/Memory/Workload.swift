package import ImagineGraph
package import ImagineModels

/// The networks that a request runs, in order, each once for every shape.
package struct Workload: Sendable {
  package struct Entry: Sendable {
    /// Which network it is, whatever its shape: weights are in memory once for all of them.
    struct Identity: Hashable {
      let model: ObjectIdentifier
      let role: Network.Role
    }

    let identity: Identity
    package let network: Network
    package let weights: any WeightSource
    package let shape: NetworkShape
  }

  package var entries: [Entry] = []

  package init() {}

  package mutating func add(_ role: Network.Role, of model: any OpenedNetworks, _ shape: NetworkShape) {
    guard let network = model.networks.first(where: { $0.role == role }) else { return }
    let identity = Entry.Identity(model: ObjectIdentifier(model), role: role)
    entries.append(Entry(identity: identity, network: network, weights: model.weights, shape: shape))
  }

  /// The first run of every network.
  var networks: [Entry] {
    var known: Set<Entry.Identity> = []
    return entries.filter { known.insert($0.identity).inserted }
  }
}
