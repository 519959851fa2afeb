package import ImagineGraph
package import ImagineModels

/// The networks that a request runs, in order, once for each size.
package struct Workload: Sendable {
  package struct Entry: Sendable {
    package let network: Network
    package let weights: any WeightSource
    package let shape: NetworkShape
    /// What tells a network from one of another model: runs of one share its weights.
    let identity: Identity

    struct Identity: Hashable {
      let model: ObjectIdentifier, role: Network.Role
    }
  }

  package var entries: [Entry] = []

  package init() {}

  package mutating func add(_ role: Network.Role, of model: OpenedModel, _ shape: NetworkShape) {
    guard let network = model.model[role] else { return }
    entries.append(
      Entry(
        network: network, weights: model.weights, shape: shape,
        identity: Entry.Identity(model: ObjectIdentifier(model), role: role)))
  }
}
