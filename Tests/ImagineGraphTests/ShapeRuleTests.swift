import ImagineGraph
import Testing

@Suite struct ShapeRuleTests {
  struct Rule: Sendable, CustomTestStringConvertible {
    let op: Op
    let operands: [TensorType]
    /// Nil where the operation must refuse.
    let result: TensorType?

    init(_ op: Op, _ operands: [TensorType], _ result: TensorType? = nil) {
      (self.op, self.operands, self.result) = (op, operands, result)
    }

    var testDescription: String { "\(op) \(operands)" }
  }

  @Test(arguments: accepted) func accepts(rule: Rule) throws {
    #expect(try rule.op.resultType(rule.operands) == #require(rule.result))
  }

  @Test(arguments: refused) func refusesByName(rule: Rule) {
    let error = #expect(throws: GraphError.self) { try rule.op.resultType(rule.operands) }
    #expect(error?.description.contains(rule.op.caseName) == true)
  }

  private static let same = Convolution(padding: .init(1)), halving = Convolution(stride: 2, padding: .init(1))
  private static let upsampling = Convolution(padding: .init(1), upsampling: .init(height: 5, width: 8))
  private static let full = Epilogue(bias: true, activation: .silu, residual: true)
  private static let norm = Op.groupNorm(groups: 4, epsilon: 1e-5, activation: nil)

  static let accepted: [Rule] = [
    Rule(.linear(Epilogue()), [f(2, 5, 7), f(3, 7)], f(2, 5, 3)),
    Rule(.linear(full), [f(2, 7), f(3, 7), f(3), f(2, 3)], f(2, 3)),
    Rule(.linear(Epilogue(bias: true)), [b(2, 7), b(3, 7), f(3)], b(2, 3)),
    Rule(.conv2d(same, Epilogue()), [f(2, 5, 7, 4), f(6, 4, 3, 3)], f(2, 5, 7, 6)),
    Rule(.conv2d(halving, full), [f(1, 5, 8, 4), f(6, 4, 3, 3), f(6), f(1, 3, 4, 6)], f(1, 3, 4, 6)),
    Rule(
      .conv2d(Convolution(stride: 2, padding: .init(top: 0, left: 0, bottom: 1, right: 1)), Epilogue()),
      [f(1, 6, 7, 4), f(4, 4, 3, 3)], f(1, 3, 3, 4)),
    Rule(.matmul(transposeB: false), [f(2, 3, 5), f(2, 5, 7)], f(2, 3, 7)),
    Rule(.matmul(transposeB: true), [f(2, 3, 5), f(2, 7, 5)], f(2, 3, 7)),
    Rule(norm, [b(2, 3, 5, 8), f(8), f(8)], b(2, 3, 5, 8)),
    Rule(.layerNorm(epsilon: 1e-5), [f(2, 8), f(8), f(8)], f(2, 8)),
    Rule(.activation(.gelu), [f(2)], f(2)),
    Rule(.prelu, [b(2, 5, 3), f(3)], b(2, 5, 3)), Rule(.prelu, [f(2, 5, 3), f(1)], f(2, 5, 3)),
    Rule(.softmax(causal: true), [f(2, 3)], f(2, 3)),
    Rule(.add, [f(2, 3, 5), f(1, 3, 1)], f(2, 3, 5)),
    Rule(.multiply, [b(2, 3), b(2, 3)], b(2, 3)),
    Rule(.scale(2), [f(2, 3)], f(2, 3)),
    Rule(.concat(axis: 1), [f(2, 3), f(2, 5), f(2, 1)], f(2, 9)),
    Rule(.upsampleNearest(height: 5, width: 9), [f(1, 3, 4, 2)], f(1, 5, 9, 2)),
    Rule(.embedding, [i(2, 7), b(9, 5)], b(2, 7, 5)),
    Rule(.timestepEmbedding(width: 6), [f(2)], f(2, 6)),
    Rule(.cast(.bfloat16), [f(2, 3)], b(2, 3)), Rule(.cast(.float32), [i(2, 3)], f(2, 3)),
    Rule(.reshape([6]), [f(2, 3)], f(6)),
    Rule(.permute([2, 0, 1]), [f(2, 3, 5)], f(5, 2, 3)),
    Rule(.slice(axis: 1, start: 1, count: 2), [i(2, 3)], i(2, 2)),
    Rule(.attention(heads: 2, causal: false), [f(2, 5, 8), f(2, 7, 8), f(2, 7, 8)], f(2, 5, 8)),
    Rule(.glu(.gelu), [f(2, 6)], f(2, 3)),
    Rule(.gatedLinear(.gelu, bias: true), [b(2, 5, 7), b(6, 7), f(6)], b(2, 5, 3)),
    Rule(.conv2d(upsampling, Epilogue()), [f(2, 3, 4, 4), f(6, 4, 3, 3)], f(2, 5, 8, 6)),
  ]

