import ImagineGraph

/// - Parameter operands: left and right matrix, then what the epilogue adds.
func product(
  _ shape: ProductShape, _ variant: ProductVariant, _ operands: [Value], _ result: Value
) throws -> [Dispatch] {
  guard shape.left == shape.right else {
    throw VulkanError(
      .unsupported, "A product of \(operands[0].type) and \(operands[1].type): kernels for Vulkan multiply equal types."
    )
  }
  return switch variant.kernel {
  case .plain: [try plainProduct(shape, variant.tile, operands, result)]
  case .matrix(let tile): [try matrixProduct(shape, tile, operands, result)]
  }
}

private func plainProduct(
  _ shape: ProductShape, _ tile: ProductTile, _ operands: [Value], _ result: Value
) throws -> Dispatch {
  var constants = [shape.rows, shape.columns, shape.depth]
  if let pixels = shape.pixels {
    constants += [
      pixels.height, pixels.width, pixels.channels, pixels.resultHeight, pixels.resultWidth, pixels.kernelWidth,
      pixels.stride, pixels.top, pixels.left,
    ]
  }
  let count = tile.count(for: shape)
  var dispatch = Dispatch(
    "\(shape.pixels == nil ? "matmul" : "conv2d")_\(try shape.left.kernelSuffix)",
    try tile.constants().merging([9: shape.isTransposed ? 1 : 0]) { $1 }, operands.prefix(2).map(\.span),
    result: result.span, constants: try constants.map { number throws(VulkanError) in try number.word },
    workgroups: (count.rows, count.columns, shape.batch))
  try dispatch.add(shape.epilogue, operands)
  return dispatch
}

extension Dispatch {
  /// Specialisation constants and operands of `epilogue.glsl`.
  mutating func add(_ epilogue: Epilogue, _ operands: [Value]) throws {
    kernel.constants.merge([
      6: epilogue.bias ? 1 : 0, 7: epilogue.activation.kernelConstant, 8: epilogue.residual ? 1 : 0,
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
