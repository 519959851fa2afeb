import ArgumentParser
import Foundation
import Imagine

/// Networks of a model that come from files of their own, and what its files do not say.
struct ModelPartOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "The autoencoder, in place of the model's own; also a small one such as TAESD.", valueName: "path"),
    completion: .file())
  var vae: String?

  @Option(
    help: ArgumentHelp("The UNet, in place of the model's own.", valueName: "path"), completion: .file())
  var unet: String?

  @Option(
    help: ArgumentHelp(
      "The text encoder, in place of the model's own: CLIP ViT-L, of Stable Diffusion 2 OpenCLIP ViT-H.",
      valueName: "path"), completion: .file())
  var clipL: String?

  @Option(
    help: ArgumentHelp(
      "The large text encoder of Stable Diffusion XL and its refiner, OpenCLIP ViT-bigG, in place of the model's own.",
      valueName: "path"), completion: .file())
  var clipG: String?

  @Option(
    help: ArgumentHelp(
      "What the UNet predicts, where the files do not say it or are wrong: \(Choices.sentence(of: Prediction.self)); "
        + "eps, v and vpred count too.", valueName: "name"), completion: .list(Prediction.allCases.map(\.rawValue)),
    transform: Self.prediction)
  var prediction: Prediction?

  /// The files by the options that name them.
  private var files: [(option: String, path: String?)] {
    [("--vae", vae), ("--unet", unet), ("--clip-l", clipL), ("--clip-g", clipG)]
  }

  /// The first option that was given; nil for none.
  var given: String? {
    files.first { $0.path != nil }?.option ?? prediction.map { _ in "--prediction" }
  }

  func validate() throws {
    if let empty = files.first(where: { $0.path?.isEmpty == true }) {
      throw ValidationError("\(empty.option) is empty: name a file or a folder, or leave it out.")
    }
  }

  /// A model's files with these in place of its own.
  func applied(to model: URL) -> ModelFiles {
    var files = ModelFiles(model)
    files.vae = vae.map { URL(literalPath: $0) }
    files.unet = unet.map { URL(literalPath: $0) }
    files.clipL = clipL.map { URL(literalPath: $0) }
    files.clipG = clipG.map { URL(literalPath: $0) }
    files.prediction = prediction
    return files
  }

  /// Reads the words that programs have for predictions.
  private static func prediction(_ name: String) throws -> Prediction {
    let names: [String: Prediction] = [
      "eps": .epsilon, "noise": .epsilon, "v": .velocity, "vpred": .velocity, "v_pred": .velocity,
      "velocity": .velocity, "x0": .sample,
    ]
    try Choices.requireName(name)
    return try names[name.lowercased().replacing("-", with: "_")]
      ?? Choices.byRawValue(name.replacing("-", with: "_"))
  }
}
