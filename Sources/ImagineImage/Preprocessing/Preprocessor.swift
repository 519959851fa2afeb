/// What is made of a picture before a network that guides drawing looks at it, without a network of its own.
///
/// Names and rules are those of A1111's ControlNet extension, on which those networks are used.
package enum Preprocessor: Sendable, Hashable {
  /// The picture as it is: a map of depths, poses or segments that something else has made.
  case asIs
  /// White edges on black (Canny 1986), between two thresholds.
  case canny(low: Double, high: Double)
  /// Each colour's opposite: for black lines on white paper.
  case invert
  /// A Gaussian blur of so many pixels' deviation.
  case blur(Double)
  /// The picture with its details gone: so many times smaller, and large again.
  case tile(Double)
  /// White where the picture is darker than its surroundings.
  case lineart
  /// White where a colour is below a threshold.
  case scribble(Int)
  /// The colours of squares of 64 pixels.
  case colour

  /// The names, in the order that people see them.
  package static let names = ["none", "canny", "invert", "blur", "tile", "lineart", "scribble", "colour"]

  package var name: String {
    switch self {
    case .asIs: "none"
    case .canny: "canny"
    case .invert: "invert"
    case .blur: "blur"
    case .tile: "tile"
    case .lineart: "lineart"
    case .scribble: "scribble"
    case .colour: "colour"
    }
  }

  /// The name in A1111's extension.
  package var label: String {
    switch self {
    case .asIs: "none"
    case .canny: "canny"
    case .invert: "invert (from white bg & black line)"
    case .blur: "blur_gaussian"
    case .tile: "tile_resample"
    case .lineart: "lineart_standard (from white bg & black line)"
    case .scribble: "scribble_thr"
    case .colour: "t2ia_color_grid"
    }
  }

  /// The numbers that it has beside its name.
  package var thresholds: [Double] {
    switch self {
    case .canny(let low, let high): [low, high]
    case .blur(let deviation): [deviation]
    case .tile(let rate): [rate]
    case .scribble(let threshold): [Double(threshold)]
    case .asIs, .invert, .lineart, .colour: []
    }
  }

  /// The preprocessor of a name with some of its numbers; the others are A1111's.
  ///
  /// - Returns: nil if there is none of the name, or the numbers are too many or none that it can do.
  package init?(name: String, _ numbers: [Double] = []) {
    func number(_ index: Int, _ usual: Double) -> Double { numbers.indices.contains(index) ? numbers[index] : usual }
    guard numbers.allSatisfy(\.isFinite) else { return nil }
    switch name {
    case "none": self = .asIs
    case "canny": self = .canny(low: number(0, 100), high: number(1, 200))
    case "invert": self = .invert
    case "blur": self = .blur(number(0, 9))
    case "tile": self = .tile(number(0, 1))
    case "lineart": self = .lineart
    case "scribble":
      guard let threshold = Int(exactly: number(0, 127)) else { return nil }
      self = .scribble(threshold)
    case "colour", "color": self = .colour
    default: return nil
    }
    guard numbers.count <= thresholds.count, isPossible else { return nil }
  }

  private var isPossible: Bool {
    switch self {
    case .canny(let low, let high): 0...4096 ~= low && 0...4096 ~= high
    case .blur(let deviation): 0.1...256 ~= deviation
    case .tile(let rate): 1...64 ~= rate
    case .scribble(let threshold): 0...255 ~= threshold
    case .asIs, .invert, .lineart, .colour: true
    }
  }

  /// What the network is shown of a picture.
  package func map(_ image: RGBImage) throws(ImageError) -> RGBImage {
    switch self {
    case .asIs: image
    case .canny(let low, let high): try image.cannyEdges(low: low, high: high)
    case .invert: try image.inverted()
    case .blur(let deviation): try image.gaussianBlurred(deviation)
    case .tile(let rate): try image.withoutDetails(rate)
    case .lineart: try image.lineart()
    case .scribble(let threshold): try image.scribbles(below: threshold)
    case .colour: try image.colourGrid()
    }
  }
}

extension RGBImage {
  /// A picture in which all three channels have these values: [height, width].
  func grey(_ values: [UInt8]) throws(ImageError) -> RGBImage {
    try RGBImage(width: width, height: height, pixels: values.flatMap { [$0, $0, $0] })
  }

  /// The least of each pixel's channels.
  var darkest: [UInt8] {
    (0..<width * height).map { min(pixels[3 * $0], pixels[3 * $0 + 1], pixels[3 * $0 + 2]) }
  }
}
