import CVulkan
import ImagineGraph

/// How a product on matrix units divides its work: a workgroup's part of the result, the depth it holds at a time, and the
/// subgroups that share it.
struct MatrixTile: Hashable {
  let rows: Int, columns: Int, depth: Int
  let subgroupRows: Int, subgroupColumns: Int
  let units: MatrixUnits

  var threads: Int { subgroupRows * subgroupColumns * units.subgroupSize }

  /// Of both operands' tiles twice, in rows of a chunk more than needed, and of a matrix of sums for each subgroup
  /// (`product_coopmat.glsl`).
  func sharedBytes(isTransposed: Bool) -> Int {
    let chunk = 8, right = isTransposed ? columns * (depth + chunk) : depth * (columns + chunk)
    let stage = subgroupRows * subgroupColumns * units.matrix.rows * units.matrix.columns * 4
    return 2 * (rows * (depth + chunk) + right) * 2 + stage
  }

  /// Specialisation constants of `coopmat.glsl` and `product_tile_coopmat.glsl`.
  func constants() throws(VulkanError) -> [UInt32: UInt32] {
    [
      0: try rows.word, 1: try columns.word, 2: try depth.word, 3: try subgroupRows.word, 4: try subgroupColumns.word,
      5: try threads.word, 10: try units.matrix.rows.word, 11: try units.matrix.columns.word,
      12: try units.matrix.depth.word, 13: try units.subgroupSize.word,
    ]
  }

  /// Tiles that a result takes.
  func count(for shape: ProductShape) -> (rows: Int, columns: Int) {
    ((shape.rows + rows - 1) / rows, (shape.columns + columns - 1) / columns)
  }

  /// Whether the work divides evenly: among subgroups in whole matrices, and among threads in whole chunks.
  var isEven: Bool {
    let chunks = depth / 8
    return rows % (subgroupRows * units.matrix.rows) == 0 && columns % (subgroupColumns * units.matrix.columns) == 0
      && depth % units.matrix.depth == 0 && threads % chunks == 0 && rows * chunks % threads == 0
      && columns * chunks % threads == 0
  }

  /// Tiles that a device with these units may use, the largest first.
  ///
  /// A subgroup of 32 has 64 x 64 results of the largest: 128 registers each for sums, 20 for matrices of operands and 32
  /// for what is being loaded, so that two workgroups fit into the 65536 registers that cores have. The tile's 48 KiB are
  /// what the same devices give a workgroup. Smaller subgroups share the same tiles among more; the smallest are those of
  /// software drivers, which compile large tiles for minutes.
  static func all(_ units: MatrixUnits) -> [MatrixTile] {
    let few = units.subgroupSize >= 32 ? 2 : 4
    func tile(_ rows: Int, _ columns: Int, depth: Int, _ subgroups: Int) -> MatrixTile {
      MatrixTile(
        rows: rows, columns: columns, depth: depth, subgroupRows: subgroups, subgroupColumns: subgroups, units: units)
    }
    if units.isOfSoftware { return [tile(32, 32, depth: 16, 2)].filter(\.isEven) }
    return [
      tile(128, 128, depth: 32, few), tile(128, 64, depth: 32, 2), tile(64, 64, depth: 32, 2),
      tile(32, 32, depth: 32, 2), tile(32, 32, depth: 16, 2),
    ].filter(\.isEven)
  }
}

extension MatrixTile {
  /// What a tile's results cost, next to those of the largest: smaller tiles load more for each.
  private var cost: Double {
    switch rows * columns {
    case (128 * 128)...: 1
    case (128 * 64)...: 1.2
    case (64 * 64)...: 1.5
    default: 3
    }
  }

  /// The tile that takes a device the least time: rounds in which all cores have one, times the work of a tile.
  ///
  /// Nil if the device's limits allow none, or for products of anything but halves.
  /// - Parameters:
  ///   - cores: what runs workgroups.
  ///   - sharedBytes, threads: the device's limits of a workgroup.
  static func best(
    for shape: ProductShape, _ units: MatrixUnits, cores: Int, sharedBytes: Int, threads: Int
  ) -> MatrixTile? {
    guard shape.left == .float16, shape.right == .float16 else { return nil }
    let fitting = all(units).filter {
      $0.sharedBytes(isTransposed: shape.isTransposed) <= sharedBytes && $0.threads <= threads
    }
    func time(_ tile: MatrixTile) -> Double {
      let count = tile.count(for: shape), tiles = count.rows * count.columns * shape.batch
      return Double((tiles + cores - 1) / cores * tile.rows * tile.columns) * tile.cost
    }
    return fitting.min { time($0) < time($1) }
  }
}

extension MatrixTile {
  /// Nil where other kernels have to compute the product.
  init?(for shape: ProductShape, on context: VulkanContext) {
    guard let units = context.matrixUnits else { return nil }
    let limits = context.device.physical.limits
    let best = Self.best(
      for: shape, units, cores: 32, sharedBytes: Int(limits.maxComputeSharedMemorySize),
      threads: Int(limits.maxComputeWorkGroupInvocations))
    guard let best else { return nil }
    self = best
  }
}
