extension OpDefinition {
  static func groupNorm(groups: Int, epsilon: Float, activation: Activation?, addsFirst: Bool) -> OpDefinition {
    OpDefinition(
      "groupNorm", operands: addsFirst ? 4 : 3,
      isFused: activation != nil || addsFirst,
      decomposition: { operands in
        let builder = operands[0].builder
        let plain = Op.groupNorm(groups: groups, epsilon: epsilon, activation: nil)
        let x = addsFirst ? operands[0] + operands[3].beside(operands[0].shape) : operands[0]
        let normalised = builder.apply(plain, [x, operands[1], operands[2]], scope: builder.scope(of: operands[1]))
        return activation.map { normalised.activation($0) } ?? normalised
      }
    ) { operands in
      let x = operands[0]
      guard groups >= 1, x.shape.rank >= 2, x.shape.last % groups == 0 else { return nil }
      if addsFirst, operands[3] != TensorType([x.shape[0], x.shape.last], x.elementType) { return nil }
      return haveChannelVectors(operands) ? x : nil
    }
  }

  static let layerNorm = OpDefinition("layerNorm", operands: 3) { operands in
    operands[0].shape.rank >= 1 && haveChannelVectors(operands) ? operands[0] : nil
  }

  /// Whether weight and bias are [C] for x [..., C].
  private static func haveChannelVectors(_ operands: [TensorType]) -> Bool {
    let channels: Shape = [operands[0].shape.last]
    return operands[1].shape == channels && operands[2].shape == channels
  }

  static func softmax(causal: Bool) -> OpDefinition {
    OpDefinition("softmax", operands: 1) { operands in
      operands[0].shape.rank >= (causal ? 2 : 1) ? operands[0] : nil
    }
  }
}

extension Tensor {
  /// [N, C] as [N, 1, ..., 1, C], to be added to a value [N, ..., C].
  fileprivate func beside(_ shape: Shape) -> Tensor {
    reshaped(Shape([shape[0]] + [Int](repeating: 1, count: shape.rank - 2) + [shape.last]))
  }
}
