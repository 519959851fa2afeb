import ImagineGraph

/// - Parameters:
///   - operands: left and right matrix, then what the epilogue adds.
///   - scratch: what the variant needs for the sums of a divided product.
func product(
  _ shape: ProductShape, _ variant: ProductVariant, _ operands: [Value], _ result: Value, scratch: BufferSpan?
) throws -> [Dispatch] {
  guard shape.left == shape.right else {
    throw VulkanError(
      .unsupported,
      "A product of \(operands[0].type) and \(operands[1].type): kernels for Vulkan multiply equal types.")
  }
  switch variant.kernel {
  case .plain:
    return [try plainProduct(shape, variant.tile, operands, result)]
  case .tiled where variant.parts == 1:
    var dispatch = try tiledProduct(shape, variant, operands, result.span)
    dispatch.kernel.constants[11] = shape.isGated ? 1 : 0
    try dispatch.add(shape.epilogue, operands)
    return [dispatch]
  case .tiled:
    let scratch = try placed(scratch)
    var dispatch = try tiledProduct(shape, variant, operands, scratch)
    dispatch.kernel.constants[12] = 1
    return [dispatch, try sum(of: variant.parts, shape, scratch, operands, result)]
  case .matrix(let tile) where variant.parts == 1:
    var dispatch = try matrixProduct(shape, tile, parts: 1, operands, result.span)
    dispatch.kernel.constants[17] = shape.isGated ? 1 : 0
    try dispatch.add(shape.epilogue, operands)
    return [dispatch]
  case .matrix(let tile):
    let scratch = try placed(scratch)
    let dispatch = try matrixProduct(shape, tile, parts: variant.parts, operands, scratch)
    return [dispatch, try sum(of: variant.parts, shape, scratch, operands, result)]
  }
}

private func placed(_ scratch: BufferSpan?) throws(VulkanError) -> BufferSpan {
  guard let scratch else { throw VulkanError(.failed, "The memory plan has no place for the sums of a product.") }
  return scratch
}

private func plainProduct(
  _ shape: ProductShape, _ tile: ProductTile, _ operands: [Value], _ result: Value
) throws -> Dispatch {
  var constants = [shape.rows, shape.columns, shape.depth]
  constants += shape.pixels?.constants ?? []
  let count = tile.count(for: shape)
  var dispatch = Dispatch(
    "\(shape.pixels == nil ? "matmul" : "conv2d")_\(try shape.left.kernelSuffix)", try tile.constants(),
    operands.prefix(2).map(\.span), result: result.span, constants: try words(constants),
    workgroups: (count.rows, count.columns, shape.batch))
  dispatch.kernel.constants[9] = shape.isTransposed ? 1 : 0
  dispatch.kernel.constants[13] = shape.pixels?.isUpsampled == true ? 1 : 0
  dispatch.kernel.constants[24] = shape.sharesLeft ? 1 : 0
  dispatch.kernel.constants.merge(shape.pixels?.doubling ?? [:]) { $1 }
  try dispatch.add(shape.epilogue, operands)
  return dispatch
}

/// The product, or sums of its parts, without the epilogue.
private func tiledProduct(
  _ shape: ProductShape, _ variant: ProductVariant, _ operands: [Value], _ result: BufferSpan
) throws -> Dispatch {
  let tile = variant.tile, slabs = shape.slabs(tile), chunk = (slabs + variant.parts - 1) / variant.parts
  let constants =
    if let pixels = shape.pixels {
      [
        shape.rows, shape.columns, chunk, pixels.height, pixels.width, pixels.channels, pixels.upsampledHeight,
        pixels.upsampledWidth, pixels.resultHeight, pixels.resultWidth, pixels.kernelHeight, pixels.kernelWidth,
        pixels.stride, pixels.top, pixels.left,
      ]
    } else {
      [shape.rows, shape.columns, shape.depth, chunk]
    }
  let count = tile.count(for: shape)
  var dispatch = Dispatch(
    "\(shape.pixels == nil ? "matmul" : "conv2d")_tiled_\(try shape.left.kernelSuffix)", try tile.constants(),
    operands.prefix(2).map(\.span), result: result, constants: try words(constants),
    workgroups: (count.columns, count.rows, variant.parts * shape.batch))
  let group = shape.isGated && variant.parts == 1 ? 8 : 4
  dispatch.kernel.constants.merge([
    9: shape.isTransposed ? 1 : 0, 10: shape.columns % group == 0 ? 1 : 0,
    13: shape.pixels?.isUpsampled == true ? 1 : 0, 24: shape.sharesLeft ? 1 : 0,
  ]) { $1 }
  dispatch.kernel.constants.merge(shape.pixels?.doubling ?? [:]) { $1 }
  return dispatch
}

/// Adds the sums of a divided product and ends it.
private func sum(
  of parts: Int, _ shape: ProductShape, _ sums: BufferSpan, _ operands: [Value], _ result: Value
) throws -> Dispatch {
  var dispatch = Dispatch(
    "product_sum_\(try shape.left.kernelSuffix)", [11: shape.isGated ? 1 : 0], [sums], result: result.span,
    constants: try words([result.count, shape.columns, shape.rows * shape.columns, parts]),
    workgroups: Dispatch.workgroups(for: result.count, size: 256))
  try dispatch.add(shape.epilogue, operands)
  return dispatch
}

func words(_ numbers: [Int]) throws(VulkanError) -> [UInt32] {
  var words: [UInt32] = []
  for number in numbers { words.append(try number.word) }
  return words
}

extension Dispatch {
  /// Specialisation constants and operands of `epilogue.glsl`.
  fileprivate mutating func add(_ epilogue: Epilogue, _ operands: [Value]) throws(VulkanError) {
    kernel.constants.merge([
      6: epilogue.bias ? 1 : 0, 7: epilogue.activation.kernelNumber, 8: epilogue.residual ? 1 : 0,
    ]) { $1 }
    if epilogue.bias {
      guard operands[2].type.elementType == .float32 else {
        throw VulkanError(.unsupported, "The bias is \(operands[2].type); a bias is float32.")
      }
      self.operands[3] = operands[2].span
    }
    if epilogue.residual { self.operands[4] = operands[operands.count - 1].span }
  }
}
