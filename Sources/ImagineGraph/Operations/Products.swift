extension OpDefinition {
  static func linear(_ epilogue: Epilogue) -> OpDefinition {
    OpDefinition(
      "linear", operands: 2 + epilogue.operandCount, weight: 1, product: OpProduct(epilogue: epilogue),
      isFused: epilogue.isFused,
      decomposition: { operands in epilogue.decomposed(operands) { .linear($0) } }
    ) { operands in
      let x = operands[0], weight = operands[1].shape
      guard x.shape.rank >= 1, weight.rank == 2, weight[1] == x.shape.last else { return nil }
      return epilogue.checked(x.replacingLast(with: weight[0]), operands)
    }
  }

  static func gatedLinear(_ gate: Activation, bias: Bool) -> OpDefinition {
    OpDefinition(
      "gatedLinear", operands: bias ? 3 : 2, weight: 1,
      product: OpProduct(epilogue: Epilogue(bias: bias, activation: gate), isGated: true),
      decomposition: { operands in
        let builder = operands[0].builder, linear = Op.linear(Epilogue(bias: bias))
        return builder.apply(linear, operands, scope: builder.scope(of: operands[1])).halvesGated(by: gate)
      }
    ) { operands in
      let x = operands[0], weight = operands[1].shape
      guard x.shape.rank >= 1, weight.rank == 2, weight[1] == x.shape.last, weight[0] % 2 == 0,
        !bias || operands[2].shape == [weight[0]]
      else { return nil }
      return x.replacingLast(with: weight[0] / 2)
    }
  }

  static func linears(count: Int, bias: Bool) -> OpDefinition {
    let operandCount = 1 + count * (bias ? 2 : 1)
    return OpDefinition(
      "linears", operands: operandCount, product: OpProduct(epilogue: Epilogue(bias: bias), weights: count),
      decomposition: { operands in
        let x = operands[0],
          results = (0..<count).map { index in
            let weight = operands[1 + index], biases = bias ? [operands[1 + count + index]] : []
            let scope = x.builder.scope(of: weight)
            let result = x.builder.apply(.linear(Epilogue(bias: bias)), [x, weight] + biases, scope: scope)
            return result.reshaped(Shape([1] + result.shape.dimensions))
          }
        return x.builder.apply(.concat(axis: 0), results)
      }
    ) { operands in
      let x = operands[0], weight = operands[count >= 1 ? 1 : 0]
      guard count >= 1, x.shape.rank >= 1, weight.shape.rank == 2, weight.shape[1] == x.shape.last,
        operands[1...count].allSatisfy({ $0 == weight }),
        operands.dropFirst(1 + count).allSatisfy({ $0.shape == [weight.shape[0]] })
      else { return nil }
      return TensorType(Shape([count] + x.shape.dimensions.dropLast() + [weight.shape[0]]), x.elementType)
    }
  }

  static func conv2d(_ convolution: Convolution, _ epilogue: Epilogue) -> OpDefinition {
    let images = max(convolution.images, 1)
    return OpDefinition(
      "conv2d", operands: images + 1 + epilogue.operandCount, weight: images,
      product: OpProduct(convolution: convolution, epilogue: epilogue),
      isFused: convolution.upsampling != nil || images > 1 || epilogue.isFused,
      decomposition: { operands in decomposed(convolution, epilogue, operands) }
    ) { operands in
      let x = operands[0], weight = operands[images].shape
      let padding = convolution.padding, upsampling = convolution.upsampling
      guard
        operands.prefix(images).allSatisfy({
          $0.shape.rank == 4 && $0.replacingLast(with: 0) == x.replacingLast(with: 0)
        }),
        weight.rank == 4, weight[1] == operands.prefix(images).reduce(0, { $0 + $1.shape[3] }), convolution.stride >= 1,
        upsampling.map({ $0.height >= 1 && $0.width >= 1 }) ?? true
      else { return nil }
      let height = (upsampling?.height ?? x.shape[1]) + padding.top + padding.bottom - weight[2]
      let width = (upsampling?.width ?? x.shape[2]) + padding.left + padding.right - weight[3]
      guard height >= 0, width >= 0 else { return nil }
      let shape: Shape = [x.shape[0], height / convolution.stride + 1, width / convolution.stride + 1, weight[0]]
      return epilogue.checked(
        TensorType(shape, x.elementType), Array(operands.dropFirst(images - 1)))
    }
  }

  private static func decomposed(
    _ convolution: Convolution, _ epilogue: Epilogue, _ operands: [Tensor]
  ) -> Tensor {
    let images = max(convolution.images, 1)
    var operands = operands, plain = convolution
    if images > 1 {
      let joined = operands[0].builder.apply(.concat(axis: 3), Array(operands.prefix(images)))
      operands = [joined] + operands.dropFirst(images)
      plain.images = 1
    }
    if let size = convolution.upsampling {
      operands[0] = operands[0].upsampledNearest(height: size.height, width: size.width)
      plain.upsampling = nil
    }
    return epilogue.decomposed(operands) { [plain] in .conv2d(plain, $0) }
  }

  static func matmul(transposeB: Bool) -> OpDefinition {
    OpDefinition("matmul", operands: 2, product: OpProduct(isTransposed: transposeB, isBatched: true)) { operands in
      let a = operands[0].shape, b = operands[1].shape
      guard operands.haveOneElementType, a.rank >= 2, a.rank == b.rank,
        a.dimensions.dropLast(2) == b.dimensions.dropLast(2)
      else { return nil }
      let (depth, columns) = transposeB ? (b.last, b[b.rank - 2]) : (b[b.rank - 2], b.last)
      return a.last == depth ? operands[0].replacingLast(with: columns) : nil
    }
  }

  static func attention(heads: Int, causal: Bool) -> OpDefinition {
    OpDefinition(
      "attention", operands: 3,
      flops: { operands, _ in
        // Each pair of a query and a key that it sees takes a product of C for the logits and one for the values.
        let (q, k) = (operands[0], operands[1])
        return 4 * Double(q[0] * q.last) * pairs(q[1], k[1], causal: causal)
      },
      decomposition: { operands in
        let q = operands[0].splitHeads(heads), k = operands[1].splitHeads(heads), v = operands[2].splitHeads(heads)
        let scale = 1 / Float(q.shape.last).squareRoot()
        let weights = (q.matmul(k, transposeB: true) * scale).softmax(causal: causal)
        return weights.matmul(v).permuted([0, 2, 1, 3]).reshaped(operands[0].shape)
      }
    ) { operands in
      let q = operands[0].shape, k = operands[1].shape, v = operands[2].shape
      guard operands.haveOneElementType, q.rank == 3, k.rank == 3, k == v, q[0] == k[0], q[2] == k[2], heads >= 1,
        q[2] % heads == 0
      else { return nil }
      return operands[0]
    }
  }

  /// Pairs of a query and a key it sees: under a causal mask query t sees the keys 0...t.
  private static func pairs(_ queries: Int, _ keys: Int, causal: Bool) -> Double {
    guard causal else { return Double(queries) * Double(keys) }
    let short = Double(min(queries, keys))
    return short * (short + 1) / 2 + Double(max(queries - keys, 0)) * Double(keys)
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

  /// The result, if what the epilogue adds fits it.
  fileprivate func checked(_ result: TensorType, _ operands: [TensorType]) -> TensorType? {
    if bias, operands[2].shape != [result.shape.last] { return nil }
    return residual && operands[operands.count - 1] != result ? nil : result
  }
}

extension Tensor {
  /// [N, T, C] -> [N, heads, T, C / heads]
  fileprivate func splitHeads(_ heads: Int) -> Tensor {
    reshaped([shape[0], shape[1], heads, shape[2] / heads]).permuted([0, 2, 1, 3])
  }
}
