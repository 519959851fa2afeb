import ImagineGraph

/// The one place where a product's kernel is chosen: from the shape, the number format, and the device.
extension ProductVariant {
  init(for shape: ProductShape, on device: ProductDevice) {
    let best = device.tier.products.lazy.compactMap { ProductVariant($0, for: shape, on: device) }.first
    self = best ?? ProductVariant(kernel: .plain, tile: .plain)
  }

  /// Nil where the kernels do not take the shape, or no tile of theirs fits the device.
  private init?(_ kernels: ProductKernels, for shape: ProductShape, on device: ProductDevice) {
    switch kernels {
    case .plain:
      self.init(kernel: .plain, tile: .plain)
    case .tiled:
      guard shape.isVectors else { return nil }
      self.init(tiled: shape, on: device)
    case .matrices:
      guard let (tile, parts) = MatrixTile.best(for: shape, on: device) else { return nil }
      self.init(kernel: .matrix(tile), tile: .plain, parts: parts)
    }
  }

  /// The largest tile of which there are two for each core, else tiles with their depth divided, else small ones: what
  /// engines for the same graphics cards have arrived at, too.
  ///
  /// Nil if the device's limits allow no tile.
  private init?(tiled shape: ProductShape, on device: ProductDevice) {
    guard device.fits(.small) else { return nil }
    if let tile = device.forced.tile {
      self.init(kernel: .tiled, tile: tile, parts: shape.parts(wanted: device.forced.parts ?? 1, tile))
      return
    }
    let enough = 2 * device.cores
    let tiles = [ProductTile.large, .tall, .medium].filter { device.fits($0) && !shape.isPadded(much: $0) }
    func divided(_ tile: ProductTile) -> ProductVariant {
      let wanted = (enough + tile.workgroups(for: shape) - 1) / max(tile.workgroups(for: shape), 1)
      let parts = device.forced.parts ?? (shape.depth < 2048 ? 1 : min(wanted, 8, shape.depth / 256))
      return ProductVariant(kernel: .tiled, tile: tile, parts: shape.parts(wanted: parts, tile))
    }
    if let tile = tiles.first(where: { $0.workgroups(for: shape) >= enough }) {
      self = divided(tile)
    } else if let tile = tiles.last, divided(tile).parts * tile.workgroups(for: shape) >= enough {
      self = divided(tile)
    } else {
      self = divided(.small)
    }
  }
}

extension ProductShape {
  /// Whether rows of both matrices can be loaded 16 bytes at a time.
  fileprivate var isVectors: Bool {
    let width = 16 / left.size
    return left == right && (pixels?.channels ?? depth) % width == 0 && (isTransposed || columns % width == 0)
  }

  /// Whether more than a quarter of the work of such tiles would be beyond the result's edges, more than of small ones.
  fileprivate func isPadded(much tile: ProductTile) -> Bool {
    func padded(_ tile: ProductTile) -> Int {
      let count = tile.count(for: self)
      return count.rows * tile.rows * count.columns * tile.columns
    }
    return padded(tile) * 4 > padded(.small) * 5
  }

  /// Slabs that the depth is made of: a convolution's do not reach from one tap into the next.
  func slabs(_ tile: ProductTile) -> Int {
    let channels = pixels?.channels ?? depth
    return (channels + tile.depth - 1) / tile.depth * (pixels?.taps ?? 1)
  }

  /// In how many parts of whole slabs the depth can be divided, close to the number wanted; the products of a batch are
  /// not divided.
  fileprivate func parts(wanted: Int, _ tile: ProductTile) -> Int {
    let slabs = slabs(tile)
    guard batch == 1, wanted > 1, slabs > 1 else { return 1 }
    let chunk = (slabs + wanted - 1) / wanted
    return (slabs + chunk - 1) / chunk
  }
}
