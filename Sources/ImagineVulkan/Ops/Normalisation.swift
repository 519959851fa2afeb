import ImagineGraph

/// x [N, ..., C], weight and bias [C].
func groupNorm(
  _ operands: [Value], groups: Int, epsilon: Float, _ activation: Activation?, _ result: Value
) throws -> Dispatch {
  let x = operands[0], images = x.shape[0], channels = x.shape.last
  let positions = images * channels == 0 ? 0 : x.count / images / channels
  return Dispatch(
    "group_norm_\(try x.type.elementType.kernelSuffix)", [0: activation.kernelConstant], operands.map(\.span),
    result: result.span,
    constants: [try positions.word, try channels.word, try (channels / groups).word, epsilon.word],
    workgroups: (x.count == 0 ? 0 : images * groups, 1, 1))
}

/// x [..., C], weight and bias [C].
func layerNorm(_ operands: [Value], epsilon: Float, _ result: Value) throws -> Dispatch {
  let x = operands[0]
  return Dispatch(
    "layer_norm_\(try x.type.elementType.kernelSuffix)", [:], operands.map(\.span), result: result.span,
    constants: [try x.rows.word, try x.shape.last.word, epsilon.word], workgroups: Dispatch.workgroups(for: x.rows))
}

/// Over the last axis.
func softmax(_ x: Value, causal: Bool, _ result: Value) throws -> Dispatch {
  let lines = x.shape.rank > 1 ? x.shape[x.shape.rank - 2] : 1
  return Dispatch(
    "softmax_\(try x.type.elementType.kernelSuffix)", [0: causal ? 1 : 0], [x.span], result: result.span,
    constants: [try x.rows.word, try x.shape.last.word, try lines.word],
    workgroups: Dispatch.workgroups(for: x.rows))
}
