import ArgumentParser
import Foundation
import Imagine

/// Pictures that guide drawing, each with the network that it guides through. What is given more than once belongs together
/// in its order; given once, it is for all.
struct ControlOptions: ParsableArguments {
  @Option(
    name: [.customLong("control"), .customLong("control-net"), .customLong("controlnet")],
    help: ArgumentHelp(
      "A ControlNet, Control-LoRA or T2I-Adapter through which --control-image guides, with its weight behind a colon "
        + "(default 1). May be repeated.", valueName: "model[:weight]"))
  var control: [String] = []

  @Option(
    help: ArgumentHelp(
      "The picture that guides; one for each --control, in their order. Default: the picture to change.",
      valueName: "file"), completion: .file())
  var controlImage: [String] = []

  @Option(
    help: ArgumentHelp(
      "What is made of it first: \(Choices.sentence(ControlPreprocessor.all.map(\.name))). canny takes its thresholds, as in "
        + "canny:100:200; blur, tile and scribble a number. Maps of depths, poses or segments need none. Default: none.",
      valueName: "name"), completion: .list(ControlPreprocessor.all.map(\.name)),
    transform: { try Choices.named($0, ControlPreprocessor.init(named:)) })
  var preprocess: [ControlPreprocessor] = []

  @Option(
    parsing: .unconditionalSingleValue,
    help: ArgumentHelp("The share of the steps at which it begins to guide. Default: 0.", valueName: "x"))
  var controlStart: [Double] = []

  @Option(
    parsing: .unconditionalSingleValue,
    help: ArgumentHelp("The share of the steps at which it ends. Default: 1.", valueName: "x"))
  var controlEnd: [Double] = []

  @Option(
    help: ArgumentHelp(
      "What counts more where they disagree, or guess for hardly a prompt: \(Choices.sentence(of: ControlImportance.self)). "
        + "Default: balanced.", valueName: "name"), completion: .list(ControlImportance.allCases.map(\.rawValue)),
    transform: Choices.byRawValue)
  var controlMode: [ControlImportance] = []

  @Option(
    help: ArgumentHelp(
      "How it is brought to the picture's size: stretch, crop or fill. Default: crop.", valueName: "name"),
    completion: .list(["stretch", "crop", "fill"]), transform: Choices.byRawValue)
  var controlResize: [Resizing] = []

  /// The pictures that are named.
  var paths: [String] { controlImage }

  /// - Throws: `ValidationError` for what does not belong together, `ImagineError` for files that are no pictures.
  func apply(to request: inout GenerationRequest, _ pictures: SourcePictures) throws {
    if !control.isEmpty {
      request.controls = control.map { text in
        let (path, weight) = WeightedName.parse(text)
        var image = ControlImage(model: URL(literalPath: path))
        if let weight { image.weight = weight }
        return image
      }
    } else if request.controls.isEmpty, let dependent {
      throw ValidationError("\(dependent) is for a network that guides: give --control, too.")
    }
    // Those of a picture that is drawn again take what is given here, too.
    let count = request.controls.count
    for index in request.controls.indices {
      let own = PerNetwork(networks: "the networks that guide are", count: count, index: index)
      var image = request.controls[index]
      if let file = try own.value(controlImage, "--control-image") { image.picture = try pictures.picture(file) }
      if let preprocessor = try own.value(preprocess, "--preprocess") { image.preprocessor = preprocessor }
      if let start = try own.value(controlStart, "--control-start") { image.start = start }
      if let end = try own.value(controlEnd, "--control-end") { image.end = end }
      if let mode = try own.value(controlMode, "--control-mode") { image.importance = mode }
      if let resizing = try own.value(controlResize, "--control-resize") { image.resizing = resizing }
      request.controls[index] = image
    }
  }

  private var dependent: String? {
    let given: [(String, Bool)] = [
      ("--control-image", !controlImage.isEmpty), ("--preprocess", !preprocess.isEmpty),
      ("--control-start", !controlStart.isEmpty), ("--control-end", !controlEnd.isEmpty),
      ("--control-mode", !controlMode.isEmpty), ("--control-resize", !controlResize.isEmpty),
    ]
    return given.first { $0.1 }?.0
  }
}

/// A file with a weight behind a colon, as in `canny.safetensors:0.8`.
enum WeightedName {
  /// What is no number behind the last colon belongs to the name.
  static func parse(_ text: String) -> (name: String, weight: Float?) {
    guard let colon = text.lastIndex(of: ":"), colon != text.startIndex,
      let weight = Float(text[text.index(after: colon)...]), !FileManager.default.fileExists(atPath: text)
    else { return (text, nil) }
    return (String(text[..<colon]), weight)
  }
}
