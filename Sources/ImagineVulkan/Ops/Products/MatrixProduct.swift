import ImagineGraph

/// A product on matrix units.
///
/// - Parameter operands: left and right matrix, then what the epilogue adds.
func matrixProduct(
  _ shape: ProductShape, _ tile: MatrixTile, _ operands: [Value], _ result: Value
) throws -> Dispatch {
  var constants = [shape.rows, shape.columns, shape.depth, shape.depth]
  if let pixels = shape.pixels {
    constants += [
      pixels.height, pixels.width, pixels.channels, pixels.height, pixels.width, pixels.resultHeight,
      pixels.resultWidth, pixels.kernelWidth, pixels.stride, pixels.top, pixels.left,
    ]
  }
  let count = tile.count(for: shape), chunk = 8
  var dispatch = Dispatch(
    "\(shape.pixels == nil ? "matmul" : "conv2d")_coopmat_\(try shape.left.kernelSuffix)", try tile.constants(),
    operands.prefix(2).map(\.span), result: result.span,
    constants: try constants.map { number throws(VulkanError) in try number.word },
    workgroups: (count.columns, count.rows, shape.batch))
  dispatch.kernel.subgroupSize = tile.units.subgroupSize
  dispatch.kernel.constants.merge([
    9: shape.isTransposed ? 1 : 0, 14: (shape.pixels?.channels ?? shape.depth) % chunk == 0 ? 1 : 0,
    15: (shape.isTransposed ? shape.depth : shape.columns) % chunk == 0 ? 1 : 0,
    16: shape.columns % chunk == 0 ? 1 : 0,
  ]) { $1 }
  try dispatch.add(shape.epilogue, operands)
  return dispatch
}
