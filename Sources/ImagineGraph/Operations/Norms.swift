extension OpDefinition {
  static func groupNorm(groups: Int, epsilon: Float, activation: Activation?) -> OpDefinition {
    OpDefinition(
      "groupNorm", operands: 3,
      isFused: activation != nil,
      decomposition: { operands in
        let builder = operands[0].builder
        let plain = Op.groupNorm(groups: groups, epsilon: epsilon, activation: nil)
        let normalised = builder.apply(plain, operands, scope: builder.scope(of: operands[1]))
        return activation.map { normalised.activation($0) } ?? normalised
      }
    ) { operands in
      let x = operands[0]
      guard groups >= 1, x.shape.rank >= 2, x.shape.last % groups == 0 else { return nil }
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
