internal import ImagineEngine
internal import ImagineImage

/// What a pipeline reports while it works. More kinds may come: pass over those that a program does not know.
#if hasAttribute(nonexhaustive)
  @nonexhaustive
#endif
public enum GenerationEvent: Sendable {
  /// Something the person should know: a prompt that was cut, a fallback that was taken.
  case notice(Notice)
  /// Something else is being done from now on.
  case stage(GenerationStage)
  /// A denoising step was finished.
  case step(GenerationStep)
  /// Part of a picture was made larger by an upscaler.
  case upscaling(UpscalingProgress)
  /// What a picture is about to become, if the request asks for previews.
  case preview(PreviewImage)
  /// A picture is ready.
  case image(GeneratedImage)
}

/// What is being done for a picture.
///
/// Networks are prepared when they are first needed, which for a large model takes seconds; work goes on where it stood
/// when the next stage is reported.
/// More stages may come.
#if hasAttribute(nonexhaustive)
  @nonexhaustive
#endif
public enum GenerationStage: Sendable, Hashable {
  /// Something is made ready: mostly the weights of a network are read, and its work is planned. What it is, such as
  /// `UNet`, is for people.
  case preparing(String)
  /// The prompts are read.
  case encoding
  /// Steps are made.
  case denoising
  /// The picture is decoded.
  case decoding
  /// A picture is made larger.
  case upscaling

  init(_ stage: EngineStage) {
    self =
      switch stage {
      case .preparing(let what): .preparing(what)
      case .encoding: .encoding
      case .denoising: .denoising
      case .decoding: .decoding
      case .upscaling: .upscaling
      }
  }
}

/// Progress within a request.
public struct GenerationStep: Sendable, Hashable {
  /// Steps finished of this picture, from 1.
  public let index: Int
  /// Steps of each picture. Some schedules take more than were asked for.
  public let count: Int
  /// The picture being drawn, from 0.
  public let image: Int
  /// Pictures in the request.
  public let imageCount: Int
}

/// A rough picture of one that is being drawn: mostly a pixel for each latent position, an eighth of its size.
public struct PreviewImage: Sendable, Hashable {
  public let size: Size
  /// Red, green, blue for each pixel, row by row: [height, width, 3].
  public let pixels: [UInt8]
  /// Steps finished of the picture, from 1.
  public let step: Int
  /// The picture being drawn, from 0.
  public let image: Int

  /// The bytes of a PNG file of it.
  ///
  /// - Throws: `ImagineError`.
  public func png() throws -> [UInt8] {
    try ImagineError.translating {
      try ImageFile.encode(RGBImage(width: size.width, height: size.height, pixels: pixels), as: .png)
    }
  }
}
