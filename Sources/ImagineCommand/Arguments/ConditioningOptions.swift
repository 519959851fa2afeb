import ArgumentParser
import Imagine

/// How a prompt is read, and what a model is told of the picture beside it.
struct ConditioningOptions: ParsableArguments {
  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "Which layer of the text encoders speaks, counted from the last, which is 1, as AUTOMATIC1111 and "
        + "stable-diffusion.cpp count. Default: the model's, 1 for Stable Diffusion 1 and 2 for later ones.",
      valueName: "n"))
  var clipSkip: Int?

  @Option(
    help: ArgumentHelp(
      "Stable Diffusion XL: the size of the picture that this one is said to be cut from. Default: its own.",
      valueName: "WxH"), transform: Self.size)
  var originalSize: Size?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "Stable Diffusion XL: where it is said to be cut out, in pixels from the left and the top. Default: 0,0.",
      valueName: "X,Y"), transform: Self.crop)
  var crop: Crop?

  @Option(
    help: ArgumentHelp(
      "Stable Diffusion XL: the size that it is said to be made for. Default: its own.", valueName: "WxH"),
    transform: Self.size)
  var targetSize: Size?

  @Option(
    help: ArgumentHelp(
      "Stable Diffusion XL: --original-size for the negative prompt. Default: the same.", valueName: "WxH"),
    transform: Self.size)
  var negativeOriginalSize: Size?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("Stable Diffusion XL: --crop for the negative prompt. Default: the same.", valueName: "X,Y"),
    transform: Self.crop)
  var negativeCrop: Crop?

  @Option(
    help: ArgumentHelp(
      "Stable Diffusion XL: --target-size for the negative prompt. Default: the same.", valueName: "WxH"),
    transform: Self.size)
  var negativeTargetSize: Size?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "Stable Diffusion XL's refiner: how beautiful the picture is said to be. Default: 6.", valueName: "x"))
  var aestheticScore: Float?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("The same for the negative prompt. Default: 2.5.", valueName: "x"))
  var negativeAestheticScore: Float?

  func validate() throws {
    if let clipSkip, clipSkip < 1 {
      throw ValidationError("--clip-skip \(clipSkip) is not possible: 1 is the last layer, 2 the one before it.")
    }
  }

  func apply(to request: inout GenerationRequest) {
    if let clipSkip { request.clipSkip = clipSkip }
    if let originalSize { request.originalSize = originalSize }
    if let crop { request.crop = crop }
    if let targetSize { request.targetSize = targetSize }
    if let negativeOriginalSize { request.negativeOriginalSize = negativeOriginalSize }
    if let negativeCrop { request.negativeCrop = negativeCrop }
    if let negativeTargetSize { request.negativeTargetSize = negativeTargetSize }
    if let aestheticScore { request.aestheticScore = aestheticScore }
    if let negativeAestheticScore { request.negativeAestheticScore = negativeAestheticScore }
  }

  private static func size(_ text: String) throws -> Size {
    guard let size = Size(text) else { throw ValidationError("give a size such as 1024x1024") }
    return size
  }

  private static func crop(_ text: String) throws -> Crop {
    guard let crop = Crop(text) else {
      throw ValidationError("give two numbers such as 0,0, from the left and the top")
    }
    return crop
  }
}

extension Crop {
  /// Reads `8,16`: from the left and from the top. Nil for anything else.
  init?(_ text: String) {
    let parts = text.split(separator: ",", omittingEmptySubsequences: false)
    let numbers = parts.compactMap { Int($0.trimmingPrefix(" ")) }
    guard parts.count == 2, numbers.count == 2 else { return nil }
    self.init(left: numbers[0], top: numbers[1])
  }
}