  static let refused: [Rule] = [
    Rule(.input("x"), []), Rule(.parameter("w"), []),
    Rule(.linear(Epilogue()), [f(2, 5, 7), f(7, 3)]), Rule(.linear(Epilogue()), [f(2, 7)]),
    Rule(.linear(Epilogue()), [f(), f(3, 7)]), Rule(.linear(Epilogue()), [i(2, 7), f(3, 7)]),
    Rule(.linear(Epilogue(bias: true)), [f(2, 7), f(3, 7)]),
    Rule(.linear(Epilogue(bias: true)), [f(2, 7), f(3, 7), f(7)]),
    Rule(.linear(Epilogue(residual: true)), [f(2, 7), f(3, 7), f(2, 7)]),
    Rule(.linear(Epilogue(residual: true)), [f(2, 7), f(3, 7), b(2, 3)]),
    Rule(.conv2d(same, Epilogue()), [f(2, 5, 7, 4), f(6, 5, 3, 3)]),
    Rule(.conv2d(same, Epilogue()), [f(2, 5, 7), f(6, 7, 3, 3)]),
    Rule(.conv2d(Convolution(padding: .init(0)), Epilogue()), [f(1, 2, 5, 4), f(6, 4, 3, 3)]),
    Rule(.conv2d(Convolution(stride: 0, padding: .init(1)), Epilogue()), [f(1, 5, 5, 4), f(6, 4, 3, 3)]),
    Rule(.conv2d(halving, Epilogue(residual: true)), [f(1, 5, 8, 4), f(6, 4, 3, 3), f(1, 5, 8, 6)]),
    Rule(.matmul(transposeB: false), [f(2, 3, 5), f(2, 7, 5)]), Rule(.matmul(transposeB: true), [f(2, 5), f(2, 7)]),
    Rule(.matmul(transposeB: false), [f(2, 3, 5), f(1, 5, 7)]), Rule(.matmul(transposeB: false), [f(3, 5), b(5, 7)]),
    Rule(norm, [f(2, 3, 5, 6), f(6), f(6)]), Rule(norm, [f(2, 3, 5, 8), f(8), f(4)]), Rule(norm, [f(8), f(8), f(8)]),
    Rule(.groupNorm(groups: 0, epsilon: 1, activation: nil), [f(2, 8), f(8), f(8)]),
    Rule(.layerNorm(epsilon: 1e-5), [f(2, 8), f(7), f(8)]), Rule(.layerNorm(epsilon: 1e-5), [f(2, 8), f(8)]),
    Rule(.activation(.silu), []), Rule(.activation(.silu), [i(2)]),
    Rule(.prelu, [f(2, 3)]), Rule(.prelu, [f(2, 3), f(2)]), Rule(.prelu, [f(2, 3), f(1, 3)]),
    Rule(.prelu, [b(2, 3), b(3)]), Rule(.prelu, [f(), f(1)]),
    Rule(.softmax(causal: false), [f()]), Rule(.softmax(causal: true), [f(3)]),
    Rule(.add, [f(1, 3), f(2, 3)]), Rule(.add, [f(2, 3), f(3)]), Rule(.add, [f(2, 3), b(2, 3)]),
    Rule(.multiply, [f(2, 3), f(2, 2)]), Rule(.multiply, [i(2), i(2)]), Rule(.scale(2), [f(2), f(2)]),
    Rule(.concat(axis: 0), []), Rule(.concat(axis: 2), [f(2, 3)]), Rule(.concat(axis: 1), [f(2, 3), f(3, 3)]),
    Rule(.concat(axis: 1), [f(2, 3), b(2, 3)]), Rule(.concat(axis: 1), [f(2, 3), f(2, 3, 1)]),
    Rule(.upsampleNearest(height: 0, width: 1), [f(1, 3, 4, 2)]),
    Rule(.upsampleNearest(height: 5, width: 9), [f(3, 4, 2)]),
    Rule(.embedding, [f(2, 7), f(9, 5)]), Rule(.embedding, [i(7), f(9, 5)]), Rule(.embedding, [i(2, 7), f(9)]),
    Rule(.timestepEmbedding(width: 5), [f(2)]), Rule(.timestepEmbedding(width: 6), [b(2)]),
    Rule(.timestepEmbedding(width: 6), [f(2, 1)]), Rule(.cast(.int32), [f(2)]),
    Rule(.reshape([5]), [f(2, 3)]), Rule(.permute([0, 0]), [f(2, 3)]), Rule(.permute([0]), [f(2, 3)]),
    Rule(.slice(axis: 2, start: 0, count: 1), [f(2, 3)]), Rule(.slice(axis: 1, start: 2, count: 2), [f(2, 3)]),
    Rule(.slice(axis: 1, start: -1, count: 2), [f(2, 3)]), Rule(.slice(axis: 1, start: 0, count: 0), [f(2, 3)]),
    Rule(.attention(heads: 3, causal: false), [f(2, 5, 8), f(2, 7, 8), f(2, 7, 8)]),
    Rule(.attention(heads: 2, causal: false), [f(2, 5, 8), f(2, 7, 8), f(2, 6, 8)]),
    Rule(.attention(heads: 2, causal: false), [f(2, 5, 8), f(1, 7, 8), f(1, 7, 8)]),
    Rule(.attention(heads: 2, causal: false), [f(5, 8), f(7, 8), f(7, 8)]),
    Rule(.glu(.gelu), [f(2, 5)]), Rule(.glu(.gelu), [f()]),
    Rule(.gatedLinear(.gelu, bias: false), [f(2, 7), f(5, 7)]),
    Rule(.gatedLinear(.gelu, bias: true), [f(2, 7), f(6, 7)]),
    Rule(
      .conv2d(Convolution(padding: .init(1), upsampling: .init(height: 0, width: 8)), Epilogue()),
      [f(2, 3, 4, 4), f(6, 4, 3, 3)]),
  ]
}

private func f(_ dimensions: Int...) -> TensorType { TensorType(Shape(dimensions), .float32) }
private func b(_ dimensions: Int...) -> TensorType { TensorType(Shape(dimensions), .bfloat16) }
private func i(_ dimensions: Int...) -> TensorType { TensorType(Shape(dimensions), .int32) }

extension Op {
  /// The name in the enumeration: `activation` where `name` says which.
  fileprivate var caseName: String {
    if case .activation = self { "activation" } else { name }
  }
}
