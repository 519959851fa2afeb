import Foundation

/// The shape of a picture's latents, channels before rows before columns.
struct LatentShape: Sendable, Hashable {
  let channels: Int
  let height: Int
  let width: Int

  init(channels: Int, height: Int, width: Int) {
    self.channels = max(channels, 0)
    self.height = max(height, 0)
    self.width = max(width, 0)
  }

  /// - Parameter shape: [C, h, w], with ones before it or without.
  init(_ shape: [Int]) {
    let last = [1, 1, 1] + shape
    self.init(channels: last[last.count - 3], height: last[last.count - 2], width: last[last.count - 1])
  }

  var count: Int { channels * height * width }

  /// Values of this shape in the middle of those of another, cut where that is smaller: A1111's "Resize seed from".
  func placed(_ values: [Float], inMiddleOf others: [Float], _ other: LatentShape) -> [Float] {
    guard values.count == count, others.count == other.count, channels == other.channels else { return others }
    let (rows, columns) = (Self.overlap(height, other.height), Self.overlap(width, other.width))
    var result = others
    for channel in 0..<channels {
      for row in 0..<rows.length {
        let from = (channel * height + rows.source + row) * width + columns.source
        let to = (channel * other.height + rows.target + row) * other.width + columns.target
        result.replaceSubrange(to..<(to + columns.length), with: values[from..<(from + columns.length)])
      }
    }
    return result
  }

  /// Where one length lies in the middle of another; odd differences are rounded down, as Python divides.
  private static func overlap(_ length: Int, _ other: Int) -> (source: Int, target: Int, length: Int) {
    let offset = (other - length) >> 1
    return offset >= 0 ? (0, offset, length) : (-offset, 0, min(length + 2 * offset, other))
  }
}

/// Spherical interpolation between two noises, as A1111 mixes a variation in.
///
/// Norms and angles are taken over the rows of every channel and column, as there. Where the two are nearly parallel, A1111's
/// weights are the wrong way round, and so are these.
func slerp(_ share: Float, _ low: [Float], _ high: [Float], shape: LatentShape) -> [Float] {
  guard low.count == shape.count, high.count == shape.count else { return low }
  func index(_ channel: Int, _ row: Int, _ column: Int) -> Int {
    (channel * shape.height + row) * shape.width + column
  }
  var cosines: [Double] = []
  for channel in 0..<shape.channels {
    for column in 0..<shape.width {
      var (product, lowSquares, highSquares) = (0.0, 0.0, 0.0)
      for row in 0..<shape.height {
        let (a, b) = (Double(low[index(channel, row, column)]), Double(high[index(channel, row, column)]))
        product += a * b
        lowSquares += a * a
        highSquares += b * b
      }
      let norms = (lowSquares * highSquares).squareRoot()
      cosines.append(norms > 0 ? min(max(product / norms, -1), 1) : 1)
    }
  }
  if cosines.reduce(0, +) / Double(max(cosines.count, 1)) > 0.9995 {
    return weightedSum(share, low, 1 - share, high)
  }
  var result = low
  for channel in 0..<shape.channels {
    for column in 0..<shape.width {
      let angle = acos(cosines[channel * shape.width + column]), whole = sin(angle)
      guard whole > 0 else { continue }
      let (a, b) = (sin((1 - Double(share)) * angle) / whole, sin(Double(share) * angle) / whole)
      for row in 0..<shape.height {
        let at = index(channel, row, column)
        result[at] = Float(a * Double(low[at]) + b * Double(high[at]))
      }
    }
  }
  return result
}
