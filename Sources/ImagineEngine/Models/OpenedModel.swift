package import Foundation
package import ImagineCheckpoint
internal import ImagineDemoModel
package import ImagineGraph
package import ImagineModels
package import ImagineSampling

/// The networks of a model, with where their weights come from.
///
/// Whatever could make drawing fail is checked when it is made, weights excepted that are missing or misshapen: those are
/// for a report to list.
package final class OpenedModel: Sendable {
  package let weights: any WeightSource
  package let model: DiffusionModel
  package let family: ModelFamily
  /// A short name, for metadata.
  package let name: String
  /// The file that its autoencoder comes from in place of its own; nil if it has its own.
  package let vaeName: String?
  /// Nil for weights that were made on the spot.
  package let checkpoint: Checkpoint?
  package let source: Source
  /// How the model sees noise.
  package let sampling: ModelSampling
  /// The sampler that the model asks for.
  package let method: SamplingMethod

  /// What two openings of the same files have in common; nil for weights that were made on the spot.
  package let identity: Identity?

  /// The adapters that it was drawn with.
  package let adapters: ModelAdapters

  /// Where a model was found.
  package enum Source: Sendable, Hashable {
    case file
    /// Built into the program.
    case demonstration
    /// Made on the spot.
    case synthetic
  }

  /// - Throws: `CheckpointError` and `ModelError` for what cannot be read and what is no model that can be drawn with.
  package convenience init(_ url: URL) throws { try self.init(ModelSources(url)) }

  /// - Throws: as for a single file.
  package convenience init(_ sources: ModelSources) throws {
    try self.init(Checkpoint.open(sources.model, parts: sources.parts), sources, .file)
  }

  package static func demonstration() throws -> OpenedModel {
    try OpenedModel(
      Checkpoint.open(permanent: DemoModel.bytes, name: DemoModel.fileName),
      ModelSources(URL(filePath: "demonstration")), .demonstration)
  }

  private init(_ checkpoint: Checkpoint, _ files: ModelSources, _ source: Source) throws {
    vaeName = files.parts[.vae]?.lastPathComponent
    let name = files.name, file = checkpoint.url.lastPathComponent
    let family = try ModelFamily.of(checkpoint.kind, file: "'\(file)'")
    try Self.requireUsed(files.parts, by: family)
    let layout = CheckpointLayout(
      shapes: checkpoint.tensors.mapValues { Shape($0.shape) }, configurations: checkpoint.configs,
      notes: checkpoint.metadata, markers: checkpoint.markers, markerValues: checkpoint.markerValues)
    let missing = family.components.filter { checkpoint[$0] == nil }
    guard missing.isEmpty else {
      throw ModelError(
        .incomplete,
        "'\(file)' holds no \(missing.map(\.networkName).joined(separator: " and no ")): give a complete checkpoint, or "
          + "name the missing part's own file.")
    }
    var hints = ModelHints()
    hints.name = name
    hints.prediction = files.prediction
    hints.values = { checkpoint.values(of: $0) }
    let configuration = try family.configuration(layout, hints)
    let model = DiffusionModel(configuration, layout)
    try Self.requireNumbers(checkpoint, for: model)
    weights = checkpoint
    (sampling, method) = try Self.sampling(model)
    self.model = model
    adapters = ModelAdapters(model)
    self.family = family
    self.name = name
    self.checkpoint = checkpoint
    self.source = source
    identity = Identity(checkpoint, configuration)
  }

  /// A structure with weights made on the spot, for measuring.
  package init(synthetic structure: SyntheticStructure, name: String) throws {
    (model, weights) = DiffusionModel.synthetic(structure)
    (sampling, method) = try Self.sampling(model)
    adapters = ModelAdapters(model)
    family = structure.family
    self.name = name
    vaeName = nil
    checkpoint = nil
    source = .synthetic
    identity = nil
  }

  private static func sampling(
    _ model: DiffusionModel
  ) throws -> (sampling: ModelSampling, method: SamplingMethod) {
    var (sampling, method) = try noise(of: model)
    if let levels = AlignedLevels(rawValue: model.scheduler.alignedSteps) { sampling.alignedLevels = levels }
    return (sampling, method)
  }

  private static func noise(
    of model: DiffusionModel
  ) throws -> (sampling: ModelSampling, method: SamplingMethod) {
    let scheduler = model.scheduler, defaults = model.defaults
    guard let method = try? SamplingMethod(sampler: defaults.sampler, schedule: defaults.schedule) else {
      let name = [defaults.sampler, defaults.schedule].compactMap { $0 }.joined(separator: " ")
      throw ModelError(
        .unsupported,
        "The model asks for the sampler \(quoted(name)), which this version does not have: use another model.")
    }
    if let edm = scheduler.edm, let prediction = PredictionType(rawValue: scheduler.predictionType) {
      let noise = try EDMNoise(sigmaMin: edm.sigmaMin, sigmaMax: edm.sigmaMax, sigmaData: edm.sigmaData)
      return (ModelSampling(noise, prediction: prediction), method)
    }
    guard let betas = NoiseSchedule.BetaSchedule(rawValue: scheduler.betaSchedule),
      let prediction = PredictionType(rawValue: scheduler.predictionType)
    else {
      throw ModelError(
        .unsupported,
        "The model's noise \(quoted(scheduler.betaSchedule)) or prediction \(quoted(scheduler.predictionType)) is not one "
          + "this version knows: use another model.")
    }
    let training = try NoiseSchedule(
      betaSchedule: betas, betaStart: scheduler.betaStart, betaEnd: scheduler.betaEnd, count: scheduler.trainTimesteps,
      zeroTerminalSNR: scheduler.hasZeroTerminalSNR)
    return (ModelSampling(training, prediction: prediction), method)
  }

  /// A network that the person names and the family does not have would be left out without a word.
  private static func requireUsed(_ parts: [Component: URL], by family: ModelFamily) throws {
    let other = parts.keys.filter { !family.components.contains($0) }.min { $0.rawValue < $1.rawValue }
    guard let other, let url = parts[other] else { return }
    throw ModelError(
      .unsupported,
      "A model of \(family.name) has no \(other.networkName) such as \(quoted(url.lastPathComponent)): leave that file out."
    )
  }

  /// What a person who draws with the model should know of its files.
  var notices: [EngineNotice] {
    (checkpoint?.extraTokens ?? [:]).sorted { $0.key.rawValue < $1.key.rawValue }.map { component, count in
      EngineNotice(
        .model,
        "The \(component.networkName) of \(name) has \(count) tokens beside its vocabulary, of textual inversions that were "
          + "saved into it: no prompt of this version can name them.")
    }
  }

  /// Weights are floats, or a format with a scale; whole numbers alone are a way of storing that this version does not know.
  private static func requireNumbers(_ checkpoint: Checkpoint, for model: DiffusionModel) throws {
    let strange = checkpoint.tensors.values.filter { tensor in
      tensor.holdsPlainIntegers && model.parameters[tensor.name] != nil
    }
    guard let first = strange.min(by: { $0.name < $1.name }) else { return }
    throw ModelError(
      .unsupported,
      "'\(checkpoint.url.lastPathComponent)' stores \(strange.count) weights as whole numbers (\(quoted(first.source)) as "
        + "\(first.dataType.rawValue)): use a float16, bfloat16 or float32 version of the model.")
  }
}

extension Checkpoint {
  /// The values of a weight; nil if it is not there or cannot be read.
  fileprivate func values(of path: String) -> [Float]? {
    guard let count = tensors[path]?.elementCount, count <= 1 << 20 else { return nil }
    var values = [Float](repeating: 0, count: count)
    let isRead: Void? = try? values.withUnsafeMutableBytes { try read(path, as: .float32, into: $0) }
    return isRead == nil ? nil : values
  }
}
