import ImagineGraph

/// How a product divides its work: a workgroup's tile, and the threads that share it.
struct ProductTile {
  let rows: Int, columns: Int, depth: Int
  let threadRows: Int, threadColumns: Int

  static let small = ProductTile(rows: 32, columns: 32, depth: 16, threadRows: 8, threadColumns: 8)

  func constants() throws(VulkanError) -> [UInt32: UInt32] {
    [
      0: try rows.word, 1: try columns.word, 2: try depth.word, 3: try threadRows.word, 4: try threadColumns.word,
      5: try (threadRows * threadColumns).word,
    ]
  }

  func workgroups(rows: Int, columns: Int, batch: Int) -> (x: Int, y: Int, z: Int) {
    ((rows + self.rows - 1) / self.rows, (columns + self.columns - 1) / self.columns, batch)
  }
}

/// x [..., in], weight [out, in] -> [..., out].
func linear(_ epilogue: Epilogue, _ operands: [Value], _ result: Value) throws -> Dispatch {
  let x = operands[0], columns = result.shape.last, inner = x.shape.last
  return try product(
    "matmul", x, operands[1], [9: 1], constants: [result.rows, columns, inner], rows: result.rows, columns: columns,
    batch: 1, epilogue, operands, result)
}

/// a [..., M, K] times b [..., K, N], or b [..., N, K].
func matmul(_ a: Value, _ b: Value, transposeB: Bool, _ result: Value) throws -> Dispatch {
  let rows = a.shape[a.shape.rank - 2], columns = result.shape.last
  let batch = a.shape.dimensions.dropLast(2).reduce(1, *)
  return try product(
    "matmul", a, b, [9: transposeB ? 1 : 0], constants: [rows, columns, a.shape.last], rows: rows, columns: columns,
    batch: batch, Epilogue(), [a, b], result)
}

/// x [N, H, W, in], weight [out, kh, kw, in] (shaped as in the file) -> [N, H', W', out].
func conv2d(
  _ convolution: Convolution, _ epilogue: Epilogue, _ operands: [Value], _ result: Value
) throws -> Dispatch {
  let x = operands[0], kernel = operands[1].shape
  let rows = result.rows, columns = result.shape.last, inner = kernel[1] * kernel[2] * kernel[3]
  return try product(
    "conv2d", x, operands[1], [:],
    constants: [
      rows, columns, inner, x.shape[1], x.shape[2], x.shape[3], result.shape[1], result.shape[2], kernel[3],
      convolution.stride, convolution.padding.top, convolution.padding.left,
    ],
    rows: rows, columns: columns, batch: 1, epilogue, operands, result)
}

private func product(
  _ kernel: String, _ left: Value, _ right: Value, _ specialisation: [UInt32: UInt32], constants: [Int], rows: Int,
  columns: Int, batch: Int, _ epilogue: Epilogue, _ operands: [Value], _ result: Value
) throws -> Dispatch {
  guard left.type.elementType == right.type.elementType else {
    throw VulkanError(
      .unsupported, "A product of \(left.type) and \(right.type): kernels for Vulkan multiply equal types.")
  }
  let tile = ProductTile.small
  var words: [UInt32] = []
  for constant in constants { words.append(try constant.word) }
  let choices: [UInt32: UInt32] = [
    6: epilogue.bias ? 1 : 0, 7: epilogue.activation.kernelConstant, 8: epilogue.residual ? 1 : 0,
  ]
  var dispatch = Dispatch(
    "\(kernel)_\(try left.type.elementType.kernelSuffix)",
    try tile.constants().merging(choices) { $1 }.merging(specialisation) { $1 }, [left.span, right.span],
    result: result.span, constants: words,
    workgroups: tile.workgroups(rows: rows, columns: columns, batch: batch))
  if epilogue.bias {
    guard operands[2].type.elementType == .float32 else {
      throw VulkanError(.unsupported, "The bias is \(operands[2].type); a bias is float32.")
    }
    dispatch.operands[3] = operands[2].span
  }
  if epilogue.residual { dispatch.operands[4] = operands[operands.count - 1].span }
  return dispatch
}
