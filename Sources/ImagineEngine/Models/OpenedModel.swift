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
  /// Nil for weights that were made on the spot.
  package let checkpoint: Checkpoint?
  package let source: Source
  /// The noise that the model was trained with.
  package let training: NoiseSchedule
  /// What the denoiser's output means.
  package let prediction: PredictionType
  /// The sampler that the model asks for.
  package let method: SamplingMethod

  /// What two openings of the same files have in common; nil for weights that were made on the spot.
  package let identity: Identity?

  package struct Identity: Sendable, Hashable {
    let path: String
    /// Size and time of the last change, of a file that may be replaced.
    let size: Int
    let changed: Date?
  }

  /// Where a model was found.
  package enum Source: Sendable, Hashable {
    case file
    /// Built into the program.
    case demonstration
    /// Made on the spot.
    case synthetic
  }

  /// - Throws: `CheckpointError` and `ModelError` for what cannot be read and what is no model that can be drawn with.
  package convenience init(_ url: URL) throws {
    try self.init(Checkpoint.open(url), name: url.deletingPathExtension().lastPathComponent, .file)
  }

  package static func demonstration() throws -> OpenedModel {
    try OpenedModel(
      Checkpoint.open(permanent: DemoModel.bytes, name: DemoModel.fileName), name: "demonstration", .demonstration)
  }

  private init(_ checkpoint: Checkpoint, name: String, _ source: Source) throws {
    let file = checkpoint.url.lastPathComponent
    let family = try ModelFamily.of(checkpoint.kind, file: "'\(file)'")
    let layout = CheckpointLayout(
      shapes: checkpoint.tensors.mapValues { Shape($0.shape) }, configurations: checkpoint.configs,
      notes: checkpoint.metadata, markers: checkpoint.markers)
    let missing = Component.required.filter { checkpoint[$0] == nil }
    guard missing.isEmpty else {
      throw ModelError(
        .incomplete,
        "'\(file)' holds no \(missing.map { $0.words }.joined(separator: " and no ")): give a complete checkpoint.")
    }
    let model = DiffusionModel(try family.configuration(layout), layout)
    try Self.requireNumbers(checkpoint, for: model)
    weights = checkpoint
    (training, prediction, method) = try Self.sampling(model)
    self.model = model
    self.family = family
    self.name = name
    self.checkpoint = checkpoint
    self.source = source
    identity = Identity(checkpoint.url, source)
  }

  /// A structure with weights made on the spot, for measuring.
  package init(synthetic configuration: ModelConfiguration, family: ModelFamily, name: String) throws {
    (model, weights) = DiffusionModel.synthetic(configuration)
    (training, prediction, method) = try Self.sampling(model)
    self.family = family
    self.name = name
    checkpoint = nil
    source = .synthetic
    identity = nil
  }

  private static func sampling(
    _ model: DiffusionModel
  ) throws -> (training: NoiseSchedule, prediction: PredictionType, method: SamplingMethod) {
    let scheduler = model.scheduler
    guard let method = try? SamplingMethod(sampler: model.defaults.sampler) else {
      throw ModelError(
        .unsupported,
        "The model asks for the sampler \(quoted(model.defaults.sampler)), which this version does not have: use another "
          + "model.")
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
      betaSchedule: betas, betaStart: scheduler.betaStart, betaEnd: scheduler.betaEnd, count: scheduler.trainTimesteps)
    return (training, prediction, method)
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

extension OpenedModel.Identity {
  init(_ url: URL, _ source: OpenedModel.Source) {
    path = source == .file ? url.resolvingSymlinksInPath().path : ""
    let values = source == .file ? try? url.resourceValues(forKeys: [.fileSizeKey, .contentModificationDateKey]) : nil
    size = values?.fileSize ?? 0
    changed = values?.contentModificationDate
  }
}

extension Component {
  /// What a picture cannot be drawn without.
  static let required: [Component] = [.textEncoder, .unet, .vae]

  var words: String {
    switch self {
    case .unet: "UNet"
    case .vae: "autoencoder (VAE)"
    case .textEncoder: "text encoder"
    case .textEncoder2: "second text encoder"
    }
  }
}
