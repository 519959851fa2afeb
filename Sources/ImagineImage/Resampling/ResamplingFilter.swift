internal import Foundation

/// The filters of Pillow's `Image.resize`.
package enum ResamplingFilter: String, Sendable, Hashable, CaseIterable {
  case nearest, box, bilinear, hamming, bicubic, lanczos

  /// How far from the middle the filter reaches, in pixels of the coarser of the two pictures.
  private var support: Double {
    switch self {
    case .nearest: 0
    case .box: 0.5
    case .bilinear, .hamming: 1
    case .bicubic: 2
    case .lanczos: 3
    }
  }

  private func value(_ x: Double) -> Double {
    switch self {
    case .nearest: 0
    case .box: x > -0.5 && x <= 0.5 ? 1 : 0
    case .bilinear: max(1 - abs(x), 0)
    case .hamming: Self.hamming(abs(x))
    case .bicubic: Self.bicubic(abs(x))
    case .lanczos: -3 <= x && x < 3 ? Self.sinc(x) * Self.sinc(x / 3) : 0
    }
  }

  private static func hamming(_ x: Double) -> Double {
    if x == 0 { return 1 }
    guard x < 1 else { return 0 }
    let angle = x * .pi
    return sin(angle) / angle * (0.54 + 0.46 * cos(angle))
  }

  /// Keys' cubic with a = -0.5.
  private static func bicubic(_ x: Double) -> Double {
    let a = -0.5
    if x < 1 { return ((a + 2) * x - (a + 3)) * x * x + 1 }
    return x < 2 ? (((x - 5) * x + 8) * x - 4) * a : 0
  }

  private static func sinc(_ x: Double) -> Double { x == 0 ? 1 : sin(x * .pi) / (x * .pi) }

  /// The weights that bring `span` of a row of `length` values to `size` values, of which those in `kept` are wanted:
  /// Pillow's `precompute_coeffs`. Where the picture becomes smaller the filter grows, so that every value counts.
  func taps(length: Int, span: Range<Double>, size: Int, kept: Range<Int>) -> FilterTaps<Double> {
    let scale = (span.upperBound - span.lowerBound) / Double(size)
    let filterScale = max(scale, 1)
    let reach = support * filterScale
    var taps = FilterTaps<Double>()
    for index in kept {
      let centre = span.lowerBound + (Double(index) + 0.5) * scale
      let start = max(Int(centre - reach + 0.5), 0)
      let end = max(min(Int(centre + reach + 0.5), length), start)
      var weights = (start..<end).map { value((Double($0) - centre + 0.5) / filterScale) }
      let sum = weights.reduce(0, +)
      if sum != 0 { weights = weights.map { $0 / sum } }
      taps.append(start: start, weights)
    }
    return taps
  }
}
