internal import ImagineEngine

/// Whether a picture is drawn with much less memory, which takes longer. The picture is the same.
///
/// Each network keeps to a budget: on the processor, weights beyond it stay in the model's file and are read and packed
/// again at each use, and a picture that does not fit it as a whole is decoded in tiles, unless
/// `Engine.Options.vaeTiling` says never. The networks make room for each other, the text encoder first. On a graphics
/// card, which has memory of its own, pictures are always decoded in tiles then.
public enum LowMemory: String, Sendable, Hashable, CaseIterable {
  /// Where the memory that is free asks for it.
  case automatic = "auto"
  /// Always, to keep memory for other programs.
  case always
  /// Not even where the picture cannot be drawn otherwise.
  case never

  var settings: MemorySettings.Use {
    switch self {
    case .automatic: .automatic
    case .always: .little
    case .never: .usual
    }
  }
}
