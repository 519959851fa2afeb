import ArgumentParser
import Foundation
import Imagine

/// Pictures that are looked at as a prompt is. What is given more than once belongs together in its order; given once, it is for
/// all adapters.
struct ImagePromptOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "An IP-Adapter through which --ip-image is looked at as a prompt, with its weight behind a colon (default 1). May be "
        + "repeated.", valueName: "model[:weight]"))
  var ipAdapter: [String] = []

  @Option(
    help: ArgumentHelp(
      "The picture; one for each --ip-adapter, or several for a single one.", valueName: "file"),
    completion: .file())
  var ipImage: [String] = []

  @Option(
    name: [.customLong("image-encoder"), .customLong("clip-vision")],
    help: ArgumentHelp(
      "Its image encoder, a file or folder. Default: the folder image_encoder beside it.", valueName: "file"),
    completion: .file())
  var imageEncoder: [String] = []

  @Option(
    parsing: .unconditionalSingleValue,
    help: ArgumentHelp("The share of the steps at which it begins to count. Default: 0.", valueName: "x"))
  var ipStart: [Double] = []

  @Option(
    parsing: .unconditionalSingleValue,
    help: ArgumentHelp("The share of the steps at which it ends. Default: 1.", valueName: "x"))
  var ipEnd: [Double] = []

  /// The pictures that are named.
  var paths: [String] { ipImage }

  /// - Throws: `ValidationError` for what does not belong together, `ImagineError` for files that are no pictures.
  func apply(to request: inout GenerationRequest, _ pictures: SourcePictures) throws {
    guard !ipAdapter.isEmpty else {
      let given: [(String, Bool)] = [
        ("--ip-image", !ipImage.isEmpty), ("--image-encoder", !imageEncoder.isEmpty), ("--ip-start", !ipStart.isEmpty),
        ("--ip-end", !ipEnd.isEmpty),
      ]
      guard let dependent = given.first(where: { $0.1 })?.0 else { return }
      throw ValidationError("\(dependent) is for an adapter of pictures: give --ip-adapter, too.")
    }
    guard !ipImage.isEmpty, ipAdapter.count == 1 || ipImage.count == 1 || ipImage.count == ipAdapter.count else {
      throw ValidationError(
        "--ip-image is given \(ipImage.count) times and --ip-adapter \(ipAdapter.count) times: give a picture for each."
      )
    }
    request.imagePrompts = try ipAdapter.indices.map { index in
      let (path, weight) = WeightedName.parse(ipAdapter[index])
      let files = ipAdapter.count == 1 ? ipImage : [ipImage[ipImage.count == 1 ? 0 : index]]
      var prompt = ImagePrompt(model: URL(literalPath: path), pictures: try files.map { try pictures.picture($0) })
      prompt.encoder = try each(imageEncoder, "--image-encoder", index).map { URL(literalPath: $0) }
      if let weight { prompt.weight = weight }
      if let start = try each(ipStart, "--ip-start", index) { prompt.start = start }
      if let end = try each(ipEnd, "--ip-end", index) { prompt.end = end }
      return prompt
    }
  }

  private func each<Value>(_ values: [Value], _ name: String, _ index: Int) throws -> Value? {
    guard values.count <= 1 || values.count == ipAdapter.count else {
      throw ValidationError(
        "\(name) is given \(values.count) times and --ip-adapter \(ipAdapter.count) times: give it once, or once for each."
      )
    }
    return values.count == 1 ? values[0] : values.isEmpty ? nil : values[index]
  }
}
