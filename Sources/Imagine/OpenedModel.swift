internal import Foundation
internal import ImagineCheckpoint
internal import ImagineDemoModel
internal import ImagineGraph
internal import ImagineModels
internal import ImagineSampling

/// The networks of a model, with where their weights come from.
///
/// Whatever could make drawing fail is checked when it is made, weights excepted that are missing or misshapen: those are
/// for the report to list.
struct OpenedModel {
  let weights: any WeightSource
  let model: StableDiffusionModel
  let report: ModelReport
  /// Whether there is a file, rather than bytes in the program or numbers made on the spot.
  private(set) var hasFile = false
  /// How the model sees noise.
  let sampling: ModelSampling
  /// The sampler that the model asks for.
  let sampler: Sampler
  /// The schedule that the model asks for; nil for the sampler's own.
  let schedule: Schedule?

  init(_ url: URL) throws {
    try self.init(Checkpoint.open(url), name: url.deletingPathExtension().lastPathComponent, isDemonstration: false)
    hasFile = true
  }

  static func demonstration() throws -> OpenedModel {
    try OpenedModel(
      Checkpoint.open(permanent: DemoModel.bytes, name: DemoModel.fileName), name: "demonstration",
      isDemonstration: true)
  }

  private init(_ checkpoint: Checkpoint, name: String, isDemonstration: Bool) throws {
    let family = try ModelFamily.of(checkpoint.kind, file: "'\(checkpoint.url.lastPathComponent)'")
    let layout = CheckpointLayout(
      shapes: checkpoint.tensors.mapValues { Shape($0.shape) }, configurations: checkpoint.configs,
      notes: checkpoint.metadata, markers: checkpoint.markers)
    let missing = Component.required.filter { checkpoint[$0] == nil }
    guard missing.isEmpty else {
      throw ModelError(
        .incomplete,
        "'\(checkpoint.url.lastPathComponent)' holds no \(missing.map { $0.words }.joined(separator: " and no ")): "
          + "give a complete checkpoint.")
    }
    let model = StableDiffusionModel(try family.configuration(layout), layout)
    try Self.requireNumbers(checkpoint, for: model)
    weights = checkpoint
    report = ModelReport(
      checkpoint, family: family, weights: model.report, name: name, isDemonstration: isDemonstration)
    (sampling, sampler, schedule) = try Self.sampling(model.configuration)
    self.model = model
  }

  /// A structure with weights made on the spot, for measuring.
  init(_ structure: Benchmark.Structure) throws {
    let (model, weights) = StableDiffusionModel.synthetic(structure.configuration)
    self.model = model
    self.weights = weights
    report = ModelReport(structure, parameters: model.parameters)
    (sampling, sampler, schedule) = try Self.sampling(model.configuration)
  }

  private static func sampling(
    _ configuration: ModelConfiguration
  ) throws -> (sampling: ModelSampling, sampler: Sampler, schedule: Schedule?) {
    let scheduler = configuration.scheduler
    guard let sampler = try? Sampler.named(configuration.defaults.sampler).sampler else {
      throw ModelError(
        .unsupported,
        "The model asks for the sampler \(quoted(configuration.defaults.sampler)), which this version does not have: use "
          + "another model.")
    }
    let schedule = try configuration.defaults.schedule.map { name in
      guard let schedule = try? Schedule(named: name) else {
        throw ModelError(
          .unsupported,
          "The model asks for the schedule \(quoted(name)), which this version does not have: use another model.")
      }
      return schedule
    }
    return (try ModelSampling(scheduler), sampler, schedule)
  }

  /// Weights are floats, or a format with a scale; whole numbers alone are a way of storing that this version does not know.
  private static func requireNumbers(_ checkpoint: Checkpoint, for model: StableDiffusionModel) throws {
    let strange = checkpoint.tensors.values.filter { tensor in
      tensor.holdsPlainIntegers && model.parameters[tensor.name] != nil
    }
    guard let first = strange.min(by: { $0.name < $1.name }) else { return }
    throw ModelError(
      .unsupported,
      "'\(checkpoint.url.lastPathComponent)' stores \(strange.count) weights as whole numbers (\(quoted(first.source)) as "
        + "\(first.dataType.rawValue)): use a float16, bfloat16 or float32 version of the model.")
  }

  /// - Throws: `ImagineError` that names the weights that are missing or have the wrong shape.
  func requireComplete() throws {
    if let problem = report.problem { throw ImagineError(.incompleteModel, problem) }
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
