/// How a product divides its work: a workgroup's part of the result, the depth it holds at a time, and the threads that
/// share it.
struct ProductTile: Hashable {
  let rows: Int, columns: Int, depth: Int
  let threadRows: Int, threadColumns: Int

  static let small = ProductTile(rows: 32, columns: 32, depth: 16, threadRows: 8, threadColumns: 8)

  var threads: Int { threadRows * threadColumns }

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
}
