internal import ImagineImage

/// What is made of a picture before a network that guides drawing looks at it.
///
/// None of these takes a network of its own. Maps that take one (of depth, poses, segments) are given as they are.
public struct ControlPreprocessor: Sendable, Hashable {
  let kind: Preprocessor
  /// Whether the part that is painted anew is hidden from the network.
  let hidesMask: Bool

  /// The picture as it is.
  public static let none = ControlPreprocessor(.asIs)
  /// White edges on black.
  public static let canny = ControlPreprocessor(.canny(low: 100, high: 200))
  /// Each colour's opposite: for black lines on white paper.
  public static let invert = ControlPreprocessor(.invert)
  /// A blur.
  public static let blur = ControlPreprocessor(.blur(9))
  /// For networks that draw details into tiles; with a rate, the picture's own details go first.
  public static let tile = ControlPreprocessor(.tile(1))
  /// White where the picture is darker than its surroundings.
  public static let lineart = ControlPreprocessor(.lineart)
  /// White where the picture is dark.
  public static let scribble = ControlPreprocessor(.scribble(127))
  /// The colours of squares of 64 pixels.
  public static let colour = ControlPreprocessor(.colour)
  /// For networks made for inpainting: the picture without the part under the request's mask.
  public static let inpaint = ControlPreprocessor(.asIs, hidesMask: true)

  /// Every preprocessor there is, with the usual numbers.
  public static let all = [none, canny, invert, blur, tile, lineart, scribble, colour, inpaint]

  init(_ kind: Preprocessor, hidesMask: Bool = false) {
    self.kind = kind
    self.hidesMask = hidesMask
  }

  public var name: String { hidesMask ? "inpaint" : kind.name }

  /// The name with its numbers where they are not the usual ones, such as `canny:50:150`.
  public var description: String {
    let usual = Preprocessor(name: kind.name)
    return ([name] + (kind == usual ? [] : kind.thresholds.map { Int(exactly: $0).map(String.init) ?? "\($0)" }))
      .joined(separator: ":")
  }

  /// Reads a preprocessor's name, with its numbers after colons: `canny:100:200` (the two thresholds), `blur:9` (in pixels),
  /// `tile:2` (how many times smaller), `scribble:127` (the threshold).
  ///
  /// - Throws: `ImagineError` with the list of preprocessors.
  public init(named name: String) throws {
    let words = name.lowercased().split(separator: ":", omittingEmptySubsequences: false).map(String.init)
    if words == ["inpaint"] {
      self = .inpaint
      return
    }
    let numbers = words.dropFirst().compactMap(Double.init)
    guard let first = words.first, numbers.count == words.count - 1, let kind = Preprocessor(name: first, numbers)
    else {
      throw ImagineError(
        .invalidText,
        "\"\(name)\" is no preprocessor: choose one of \(Self.all.map(\.name).joined(separator: ", ")), where canny takes two "
          + "numbers (canny:100:200), and blur, tile and scribble one.")
    }
    self.init(kind)
  }
}

extension ControlPreprocessor: CustomStringConvertible {}
