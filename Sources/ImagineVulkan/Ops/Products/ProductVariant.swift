import ImagineGraph

/// The kernel that computes a product, and how it divides the work.
struct ProductVariant: Hashable {
  enum Kernel: Hashable {
    /// Any shape, one element at a time: `matmul`, `conv2d`.
    case plain
    /// Results in registers, operands loaded in vectors of 16 bytes: `matmul_tiled`, `conv2d_tiled`.
    case tiled
    /// On matrix units: `matmul_coopmat`, `conv2d_coopmat`.
    case matrix(MatrixTile)
  }

  let kernel: Kernel
  /// Of kernels without matrix units.
  let tile: ProductTile
  /// In how many the depth is divided; the sums of each are kept in scratch memory and then added.
  var parts = 1

  /// Whether values and gates that are columns side by side come to one thread.
  var canGate: Bool { kernel != .plain }

  /// Bytes of the sums of a divided product.
  func scratchBytes(for shape: ProductShape) -> Int { parts == 1 ? 0 : parts * shape.rows * shape.columns * 4 }
}
