import ArgumentParser
import Imagine

/// What makes a finished picture larger.
struct UpscalingOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Make the finished picture larger by an upscaler, its file or its name; after a colon, how many times. Default: the "
        + "upscaler's own scale.", valueName: "model[:x]"), completion: .file(), transform: UpscalingChoice.init)
  var upscale: UpscalingChoice?

  func apply(to request: inout GenerationRequest, _ upscalers: UpscalerFiles) throws {
    guard let upscale else { return }
    request.upscaling = Upscaling(try upscalers.upscaler(upscale.model), scale: upscale.scale)
  }
}

/// An upscaler, and how many times larger it is to make a picture.
struct UpscalingChoice: Equatable {
  let model: String
  /// Nil for the upscaler's own.
  let scale: Double?

  /// `model.pth`, `model.pth:2`
  init(_ text: String) throws {
    guard let colon = text.utf8.lastIndex(of: UInt8(ascii: ":")),
      let scale = Double(text[text.utf8.index(after: colon)...])
    else {
      (model, scale) = (text, nil)
      guard !text.isEmpty else { throw ValidationError("name an upscaler's file") }
      return
    }
    model = String(text[..<colon])
    self.scale = scale
    guard !model.isEmpty else { throw ValidationError("name an upscaler's file before the colon") }
    guard scale.isFinite, 1...16 ~= scale else {
      throw ValidationError("a picture cannot become \(scale) times as large: choose 1 to 16")
    }
  }
}
