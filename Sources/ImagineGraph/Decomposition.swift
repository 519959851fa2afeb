extension Op {
  /// The same value computed by basic operations, or nil if the operation is basic already.
  ///
  /// This is a fused operation's definition: a backend that has no kernel for it runs this instead.
  func decomposed(_ operands: [Tensor]) -> Tensor? {
    switch self {
    case .attention(let heads, let causal):
      let q = operands[0].splitHeads(heads), k = operands[1].splitHeads(heads), v = operands[2].splitHeads(heads)
      let scale = 1 / Float(q.shape.last).squareRoot()
      let weights = (q.matmul(k, transposeB: true) * scale).softmax(causal: causal)
      return weights.matmul(v).permuted([0, 2, 1, 3]).reshaped(operands[0].shape)

    case .glu(let activation):
      let x = operands[0]
      let axis = x.shape.rank - 1, half = x.shape.last / 2
      let value = x.sliced(axis: axis, start: 0, count: half), gate = x.sliced(axis: axis, start: half, count: half)
      return value * gate.activation(activation)

    case .gatedLinear(let activation, let bias):
      let builder = operands[0].builder
      let linear = Op.linear(Epilogue(bias: bias))
      return Op.glu(activation).decomposed([builder.apply(linear, operands, scope: builder.scope(of: operands[1]))])

    case .groupNorm(let groups, let epsilon, let activation?):
      let plain = Op.groupNorm(groups: groups, epsilon: epsilon, activation: nil)
      let builder = operands[0].builder
      return builder.apply(plain, operands, scope: builder.scope(of: operands[1])).activation(activation)

    case .linear(let epilogue) where epilogue.isFused:
      return epilogue.decomposed(operands) { .linear($0) }

    case .conv2d(var convolution, let epilogue) where convolution.upsampling != nil || epilogue.isFused:
      var operands = operands
      if let size = convolution.upsampling {
        operands[0] = operands[0].upsampledNearest(height: size.height, width: size.width)
        convolution.upsampling = nil
      }
      return epilogue.decomposed(operands) { [convolution] in .conv2d(convolution, $0) }

    case .input, .parameter, .linear, .conv2d, .matmul, .groupNorm, .layerNorm, .activation, .softmax, .add, .multiply,
      .scale, .concat, .upsampleNearest, .embedding, .timestepEmbedding, .cast, .reshape, .permute, .slice:
      return nil
    }
  }
}

extension Op {
  /// Whether the operation has a decomposition into basic ones.
  package var isFused: Bool {
    switch self {
    case .attention, .glu, .gatedLinear: true
    case .groupNorm(_, _, let activation): activation != nil
    case .linear(let epilogue): epilogue.isFused
    case .conv2d(let convolution, let epilogue): convolution.upsampling != nil || epilogue.isFused
    case .input, .parameter, .matmul, .layerNorm, .activation, .softmax, .add, .multiply, .scale, .concat,
      .upsampleNearest, .embedding, .timestepEmbedding, .cast, .reshape, .permute, .slice:
      false
    }
  }
}

extension Epilogue {
  /// Whether there is more than the bias, which every product takes.
  var isFused: Bool { activation != nil || residual }

  fileprivate func decomposed(_ operands: [Tensor], product: (Epilogue) -> Op) -> Tensor {
    let count = bias ? 3 : 2
    var result = operands[0].builder.apply(
      product(Epilogue(bias: bias)), Array(operands.prefix(count)), scope: operands[1].builder.scope(of: operands[1]))
    if let activation { result = result.activation(activation) }
    return residual ? result + operands[count] : result
  }
}

extension Tensor {
  /// [N, T, C] -> [N, heads, T, C / heads]
  fileprivate func splitHeads(_ heads: Int) -> Tensor {
    reshaped([shape[0], shape[1], heads, shape[2] / heads]).permuted([0, 2, 1, 3])
  }
}
