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
    if !ipAdapter.isEmpty {
      request.imagePrompts = ipAdapter.map { text in
        let (path, weight) = WeightedName.parse(text)
        var prompt = ImagePrompt(model: URL(literalPath: path), pictures: [])
        if let weight { prompt.weight = weight }
        return prompt
      }
    }
    // Those of a picture that is drawn again take what is given here, too.
    let count = request.imagePrompts.count
    guard count > 0 else {
      let given: [(String, Bool)] = [
        ("--ip-image", !ipImage.isEmpty), ("--image-encoder", !imageEncoder.isEmpty), ("--ip-start", !ipStart.isEmpty),
        ("--ip-end", !ipEnd.isEmpty),
      ]
      guard let dependent = given.first(where: { $0.1 })?.0 else { return }
      throw ValidationError("\(dependent) is for an adapter of pictures: give --ip-adapter, too.")
    }
    let wanted = !ipAdapter.isEmpty || !ipImage.isEmpty
    guard !wanted || !ipImage.isEmpty && (count == 1 || ipImage.count == 1 || ipImage.count == count) else {
      throw ValidationError(
        "--ip-image is given \(ipImage.count) times, and the adapters of pictures are \(count): give a picture for each."
      )
    }
    for index in request.imagePrompts.indices {
      let own = PerNetwork(networks: "the adapters of pictures are", count: count, index: index)
      var prompt = request.imagePrompts[index]
      if wanted {
        let files = count == 1 ? ipImage : [ipImage[ipImage.count == 1 ? 0 : index]]
        prompt.pictures = try files.map { try pictures.picture($0) }
      }
      if let encoder = try own.value(imageEncoder, "--image-encoder") { prompt.encoder = URL(literalPath: encoder) }
      if let start = try own.value(ipStart, "--ip-start") { prompt.start = start }
      if let end = try own.value(ipEnd, "--ip-end") { prompt.end = end }
      request.imagePrompts[index] = prompt
    }
  }
}
