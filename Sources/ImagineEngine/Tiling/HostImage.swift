internal import ImagineGraph
internal import ImagineModels

/// How large an image between two parts of a network is.
struct ImageSize: Hashable {
  let height: Int, width: Int, channels: Int

  var shape: Shape { [1, height, width, channels] }
}

/// Values of one image on the host, [height, width, channels], that tiles are cut from and put together to.
struct HostImage {
  let size: ImageSize
  private(set) var values: [Float]

  var height: Int { size.height }
  var width: Int { size.width }
  var channels: Int { size.channels }

  /// - Throws: `StageFailure` if there is no memory for it.
  init(_ size: ImageSize) throws {
    let count = size.shape.count
    guard HostMemory.has(count * 4) else {
      throw StageFailure(
        .outOfMemory,
        "There is no memory left for values between tiles, \(count * 4) bytes: choose a smaller size, or close other "
          + "programs."
      )
    }
    self.size = size
    values = [Float](repeating: 0, count: count)
  }

  /// - Parameter tensor: [1, height, width, channels].
  init(_ tensor: HostTensor) {
    size = ImageSize(height: tensor.shape[1], width: tensor.shape[2], channels: tensor.shape[3])
    values = tensor.floats
  }

  var tensor: HostTensor { HostTensor(size.shape, values) }

  /// The values of a window, which goes on at the opposite edge where it reaches beyond one: [1, height, width, channels].
  func window(_ tile: TileGrid.Tile, height: Int, width: Int) -> HostTensor {
    var result: [Float] = []
    result.reserveCapacity(height * width * channels)
    for row in tile.rows.start..<tile.rows.start + height {
      let y = row.wrapped(into: self.height)
      var column = tile.columns.start
      while column < tile.columns.start + width {
        let x = column.wrapped(into: self.width)
        let count = min(tile.columns.start + width - column, self.width - x)
        let start = (y * self.width + x) * channels
        result += values[start..<start + count * channels]
        column += count
      }
    }
    return HostTensor([1, height, width, channels], result)
  }

  /// Takes over the part to keep of a window's result, whose positions lie by `scale` to the window's.
  mutating func keep(_ tile: TileGrid.Tile, of result: HostTensor, scale: PositionScale) {
    let floats = result.floats, columns = scale(tile.columns.keptInWindow), rows = scale(tile.rows.keptInWindow)
    let target = (row: scale(tile.rows.kept.lowerBound), column: scale(tile.columns.kept.lowerBound))
    for (index, row) in rows.enumerated() {
      let source = (row * result.shape[2] + columns.lowerBound) * channels
      let place = ((target.row + index) * width + target.column) * channels
      let count = columns.count * channels
      values.replaceSubrange(place..<place + count, with: floats[source..<source + count])
    }
  }
}

extension Int {
  /// The position on a ring of so many.
  fileprivate func wrapped(into extent: Int) -> Int {
    let rest = self % extent
    return rest < 0 ? rest + extent : rest
  }
}
