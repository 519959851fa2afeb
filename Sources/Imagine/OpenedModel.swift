internal import Foundation
internal import ImagineCheckpoint
internal import ImagineDemoModel
internal import ImagineGraph
internal import ImagineModels

/// The networks of a model, with where their weights come from.
struct OpenedModel {
  let weights: any WeightSource
  let model: StableDiffusionModel
  let report: ModelReport
  /// Whether there is a file, rather than bytes in the program or numbers made on the spot.
  private(set) var hasFile = false

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
      shapes: checkpoint.tensors.mapValues { Shape($0.shape) }, configurations: checkpoint.configs)
    let missing = Component.required.filter { checkpoint[$0] == nil }
    guard missing.isEmpty else {
      throw ModelError(
        .incomplete,
        "'\(checkpoint.url.lastPathComponent)' holds no \(missing.map { $0.words }.joined(separator: " and no ")): "
          + "give a complete checkpoint.")
    }
    weights = checkpoint
    model = StableDiffusionModel(try family.configuration(layout), layout)
    report = ModelReport(
      checkpoint, family: family, weights: model.report, name: name, isDemonstration: isDemonstration)
  }

  /// A structure with weights made on the spot, for measuring.
  init(_ structure: Benchmark.Structure) {
    (model, weights) = StableDiffusionModel.synthetic(structure.configuration)
    report = ModelReport(structure, parameters: model.parameters)
  }

  /// - Throws: `ImagineError` that names the weights that are missing or have the wrong shape.
  func requireComplete() throws {
    guard !model.report.isComplete else { return }
    let missing = model.report.missing, misshapen = model.report.misshapen
    var problems: [String] = []
    if let first = missing.first { problems.append("\(missing.count) weights missing (\(first), ...)") }
    if let first = misshapen.first { problems.append("\(misshapen.count) of the wrong shape (\(first), ...)") }
    throw ImagineError(
      .incompleteModel,
      "'\(report.url.lastPathComponent)' does not fit \(report.family): \(problems.joined(separator: "; ")). "
        + "`imagine inspect` lists them all.")
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
