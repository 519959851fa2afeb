import ImagineGraph

/// How a product on matrix units divides its work: a workgroup's part of the result, the depth it holds at a time, and the
/// subgroups that share it.
struct MatrixTile: Hashable {
  let rows: Int, columns: Int, depth: Int
  let subgroupRows: Int, subgroupColumns: Int
  /// Copies of the operands' tiles: with two, one is filled while the other is multiplied.
  let sides: Int
  let units: MatrixUnits

  var threads: Int { subgroupRows * subgroupColumns * units.subgroupSize }

  /// Of both operands' tiles, in rows of a chunk more than needed, where each subgroup's rows of sums lie in the end
  /// (`product_coopmat.glsl`).
  func sharedBytes(isTransposed: Bool) -> Int {
    let chunk = 8, right = isTransposed ? columns * (depth + chunk) : depth * (columns + chunk)
    let stages = subgroupRows * subgroupColumns * units.matrix.rows * (columns / subgroupColumns + 4) * 4
    return max(sides * (rows * (depth + chunk) + right) * 2, stages)
  }

  /// Specialisation constants of `coopmat.glsl` and `product_tile_coopmat.glsl`.
  func constants() throws(VulkanError) -> [UInt32: UInt32] {
    [
      0: try rows.word, 1: try columns.word, 2: try depth.word, 3: try subgroupRows.word, 4: try subgroupColumns.word,
      5: try threads.word, 10: try units.matrix.rows.word, 11: try units.matrix.columns.word,
      12: try units.matrix.depth.word, 13: try units.subgroupSize.word, 20: try sides.word,
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

  /// Tiles that a device with these units may use.
  ///
  /// A subgroup of 32 has 64 x 64 results of the largest: 128 registers each for sums, 20 for matrices of operands and 32
  /// for what is being loaded, so that two workgroups fit into the 65536 registers that cores have. One copy of the
  /// tiles leaves room for a depth of 64, which is worth more than loading into a second one. Those of 160 columns are for
  /// widths that are multiples of 320, of which 128 would leave a sixth unused. Smaller subgroups share the same tiles among
  /// more; the smallest are those of software drivers, which compile large tiles for minutes.
  static func all(_ units: MatrixUnits) -> [MatrixTile] {
    func tile(_ rows: Int, _ columns: Int, depth: Int, _ subgroups: (rows: Int, columns: Int), sides: Int = 1)
      -> MatrixTile
    {
      MatrixTile(
        rows: rows, columns: columns, depth: depth, subgroupRows: subgroups.rows, subgroupColumns: subgroups.columns,
        sides: sides, units: units)
    }
    if units.isOfSoftware {
      return [tile(32, 32, depth: 16, (2, 2)), tile(16, 16, depth: 16, (2, 1), sides: 2)].filter(\.isEven)
    }
    let share = units.subgroupSize >= 32 ? 1 : 2
    return [
      tile(128, 128, depth: 64, (2 * share, 2 * share)), tile(128, 128, depth: 64, (2 * share, 4 * share)),
      tile(128, 160, depth: 64, (4 * share, 2 * share)), tile(64, 160, depth: 64, (2 * share, 2 * share)),
      tile(128, 64, depth: 64, (2, 2)), tile(64, 64, depth: 64, (2, 2)), tile(32, 64, depth: 64, (2, 2), sides: 2),
      tile(128, 64, depth: 32, (2, 2)), tile(32, 32, depth: 32, (2, 2)), tile(32, 32, depth: 16, (2, 2)),
    ].filter(\.isEven)
  }
}

extension MatrixTile {
  /// What a tile's results cost, next to those of the largest: smaller tiles load more for each, and so do smaller blocks of
  /// a subgroup. Measured on an H100, at shapes that divide evenly.
  private var cost: Double {
    let blocks = subgroupRows * subgroupColumns
    switch (rows, columns, depth) {
    case (128, 128, 64): return blocks <= 4 ? 1 : 1.08
    case (128, 160, _): return 1.08
    case (64, 160, _): return 1.35
    case (128, 64, 64): return 1.25
    case (64, 64, _): return 1.5
    case (32, 64, _): return 2
    case (128, 64, _): return 1.6
    default: return 3
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

  /// What a product takes a device, counted in products that a core adds while it has two workgroups.
  ///
  /// Cores take workgroups two at a time. One alone takes more than half the time of two, since nothing else is done while
  /// it waits: with eight subgroups little more. A workgroup begins and ends for about 1.5 million. A step of its depth takes
  /// half a million for which its loads are on their way, and more for larger ones, if its products do not take longer. A
  /// divided depth costs about 440 for each sum that is stored and read again, and 5 million to start another kernel (on a
  /// card of 132 cores, 358 TFLOP/s and 3 TB/s).
  func time(for shape: ProductShape, parts: Int, cores: Int) -> Double {
    let count = count(for: shape), workgroups = count.rows * count.columns * shape.batch * parts
    let steps = Double(partDepth(of: shape.depth, parts: parts) / depth)
    let sumsOfStep = Double(rows * columns * depth)
    let each = steps * max(sumsOfStep * cost, 0.5e6 + 0.3 * sumsOfStep) + 1.5e6
    let rounds = workgroups / (2 * cores), rest = workgroups % (2 * cores)
    let alone = subgroupRows * subgroupColumns >= 8 ? 1.1 : 1.3
    let last = rest == 0 ? 0 : rest <= cores ? alone : 2
    let sums = each * (Double(2 * rounds) + last)
    return parts == 1 ? sums : sums + 5e6 + Double(parts * shape.rows * shape.columns * 440 / cores)
  }

  func fits(_ shape: ProductShape, _ device: ProductDevice) -> Bool {
    sharedBytes(isTransposed: shape.isTransposed) <= device.sharedBytes && threads <= device.threads
  }

  /// Into how many parts a depth might be divided with gain; the products of a batch are not divided.
  static func partsWorthTrying(_ shape: ProductShape) -> [Int] {
    shape.batch == 1 ? Array(1...max(1, min(mostParts, shape.depth / 256))) : [1]
  }

  private static let mostParts = 16

  /// The tile that takes a device the least time, as measured or else as reckoned, and in how many parts the depth is
  /// divided for it.
  ///
  /// Nil if the device has no matrix units or its limits allow no tile, and for products of anything but halves.
  ///
  /// - Parameter divided: whether the depth may be divided.
  static func best(
    for shape: ProductShape, on device: ProductDevice, divided: Bool = true
  ) -> (tile: MatrixTile, parts: Int)? {
    guard let units = device.units, shape.left == .float16, shape.right == .float16 else { return nil }
    let fitting = (device.forced.matrixTile.map { [$0] } ?? all(units)).filter { $0.fits(shape, device) }
    if device.forced == ForcedProduct(), let measured = device.tuned[shape],
      (divided ? 1...mostParts : 1...1).contains(measured.parts),
      let tile = fitting.first(where: { TuningTable.Choice($0, parts: measured.parts) == measured })
    {
      return (tile, tile.parts(of: shape.depth, wanted: measured.parts))
    }
    let forced = device.forced.parts.map { [shape.batch == 1 ? $0 : 1] }
    let wanted = divided ? forced ?? partsWorthTrying(shape) : [1]
    let choices = fitting.flatMap { tile in
      wanted.map { (tile: tile, parts: tile.parts(of: shape.depth, wanted: $0)) }
    }
    func time(_ choice: (tile: MatrixTile, parts: Int)) -> Double {
      choice.tile.time(for: shape, parts: choice.parts, cores: device.cores)
    }
    return choices.min { time($0) < time($1) }
  }
}
