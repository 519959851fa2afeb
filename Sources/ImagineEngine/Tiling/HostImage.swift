internal import ImagineGraph

/// Values of one image on the host, [height, width, channels], that tiles are cut from and put together to.
struct HostImage {
  let height: Int, width: Int, channels: Int
  private(set) var values: [Float]

  /// - Throws: `StageFailure` if there is no memory for it.
  init(height: Int, width: Int, channels: Int) throws {
    let count = height * width * channels
    guard HostMemory.has(count * 4) else {
      throw StageFailure(
        .outOfMemory,
        "There is no memory left for values between tiles, \(count * 4) bytes: choose a smaller size, or close other "
          + "programs."
      )
    }
    self.height = height
    self.width = width
    self.channels = channels
    values = [Float](repeating: 0, count: count)
  }

  /// - Parameter tensor: [1, height, width, channels].
  init(_ tensor: HostTensor) {
    height = tensor.shape[1]
    width = tensor.shape[2]
    channels = tensor.shape[3]
    values = tensor.floats
  }

  var tensor: HostTensor { HostTensor([1, height, width, channels], values) }

  /// The values of a window: [1, height, width, channels].
  func window(_ tile: TileGrid.Tile, height: Int, width: Int) -> HostTensor {
    let row = width * channels
    var result: [Float] = []
    result.reserveCapacity(height * row)
    for y in tile.rows.start..<tile.rows.start + height {
      let start = (y * self.width + tile.columns.start) * channels
      result += values[start..<start + row]
    }
    return HostTensor([1, height, width, channels], result)
  }

  /// Takes over the part to keep of a window's result, which has `scale` positions for each of the window's.
  mutating func keep(_ tile: TileGrid.Tile, of result: HostTensor, scale: Int) {
    let columns = tile.columns.kept, count = columns.count * scale * channels, floats = result.floats
    for y in tile.rows.kept.lowerBound * scale..<tile.rows.kept.upperBound * scale {
      let source =
        ((y - tile.rows.start * scale) * result.shape[2] + (columns.lowerBound - tile.columns.start) * scale) * channels
      let target = (y * width + columns.lowerBound * scale) * channels
      values.replaceSubrange(target..<target + count, with: floats[source..<source + count])
    }
  }
}
