import ImagineGraph

/// A product on matrix units, or sums of its parts, without the epilogue.
func matrixProduct(
  _ shape: ProductShape, _ tile: MatrixTile, parts: Int, _ operands: [Value], _ result: BufferSpan
) throws -> Dispatch {
  var constants = [shape.rows, shape.columns, shape.depth, tile.partDepth(of: shape.depth, parts: parts)]
  constants += shape.pixels?.constants ?? []
  let count = tile.count(for: shape), chunk = 8
  let leftDepth = shape.pixels?.channels ?? shape.depth, rightRow = shape.isTransposed ? shape.depth : shape.columns
  var dispatch = Dispatch(
    "\(shape.pixels == nil ? "matmul" : "conv2d")_coopmat_\(try shape.left.kernelSuffix)", try tile.constants(),
    operands.prefix(2).map(\.span), result: result, constants: try words(constants),
    workgroups: (count.columns, count.rows, shape.batch * parts))
  dispatch.kernel.subgroupSize = tile.units.subgroupSize
  dispatch.kernel.constants.merge([
    9: shape.isTransposed ? 1 : 0, 14: leftDepth % chunk == 0 ? 1 : 0, 15: rightRow % chunk == 0 ? 1 : 0,
    16: shape.columns % chunk == 0 ? 1 : 0, 18: parts == 1 ? 0 : 1, 19: shape.pixels?.isUpsampled == true ? 1 : 0,
    21: leftDepth % tile.depth == 0 && rightRow % chunk == 0 ? 1 : 0, 24: shape.sharesLeft ? 1 : 0,
  ]) { $1 }
  dispatch.kernel.constants.merge(shape.pixels?.doubling ?? [:]) { $1 }
  return dispatch
}
