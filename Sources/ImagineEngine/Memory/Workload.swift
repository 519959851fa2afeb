package import ImagineGraph
package import ImagineModels

/// The networks that a request runs, in order, each once.
package struct Workload: Sendable {
  package struct Entry: Sendable {
    package let network: Network
    package let weights: any WeightSource
    package let shape: NetworkShape
  }

  package var entries: [Entry] = []

  package init() {}

  package mutating func add(_ role: Network.Role, of model: OpenedModel, _ shape: NetworkShape) {
    guard let network = model.model[role] else { return }
    entries.append(Entry(network: network, weights: model.weights, shape: shape))
  }
}
