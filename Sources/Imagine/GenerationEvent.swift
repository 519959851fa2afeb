/// What a pipeline reports while it works.
public enum GenerationEvent: Sendable {
  /// Something the person should know: a prompt that was cut, a fallback that was taken.
  case notice(String)
  /// A denoising step was finished.
  case step(GenerationStep)
  /// A picture is ready.
  case image(GeneratedImage)
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
