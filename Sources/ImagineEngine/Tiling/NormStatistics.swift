internal import ImagineGraph
internal import ImagineModels

/// Sums over an image, from which a group norm of the whole image follows though only parts are there at a time.
struct NormStatistics {
  private var sums: [Double]
  private var squares: [Double]
  private var positions = 0

  init(channels: Int) {
    sums = [Double](repeating: 0, count: channels)
    squares = sums
  }

  /// Counts the part to keep of a window's values [1, h, w, channels], which lie by `scale` to the window's positions.
  mutating func add(_ tile: TileGrid.Tile, of window: HostTensor, scale: PositionScale) {
    add(
      window.floats, width: window.shape[2], rows: scale(tile.rows.keptInWindow),
      columns: scale(tile.columns.keptInWindow))
  }

  /// Counts a whole image.
  mutating func add(_ image: HostImage) {
    add(image.values, width: image.width, rows: 0..<image.height, columns: 0..<image.width)
  }

  private mutating func add(_ values: [Float], width: Int, rows: Range<Int>, columns: Range<Int>) {
    let channels = sums.count
    values.withUnsafeBufferPointer { values in
      sums.withUnsafeMutableBufferPointer { sums in
        squares.withUnsafeMutableBufferPointer { squares in
          for y in rows {
            for x in columns {
              let start = (y * width + x) * channels
              for channel in 0..<channels {
                let value = Double(values[start + channel])
                sums[channel] += value
                squares[channel] += value * value
              }
            }
          }
        }
      }
    }
    positions += rows.count * columns.count
  }

  /// What the norm does to each channel: x scale + shift.
  ///
  /// - Parameters:
  ///   - weight, bias: the norm's: [channels].
  func map(_ norm: GroupNorm, weight: [Float], bias: [Float]) -> (scale: [Float], shift: [Float]) {
    let size = sums.count / norm.groups, count = Double(size * positions)
    var scale = weight, shift = bias
    for group in 0..<norm.groups {
      let channels = group * size..<(group + 1) * size
      let mean = sums[channels].reduce(0, +) / count
      let variance = max(squares[channels].reduce(0, +) / count - mean * mean, 0)
      let factor = 1 / (variance + Double(norm.epsilon)).squareRoot()
      for channel in channels {
        scale[channel] = Float(Double(weight[channel]) * factor)
        shift[channel] = Float(Double(bias[channel]) - Double(weight[channel]) * factor * mean)
      }
    }
    return (scale, shift)
  }
}
