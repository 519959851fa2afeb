package import Foundation
internal import ImagineCheckpoint
internal import ImagineGraph
package import ImagineModels

/// A ControlNet or a T2I-Adapter, opened to guide a model by a picture.
package struct OpenedControl: Sendable {
  package enum Kind: Sendable, Hashable {
    case controlNet(ControlNetModel.Configuration)
    case t2iAdapter(T2IAdapter.Configuration)
  }

  package let part: OpenedPart
  package let kind: Kind
  /// What a person who draws with it should know of its file.
  package let notices: [EngineNotice]

  /// Pixels that sizes have to be multiples of.
  var sizeStep: Int {
    switch kind {
    case .controlNet: 1
    case .t2iAdapter(let configuration): configuration.reduction
    }
  }
}

extension OpenedControl {
  /// - Throws: `CheckpointError` and `ModelError` for what cannot be read, what is neither, what was made for another family
  ///   of models, and what is not complete.
  package init(_ url: URL, beside model: OpenedModel, on engine: ModelEngine) throws {
    let checkpoint = try PartCheckpoint.open(url, as: [.controlNet, .t2iAdapter])
    let base = PartBase(model.model, configurations: model.checkpoint?.configs ?? [:])
    let (opening, kind) =
      try checkpoint.kind == .t2iAdapter
      ? Self.t2iAdapter(checkpoint, base, reduction: model.model.latent.reduction)
      : Self.controlNet(checkpoint, base, model)
    self.init(part: engine.shared(opening.part), kind: kind, notices: opening.notices)
  }

  private static func t2iAdapter(
    _ checkpoint: PartCheckpoint, _ base: PartBase, reduction: Int
  ) throws -> (OpenedPart.Opening, Kind) {
    let configuration = try T2IAdapter.Configuration(checkpoint.shapes, own: checkpoint.configuration)
    try configuration.requireFit(base, name: checkpoint.name)
    let opening = try OpenedPart.Opening(checkpoint, structure: configuration) {
      .t2iAdapter(T2IAdapter($0, configuration), reduction: reduction)
    }
    return (opening, .t2iAdapter(configuration))
  }

  private static func controlNet(
    _ checkpoint: PartCheckpoint, _ base: PartBase, _ model: OpenedModel
  ) throws -> (OpenedPart.Opening, Kind) {
    let weights = try ControlNetWeights(checkpoint, beside: model), shapes = weights.wholeShapes
    let configuration = try ControlNetModel.Configuration(
      shapes, own: checkpoint.configuration, name: checkpoint.name, base: base)
    try base.requireFit(shapes, configuration, name: checkpoint.name)
    guard configuration.hintReduction == model.model.latent.reduction else {
      throw ModelError(
        .unsupported,
        "The ControlNet \(quoted(checkpoint.name)) looks at pictures \(configuration.hintReduction) times as large as "
          + "latents, and the model's are \(model.model.latent.reduction) times as large: use another one.")
    }
    let opening = try OpenedPart.Opening(checkpoint, weights, shapes, structure: configuration, beside: model) {
      .controlNet(ControlNetModel($0, configuration))
    }
    return (opening, .controlNet(configuration))
  }
}

extension ControlNetWeights {
  /// The weights of a file, which may be a difference to the model's.
  fileprivate init(_ checkpoint: PartCheckpoint, beside model: OpenedModel) throws {
    let form: Form =
      checkpoint.markers.contains("lora_controlnet")
      ? .lora : checkpoint.markers.contains("difference") ? .difference : .whole
    self.init(
      checkpoint, checkpoint.shapes, base: model.weights,
      model.model.parameters.filter { $0.key.hasPrefix("unet.") }, form)
    let stray = strayFactors
    guard let first = stray.first else { return }
    throw ModelError(
      .unsupported,
      "\(stray.count) factors of the Control-LoRA \(quoted(checkpoint.name)) are of no weight of the model, such as "
        + "\(quoted(first)): use one that was made for the model.")
  }
}

extension PartCheckpoint {
  /// A short name, for metadata and messages.
  var name: String {
    let place = url.standardizedFileURL
    return place.hasDirectoryPath ? place.lastPathComponent : place.deletingPathExtension().lastPathComponent
  }
}

extension OpenedPart {
  /// A network and what its file holds beside its weights.
  struct Opening {
    let part: OpenedPart
    let notices: [EngineNotice]

    /// A network whose weights a file has as they are.
    ///
    /// - Throws: `ModelError` if weights are missing or misshapen.
    init(_ checkpoint: PartCheckpoint, structure: some Hashable, network: (Weights) -> Network) throws {
      try self.init(
        checkpoint, checkpoint, checkpoint.shapes, structure: structure, beside: nil, network: network)
    }

    /// - Parameters:
    ///   - shapes: of the weights, by path.
    ///   - structure: of the network, which may depend on the model it is beside.
    ///   - model: whose weights are in those, too; nil for none.
    /// - Throws: `ModelError` if weights are missing or misshapen.
    init(
      _ checkpoint: PartCheckpoint, _ weights: any WeightSource, _ shapes: [String: Shape],
      structure: some Hashable, beside model: OpenedModel?, network: (Weights) -> Network
    ) throws {
      let inventory = WeightInventory(shapes)
      let built = network(Weights(inventory, path: checkpoint.kind.root)).reading(inventory.requested)
      let problems = inventory.report.missing.map { "\($0) is missing" } + inventory.report.misshapen
      if let first = problems.first {
        throw ModelError(
          .incomplete,
          "The \(checkpoint.kind.description) \(quoted(checkpoint.name)) lacks \(problems.count) weights, or has them in other "
            + "shapes (\(first)): download it again.")
      }
      let files = checkpoint.shares.union(model?.checkpoint?.shares ?? [])
      part = OpenedPart(
        checkpoint.name, [built], weights, identity: Identity(files, for: "\(checkpoint.kind) \(structure)"))
      let unused = inventory.report.unused.map { checkpoint.tensors[$0]?.source ?? $0 } + checkpoint.unrecognised
      notices = EngineNotice.unused(unused, in: checkpoint.name)
    }
  }
}

extension EngineNotice {
  /// Tensors of a file that mean nothing here; none for most files.
  fileprivate static func unused(_ names: [String], in file: String) -> [EngineNotice] {
    guard let first = names.first else { return [] }
    return [
      EngineNotice(
        .model,
        "\(names.count) tensors of \(quoted(file)) are of no part of it that this version knows, such as \(quoted(first)): "
          + "they are left out.")
    ]
  }
}
