import ImagineGraph

func activation(_ function: Activation, _ x: Value, _ result: Value) throws -> Dispatch {
  Dispatch(
    "activation_\(try x.type.elementType.kernelSuffix)", [0: Optional(function).kernelNumber], [x.span],
    result: result.span, constants: [try result.count.word], workgroups: vectorWorkgroups(x))
}

/// x [..., C], slopes [C] or [1].
func prelu(_ x: Value, slopes: Value, _ result: Value) throws -> Dispatch {
  Dispatch(
    "prelu_\(try x.type.elementType.kernelSuffix)", [:], [x.span, slopes.span], result: result.span,
    constants: [try result.count.word, try slopes.count.word], workgroups: vectorWorkgroups(x))
}

func scale(_ factor: Float, _ x: Value, _ result: Value) throws -> Dispatch {
  Dispatch(
    "scale_\(try x.type.elementType.kernelSuffix)", [:], [x.span], result: result.span,
    constants: [try result.count.word, factor.word], workgroups: vectorWorkgroups(x))
}

/// x [..., 2 C] -> [..., C].
func glu(_ function: Activation, _ x: Value, _ result: Value) throws -> Dispatch {
  let vectors = result.shape.last % x.type.elementType.lanes == 0
  return Dispatch(
    "glu_\(try x.type.elementType.kernelSuffix)", [0: vectors ? 1 : 0, 1: Optional(function).kernelNumber], [x.span],
    result: result.span,
    constants: [try result.count.word, try result.shape.last.word],
    workgroups: vectors ? vectorWorkgroups(result) : Dispatch.workgroups(for: result.count, size: 256))
}

/// a + b or a * b; an extent of 1 in b is repeated.
func binary(multiply: Bool, _ a: Value, _ b: Value, _ result: Value) throws -> Dispatch {
  let axes = FourAxes(a.shape, b.shape.broadcastStrides), vectors = axes.inVectors(of: a.type.elementType.lanes)
  return Dispatch(
    "binary_\(try a.type.elementType.kernelSuffix)", [0: multiply ? 1 : 0, 1: vectors ? 1 : 0], [a.span, b.span],
    result: result.span, constants: try axes.words() + [try result.count.word],
    workgroups: vectors ? vectorWorkgroups(a) : Dispatch.workgroups(for: result.count, size: 256))
}

/// Between floats and the 16-bit type, and from integers to both; between equal types a copy.
func cast(_ x: Value, _ result: Value) throws -> Dispatch {
  let from = x.type.elementType, to = result.type.elementType
  if from == to { return try permutation(of: x, axes: Array(0..<x.shape.rank), into: result.span, to) }
  let constants = [try result.count.word]
  switch (from, to) {
  case (.int32, _):
    return Dispatch(
      "integers_to_floats_\(try to.kernelSuffix)", [:], [x.span], result: result.span, constants: constants,
      workgroups: Dispatch.workgroups(for: result.count, size: 256))
  case (_, .float32):
    return Dispatch(
      "cast_\(try from.kernelSuffix)", [0: 1], [x.span], result: result.span, constants: constants,
      workgroups: vectorWorkgroups(x))
  case (.float32, _):
    var dispatch = Dispatch(
      "cast_\(try to.kernelSuffix)", [0: 0], [], result: result.span, constants: constants,
      workgroups: vectorWorkgroups(result))
    dispatch.operands[1] = x.span
    return dispatch
  default:
    throw VulkanError(.unsupported, "There is no kernel that casts \(from) to \(to).")
  }
}

/// Of a kernel whose invocations do 16 bytes of this value, or what is left of the last.
private func vectorWorkgroups(_ x: Value) -> (x: Int, y: Int, z: Int) {
  let lanes = x.type.elementType.lanes
  return Dispatch.workgroups(for: (x.count + lanes - 1) / lanes, size: 256)
}
