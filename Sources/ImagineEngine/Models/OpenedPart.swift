package import ImagineCheckpoint
package import ImagineGraph
package import ImagineModels

/// Files opened, with the networks in them: a model, or what goes beside one.
package protocol OpenedNetworks: AnyObject, Sendable {
  var networks: [Network] { get }
  var weights: any WeightSource { get }
}

extension OpenedModel: OpenedNetworks {
  package var networks: [Network] { model.networks }
}

/// Something with networks of its own that goes beside a model: a ControlNet, an adapter, an upscaler.
package final class OpenedPart: OpenedNetworks {
  package let networks: [Network]
  package let weights: any WeightSource
  /// A short name, for metadata and messages.
  package let name: String
  /// What two openings of the same files have in common; nil for weights that were made on the spot.
  package let identity: Identity?

  /// The very files, as they were when they were opened, and what they were opened as.
  package struct Identity: Sendable, Hashable {
    private let files: Set<Checkpoint.Share>
    private let purpose: String

    package init(_ files: Set<Checkpoint.Share>, for purpose: String) {
      self.files = files
      self.purpose = purpose
    }
  }

  package init(_ name: String, _ networks: [Network], _ weights: any WeightSource, identity: Identity?) {
    self.name = name
    self.networks = networks
    self.weights = weights
    self.identity = identity
  }
}
