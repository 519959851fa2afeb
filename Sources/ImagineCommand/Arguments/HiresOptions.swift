import ArgumentParser
import Imagine

/// A second pass at a larger size.
struct HiresOptions: ParsableArguments {
  @Flag(help: "Draw a second pass at a larger size, which adds detail to the small picture.")
  var hires = false

  @Option(
    help: ArgumentHelp("How many times larger each side becomes. Default: 2. Says --hires.", valueName: "x"))
  var hiresScale: Double?

  @Option(
    help: ArgumentHelp("The size to come to, in place of --hires-scale. Says --hires.", valueName: "WxH"),
    transform: { text in
      guard let size = Size(text) else { throw ValidationError("give a size such as 1024x1536") }
      return size
    })
  var hiresSize: Size?

  @Option(
    help: ArgumentHelp("Steps of the second pass. Default: as many as in the first. Says --hires.", valueName: "n"))
  var hiresSteps: Int?

  @Option(
    name: [.long, .customLong("hires-denoising-strength")],
    help: ArgumentHelp("How much the second pass changes, 0 to 1. Default: 0.7. Says --hires.", valueName: "x"))
  var hiresStrength: Double?

  @Option(
    help: ArgumentHelp(
      "How the small picture is made larger: \(Choices.sentence(HiresFix.Upscaler.all.map(\.name))), or an upscaler's "
        + "file or its name. Default: latent. Says --hires.", valueName: "name"),
    completion: .list(HiresFix.Upscaler.all.map(\.name)), transform: HiresUpscalerChoice.init)
  var hiresUpscaler: HiresUpscalerChoice?

  func validate() throws {
    if hiresSize != nil, hiresScale != nil {
      throw ValidationError("--hires-size and --hires-scale both say how large: give one of them.")
    }
    if let hiresStrength, !(0...1 ~= hiresStrength) {
      throw ValidationError("a --hires-strength of \(hiresStrength) is not possible: choose 0 to 1.")
    }
    if let hiresScale, !(1...8 ~= hiresScale) {
      throw ValidationError("a --hires-scale of \(hiresScale) is not possible: choose 1 to 8.")
    }
  }

  func apply(to request: inout GenerationRequest, _ upscalers: UpscalerFiles) throws {
    let isAsked =
      hires || hiresScale != nil || hiresSize != nil || hiresSteps != nil || hiresStrength != nil
      || hiresUpscaler != nil
    guard isAsked else { return }
    var fix = request.hires ?? HiresFix()
    if let hiresScale { (fix.scale, fix.size) = (hiresScale, nil) }
    if let hiresSize { fix.size = hiresSize }
    if let hiresSteps { fix.steps = hiresSteps }
    if let hiresStrength { fix.strength = hiresStrength }
    switch hiresUpscaler {
    case .filter(let upscaler): (fix.upscaler, fix.upscalerModel) = (upscaler, nil)
    case .model(let name): fix.upscalerModel = try model(name, upscalers)
    case nil: break
    }
    request.hires = fix
  }

  /// What is no filter is a model, or neither.
  private func model(_ name: String, _ upscalers: UpscalerFiles) throws -> UpscalerModel {
    do { return try upscalers.upscaler(name) } catch let error as ImagineError {
      guard error.code == .unreadableModel, !UpscalerFiles.isFile(name) else { throw error }
      throw ImagineError(
        .invalidText,
        "\(error.message) Without a network it is one of \(Choices.sentence(HiresFix.Upscaler.all.map(\.name))).")
    }
  }
}

/// How a small picture is made larger: by a filter, or by a network that a file or its name stands for.
enum HiresUpscalerChoice: Equatable {
  case filter(HiresFix.Upscaler)
  case model(String)

  init(_ text: String) throws {
    try Choices.requireName(text)
    if !UpscalerFiles.isFile(text), let filter = try? HiresFix.Upscaler(named: text) {
      self = .filter(filter)
    } else {
      self = .model(text)
    }
  }
}
