/// A graph that makes no sense: operands whose shapes or element types do not fit the operation.
package struct GraphError: Error, Hashable, CustomStringConvertible {
  package let description: String
  package init(_ description: String) { self.description = description }
}

extension Op {
  /// The type of the result for operands of the given types: the operation's shape rule.
  ///
  /// - Throws: `GraphError` if the operands do not fit. `input` and `parameter` have no operands and no rule.
  package func resultType(_ operands: [TensorType]) throws(GraphError) -> TensorType {
    if !takesIntegers { try require(operands.allSatisfy { $0.elementType != .int32 }, operands) }
    switch self {
    case .input, .parameter:
      throw GraphError("\(name) has no shape rule")

    case .linear(let epilogue):
      try expect(operands, count: 2 + epilogue.operandCount)
      let x = operands[0], weight = operands[1].shape
      try require(x.shape.rank >= 1 && weight.rank == 2 && weight[1] == x.shape.last, operands)
      let shape = x.shape.replacing(axis: x.shape.rank - 1, with: weight[0])
      return try checked(epilogue, operands, result: TensorType(shape, x.elementType))

    case .conv2d(let convolution, let epilogue):
      try expect(operands, count: 2 + epilogue.operandCount)
      let x = operands[0], weight = operands[1].shape
      try require(x.shape.rank == 4 && weight.rank == 4 && weight[1] == x.shape[3], operands)
      let padding = convolution.padding, upsampling = convolution.upsampling
      try require(upsampling.map { $0.height >= 1 && $0.width >= 1 } ?? true, operands)
      let height = (upsampling?.height ?? x.shape[1]) + padding.top + padding.bottom - weight[2]
      let width = (upsampling?.width ?? x.shape[2]) + padding.left + padding.right - weight[3]
      try require(height >= 0 && width >= 0 && convolution.stride >= 1, operands)
      let shape: Shape = [x.shape[0], height / convolution.stride + 1, width / convolution.stride + 1, weight[0]]
      return try checked(epilogue, operands, result: TensorType(shape, x.elementType))

    case .matmul(let transposeB):
      try expect(operands, count: 2, sameElementType: true)
      let a = operands[0].shape, b = operands[1].shape
      try require(a.rank >= 2 && a.rank == b.rank, operands)
      try require(a.dimensions.dropLast(2) == b.dimensions.dropLast(2), operands)
      let inner = transposeB ? b[b.rank - 1] : b[b.rank - 2]
      try require(a.last == inner, operands)
      let columns = transposeB ? b[b.rank - 2] : b[b.rank - 1]
      return TensorType(a.replacing(axis: a.rank - 1, with: columns), operands[0].elementType)

    case .groupNorm(let groups, _, _):
      try expect(operands, count: 3)
      try require(groups >= 1 && operands[0].shape.rank >= 2 && operands[0].shape.last % groups == 0, operands)
      try requireChannelVectors(operands)
      return operands[0]

    case .layerNorm:
      try expect(operands, count: 3)
      try require(operands[0].shape.rank >= 1, operands)
      try requireChannelVectors(operands)
      return operands[0]

    case .activation, .scale:
      try expect(operands, count: 1)
      return operands[0]

    case .softmax(let causal):
      try expect(operands, count: 1)
      try require(operands[0].shape.rank >= (causal ? 2 : 1), operands)
      return operands[0]

    case .add, .multiply:
      try expect(operands, count: 2, sameElementType: true)
      let a = operands[0].shape, b = operands[1].shape
      try require(a.rank == b.rank && zip(a.dimensions, b.dimensions).allSatisfy { $0 == $1 || $1 == 1 }, operands)
      return operands[0]

    case .concat(let axis):
      guard let first = operands.first else { throw GraphError("concat needs an operand") }
      try require(first.shape.dimensions.indices.contains(axis), operands)
      var extent = 0
      for operand in operands {
        try require(operand.elementType == first.elementType && operand.shape.rank == first.shape.rank, operands)
        let others = operand.shape.replacing(axis: axis, with: 0)
        try require(others == first.shape.replacing(axis: axis, with: 0), operands)
        extent += operand.shape[axis]
      }
      return TensorType(first.shape.replacing(axis: axis, with: extent), first.elementType)

    case .upsampleNearest(let height, let width):
      try expect(operands, count: 1)
      let x = operands[0]
      try require(x.shape.rank == 4 && height >= 1 && width >= 1, operands)
      return TensorType([x.shape[0], height, width, x.shape[3]], x.elementType)

    case .embedding:
      try expect(operands, count: 2)
      let ids = operands[0], table = operands[1]
      try require(ids.elementType == .int32 && ids.shape.rank == 2 && table.shape.rank == 2, operands)
      return TensorType([ids.shape[0], ids.shape[1], table.shape[1]], table.elementType)

    case .timestepEmbedding(let width):
      try expect(operands, count: 1)
      try require(operands[0].shape.rank == 1 && operands[0].elementType == .float32, operands)
      try require(width >= 2 && width % 2 == 0, operands)
      return TensorType([operands[0].shape[0], width], .float32)

    case .cast(let elementType):
      try expect(operands, count: 1)
      try require(elementType != .int32 || operands[0].elementType == .int32, operands)
      return TensorType(operands[0].shape, elementType)

    case .reshape(let shape):
      try expect(operands, count: 1)
      try require(shape.count == operands[0].shape.count, operands)
      return TensorType(shape, operands[0].elementType)

    case .permute(let axes):
      try expect(operands, count: 1)
      let x = operands[0]
      try require(axes.sorted() == Array(0..<x.shape.rank), operands)
      return TensorType(Shape(axes.map { x.shape[$0] }), x.elementType)

    case .slice(let axis, let start, let count):
      try expect(operands, count: 1)
      let x = operands[0]
      try require(x.shape.dimensions.indices.contains(axis), operands)
      try require(start >= 0 && count >= 1 && start + count <= x.shape[axis], operands)
      return TensorType(x.shape.replacing(axis: axis, with: count), x.elementType)

    case .attention(let heads, _):
      try expect(operands, count: 3, sameElementType: true)
      let q = operands[0].shape, k = operands[1].shape, v = operands[2].shape
      try require(q.rank == 3 && k.rank == 3 && k == v && q[0] == k[0] && q[2] == k[2], operands)
      try require(heads >= 1 && q[2] % heads == 0, operands)
      return operands[0]

    case .glu:
      try expect(operands, count: 1)
      let x = operands[0]
      try require(x.shape.rank >= 1 && x.shape.last % 2 == 0, operands)
      return TensorType(x.shape.replacing(axis: x.shape.rank - 1, with: x.shape.last / 2), x.elementType)

    case .gatedLinear(_, let bias):
      try expect(operands, count: bias ? 3 : 2)
      let x = operands[0], weight = operands[1].shape
      try require(x.shape.rank >= 1 && weight.rank == 2 && weight[1] == x.shape.last && weight[0] % 2 == 0, operands)
      if bias { try require(operands[2].shape == [weight[0]], operands) }
      return TensorType(x.shape.replacing(axis: x.shape.rank - 1, with: weight[0] / 2), x.elementType)
    }
  }

