extension OpDefinition {
  static func activation(_ function: Activation) -> OpDefinition {
    OpDefinition(function.rawValue, operands: 1, overwrites: 0) { $0[0] }
  }

  static let prelu = OpDefinition("prelu", operands: 2, overwrites: 0) { operands in
    let x = operands[0], slopes = operands[1]
    guard x.shape.rank >= 1, slopes.elementType == .float32, slopes.shape == [x.shape.last] || slopes.shape == [1]
    else {
      return nil
    }
    return x
  }

  static let scale = OpDefinition("scale", operands: 1, overwrites: 0) { $0[0] }
  static let add = binary("add"), multiply = binary("multiply")

  /// An extent of 1 in the second operand is repeated.
  private static func binary(_ name: String) -> OpDefinition {
    OpDefinition(name, operands: 2) { operands in
      let a = operands[0].shape, b = operands[1].shape
      guard operands.haveOneElementType, a.rank == b.rank,
        zip(a.dimensions, b.dimensions).allSatisfy({ $0 == $1 || $1 == 1 })
      else { return nil }
      return operands[0]
    }
  }

  static func glu(_ gate: Activation) -> OpDefinition {
    OpDefinition("glu", operands: 1, decomposition: { $0[0].halvesGated(by: gate) }) { operands in
      let x = operands[0]
      return x.shape.rank >= 1 && x.shape.last % 2 == 0 ? x.replacingLast(with: x.shape.last / 2) : nil
    }
  }

  static func timestepEmbedding(width: Int) -> OpDefinition {
    OpDefinition("timestepEmbedding", operands: 1) { operands in
      let t = operands[0]
      guard t.shape.rank == 1, t.elementType == .float32, width >= 2, width % 2 == 0 else { return nil }
      return TensorType([t.shape[0], width], .float32)
    }
  }

  static func cast(_ elementType: ElementType) -> OpDefinition {
    OpDefinition("cast", operands: 1, takesIntegers: true) { operands in
      guard elementType != .int32 || operands[0].elementType == .int32 else { return nil }
      return TensorType(operands[0].shape, elementType)
    }
  }
}

extension Tensor {
  /// [..., 2 C] -> [..., C]: `glu` by basic operations.
  func halvesGated(by gate: Activation) -> Tensor {
    let axis = shape.rank - 1, half = shape.last / 2
    let value = sliced(axis: axis, start: 0, count: half), gates = sliced(axis: axis, start: half, count: half)
    return value * gates.activation(gate)
  }
}
