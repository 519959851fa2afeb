import ImagineGraph

/// The kernel that computes a product, and how it divides the work.
struct ProductVariant: Hashable {
  enum Kernel: Hashable {
    /// Any shape, one element at a time: `matmul`, `conv2d`.
    case plain
    /// On matrix units: `matmul_coopmat`, `conv2d_coopmat`.
    case matrix(MatrixTile)
  }

  let kernel: Kernel
  let tile: ProductTile

  /// The one place where a product's kernel is chosen.
  init(for shape: ProductShape, on context: VulkanContext) {
    if let tile = MatrixTile(for: shape, on: context) {
      self.init(kernel: .matrix(tile), tile: .small)
    } else {
      self.init(kernel: .plain, tile: .small)
    }
  }

  init(kernel: Kernel, tile: ProductTile) {
    self.kernel = kernel
    self.tile = tile
  }
}