  /// Whether integers may be among the operands: in views and look-ups, never in arithmetic.
  private var takesIntegers: Bool {
    switch self {
    case .embedding, .cast, .reshape, .permute, .slice, .concat: true
    case .input, .parameter, .linear, .conv2d, .matmul, .groupNorm, .layerNorm, .activation, .softmax, .add, .multiply,
      .scale, .upsampleNearest, .timestepEmbedding, .attention, .glu, .gatedLinear:
      false
    }
  }

  private func expect(_ operands: [TensorType], count: Int, sameElementType: Bool = false) throws(GraphError) {
    try require(operands.count == count, operands)
    if sameElementType {
      try require(operands.allSatisfy { $0.elementType == operands[0].elementType }, operands)
    }
  }

  private func require(_ condition: Bool, _ operands: [TensorType]) throws(GraphError) {
    guard condition else {
      throw GraphError("\(self) cannot take \(operands.map(\.description).joined(separator: ", "))")
    }
  }

  /// Normalisations: weight and bias are [C] for x [..., C].
  private func requireChannelVectors(_ operands: [TensorType]) throws(GraphError) {
    let channels: Shape = [operands[0].shape.last]
    try require(operands[1].shape == channels && operands[2].shape == channels, operands)
  }

  private func checked(
    _ epilogue: Epilogue, _ operands: [TensorType], result: TensorType
  ) throws(GraphError) -> TensorType {
    if epilogue.bias { try require(operands[2].shape == [result.shape.last], operands) }
    if epilogue.residual { try require(operands[operands.count - 1] == result, operands) }
    return result
  }
}
