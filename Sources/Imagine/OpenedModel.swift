internal import Foundation
internal import ImagineCheckpoint
internal import ImagineDemoModel
internal import ImagineGraph
internal import ImagineModels

/// A checkpoint with the networks that were recognised in it.
struct OpenedModel {
  let checkpoint: Checkpoint
  let model: StableDiffusionModel
  let report: ModelReport

  init(_ url: URL) throws {
    try self.init(Checkpoint.open(url), name: url.deletingPathExtension().lastPathComponent, isDemonstration: false)
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
    self.checkpoint = checkpoint
    model = StableDiffusionModel(try family.configuration(layout), layout)
    report = ModelReport(
      checkpoint, family: family, weights: model.report, name: name, isDemonstration: isDemonstration)
  }

  /// - Throws: `ImagineError` that names the weights that are missing or have the wrong shape.
  func requireComplete() throws {
    let weights = model.report
    guard !weights.isComplete else { return }
    var problems: [String] = []
    if let first = weights.missing.first { problems.append("\(weights.missing.count) weights missing (\(first), ...)") }
    if let first = weights.misshapen.first {
      problems.append("\(weights.misshapen.count) of the wrong shape (\(first), ...)")
    }
    throw ImagineError(
      .incompleteModel,
      "'\(checkpoint.url.lastPathComponent)' does not fit \(report.family): \(problems.joined(separator: "; ")). "
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
