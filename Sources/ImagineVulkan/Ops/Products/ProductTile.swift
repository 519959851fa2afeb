/// How a product divides its work: a workgroup's part of the result, the depth it holds at a time, and the threads that
/// share it.
struct ProductTile: Hashable {
  let rows: Int, columns: Int, depth: Int
  let threadRows: Int, threadColumns: Int

  /// Of the kernels that take any shape.
  static let plain = ProductTile(rows: 32, columns: 32, depth: 16, threadRows: 8, threadColumns: 8)

  // Of the kernels with results in registers; a thread has eight columns. In the largest it has 8 x 8 results: 64
  // registers for sums, 36 for a line of both operands, at most 16 for what is being loaded and a dozen for addresses, so
  // that two workgroups of 256 threads fit into the 65536 registers that cores have.
  static let large = ProductTile(rows: 128, columns: 128, depth: 16, threadRows: 16, threadColumns: 16)
  static let tall = ProductTile(rows: 128, columns: 64, depth: 16, threadRows: 16, threadColumns: 8)
  static let medium = ProductTile(rows: 64, columns: 64, depth: 16, threadRows: 8, threadColumns: 8)
  static let small = ProductTile(rows: 32, columns: 32, depth: 16, threadRows: 16, threadColumns: 4)

  var threads: Int { threadRows * threadColumns }

  /// Of slabs of both operands as 32-bit floats, in lines that are four longer than needed (`product_tiled.glsl`).
  var sharedBytes: Int { (rows + columns) * (depth + 4) * 4 }

  /// Specialisation constants of the kernels of products.
  func constants() throws(VulkanError) -> [UInt32: UInt32] {
    [
      0: try rows.word, 1: try columns.word, 2: try depth.word, 3: try threadRows.word, 4: try threadColumns.word,
      5: try threads.word,
    ]
  }

  /// Tiles that a result takes.
  func count(for shape: ProductShape) -> (rows: Int, columns: Int) {
    ((shape.rows + rows - 1) / rows, (shape.columns + columns - 1) / columns)
  }

  /// Workgroups that a product takes, its depth undivided.
  func workgroups(for shape: ProductShape) -> Int {
    let count = count(for: shape)
    return count.rows * count.columns * shape.batch
  }
}
