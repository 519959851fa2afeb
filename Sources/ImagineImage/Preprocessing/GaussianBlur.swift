internal import Foundation

/// A Gaussian blur as OpenCV's `GaussianBlur` with a kernel of no given size: edges are mirrored without the last pixel
/// (`BORDER_REFLECT_101`).
struct GaussianBlur {
  /// From the middle out.
  private let weights: [Double]

  /// - Parameter reach: of the kernel to each side, in deviations: OpenCV takes 3 for bytes and 4 for floats.
  init(_ deviation: Double, reach: Double) {
    let size = Int((deviation * reach * 2 + 1).rounded(.toNearestOrEven)) | 1
    let half = (0...size / 2).map { exp(-Double($0 * $0) / (2 * deviation * deviation)) }
    let sum = 2 * half.reduce(0, +) - half[0]
    weights = half.map { $0 / sum }
  }

  /// [height, width, channels] -> the same, blurred along both axes.
  func blurred(_ values: [Float], width: Int, height: Int, channels: Int) -> [Float] {
    let rows = pass(values, lines: height, length: width, step: channels, lineStep: width * channels, channels)
    return pass(rows, lines: width, length: height, step: width * channels, lineStep: channels, channels)
  }

  private func pass(
    _ values: [Float], lines: Int, length: Int, step: Int, lineStep: Int, _ channels: Int
  ) -> [Float] {
    var result = values
    let before = (0..<length + 2 * weights.count).map { Self.mirrored($0 - weights.count, length) }
    for line in 0..<lines {
      for channel in 0..<channels {
        let start = line * lineStep + channel
        for position in 0..<length {
          var sum = weights[0] * Double(values[start + position * step])
          for distance in 1..<weights.count {
            let left = before[position - distance + weights.count], right = before[position + distance + weights.count]
            sum += weights[distance] * Double(values[start + left * step] + values[start + right * step])
          }
          result[start + position * step] = Float(sum)
        }
      }
    }
    return result
  }

  /// A place beyond an edge, as often mirrored as it takes.
  private static func mirrored(_ place: Int, _ length: Int) -> Int {
    guard length > 1 else { return 0 }
    let period = 2 * (length - 1), rest = ((place % period) + period) % period
    return rest < length ? rest : period - rest
  }
}

extension RGBImage {
  /// A Gaussian blur (A1111's `blur_gaussian`).
  func gaussianBlurred(_ deviation: Double) throws(ImageError) -> RGBImage {
    let blurred = GaussianBlur(deviation, reach: 3)
      .blurred(pixels.map(Float.init), width: width, height: height, channels: 3)
    return try RGBImage(
      width: width, height: height, pixels: blurred.map { UInt8(min(max($0.rounded(.toNearestOrEven), 0), 255)) })
  }
}
