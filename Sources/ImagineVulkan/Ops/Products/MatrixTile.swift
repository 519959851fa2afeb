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

  /// Parts of whole tiles' depths that a depth comes to when it is divided into about as many as wanted.
  func parts(of depth: Int, wanted: Int) -> Int {
    let part = partDepth(of: depth, parts: wanted)
    return (depth + part - 1) / part
  }

  /// Of all parts but the last.
  func partDepth(of depth: Int, parts: Int) -> Int {
    let slabs = max((depth + self.depth - 1) / self.depth, 1)
    return (slabs + parts - 1) / parts * self.depth
  }

  /// The tile that takes a device the least time, and in how many parts the depth is divided for it.
  ///
  /// Time is counted in products that a core has added: rounds in which all cores have a tile, times its work. A divided
  /// depth costs about 440 of these for each sum that is stored and read again, and 5 million to start another kernel (on
  /// a card of 132 cores, 470 TFLOP/s and 4.3 TB/s).
  ///
  /// Nil if the device has no matrix units or its limits allow no tile, and for products of anything but halves.
  static func best(for shape: ProductShape, on device: ProductDevice) -> (tile: MatrixTile, parts: Int)? {
    guard let units = device.units, shape.left == .float16, shape.right == .float16 else { return nil }
    let most = shape.batch == 1 ? max(1, min(8, shape.depth / 256)) : 1
    let wanted = device.forced.parts.map { [shape.batch == 1 ? $0 : 1] } ?? Array(1...most)
    func time(_ tile: MatrixTile, _ parts: Int) -> Double {
      let count = tile.count(for: shape), workgroups = count.rows * count.columns * shape.batch * parts
      let rounds = (workgroups + device.cores - 1) / device.cores
      let sums = Double(rounds * tile.rows * tile.columns * tile.partDepth(of: shape.depth, parts: parts)) * tile.cost
      return parts == 1 ? sums : sums + 5e6 + Double(parts * shape.rows * shape.columns * 440 / device.cores)
    }
    let fitting = (device.forced.matrixTile.map { [$0] } ?? all(units)).filter {
      $0.sharedBytes(isTransposed: shape.isTransposed) <= device.sharedBytes && $0.threads <= device.threads
    }
    let choices = fitting.flatMap { tile in
      wanted.map { (tile: tile, parts: tile.parts(of: shape.depth, wanted: $0)) }
    }
    return choices.min { time($0.tile, $0.parts) < time($1.tile, $1.parts) }
  }
}
