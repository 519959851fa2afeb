internal import ImagineEngine

/// Whether a picture is decoded in tiles, which takes longer and much less memory. The picture is the same.
public enum VAETiling: String, Sendable, Hashable, CaseIterable {
  /// Where the memory or the device's limits ask for it.
  case automatic = "auto"
  /// Always, to keep memory for other programs.
  case always
  /// Not even where the picture cannot be decoded otherwise.
  case never

  var settings: MemorySettings.Tiling {
    switch self {
    case .automatic: .automatic
    case .always: .always
    case .never: .never
    }
  }
}
