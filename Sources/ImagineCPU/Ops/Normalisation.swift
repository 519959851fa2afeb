import CKernels
import ImagineGraph

extension PlanBuilder {
  /// x [N, ..., C], weight [C], bias [C], and, if something is added to x first, that [N, C].
  func groupNorm(
    _ operands: [Value], groups: Int, epsilon: Float, _ activation: Activation?, _ result: Target
  ) throws -> Kernel {
    let x = operands[0]
    try requireFloats(operands[1], operands[2])
    let type = try x.type.elementType.arithmetic, device = device
    let shape = ck_group_norm_shape(x.shape, groups: groups, epsilon: epsilon, activation)
    reserveScratch(ck_group_norm_scratch_bytes(shape))
    return { frame in
      var addresses = try ck_group_norm_operands(operands, in: frame)
      addresses.out = result.address(in: frame)
      ck_group_norm(device, type, shape, &addresses, frame.scratch)
    }
  }

  /// x [..., C], weight [C], bias [C].
  func layerNorm(_ operands: [Value], epsilon: Float, _ result: Target) throws -> Kernel {
    let x = operands[0], weight = operands[1], bias = operands[2]
    try requireFloats(weight, bias)
    let type = try x.type.elementType.arithmetic, device = device, columns = x.shape.last
    return { frame in
      ck_layer_norm(
        device, type, try x.address(in: frame), try weight.floats(in: frame), try bias.floats(in: frame), epsilon,
        result.address(in: frame), result.rows, columns)
    }
  }

  /// Over the last axis; `causal` leaves row t of [..., T, S] its first t + 1 columns.
  func softmax(_ x: Value, causal: Bool, _ result: Target) throws -> Kernel {
    let type = try x.type.elementType.arithmetic, device = device, columns = x.shape.last
    let period = causal ? x.shape[x.shape.rank - 2] : 0
    return { frame in
      ck_softmax(device, type, try x.address(in: frame), result.address(in: frame), result.rows, columns, period)
    }
  }

}

func requireFloats(_ values: Value...) throws {
  for value in values where value.type.elementType != .float32 {
    throw CPUBackendError("A norm's weight or bias, or an activation's slope, is \(value.type); it has to be float32.")
  }
}

extension ck_group_norm_operands {
  /// The addresses of all but the result.
  init(_ operands: [Value], in frame: Frame) throws {
    self.init(
      x: try operands[0].address(in: frame),
      vector: operands.count > 3 ? try operands[3].address(in: frame) : nil,
      weight: try operands[1].floats(in: frame), bias: try operands[2].floats(in: frame), out: nil)
  }
}

extension ck_group_norm_shape {
  init(_ x: Shape, groups: Int, epsilon: Float, _ activation: Activation?) {
    self.init(
      images: x[0], positions: x.dimensions.dropFirst().dropLast().reduce(1, *), channels: x.last, groups: groups,
      epsilon: epsilon, activation: activation.kernel)
  }
}

extension Target {
  /// How many vectors along the last axis there are.
  var rows: Int { shape.last == 0 ? 0 : count / shape.last }
}
