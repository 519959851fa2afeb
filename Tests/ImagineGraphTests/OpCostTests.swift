import ImagineGraph
import Testing

/// Costs counted by hand.
@Suite struct OpCostTests {
  /// The cost of a graph of float32 inputs and weights.
  private func cost(_ precision: Precision = .float32, _ build: (GraphBuilder) -> Tensor) throws -> OpCost {
    let builder = GraphBuilder(precision: precision)
    return try builder.finish([build(builder)]).cost
  }

  private func weight(_ shape: Shape) -> Parameter { Parameter(path: "layer.weight", shape: shape) }
  private var bias: Parameter { Parameter(path: "layer.bias", shape: [7]) }

  @Test func linear() throws {
    let cost = try cost { $0.input("x", [2, 3, 5]).linear(weight([7, 5]), bias: bias) }
    #expect(cost == OpCost(flops: 2 * 6 * 5 * 7, bytes: 4 * (2 * 3 * 5 + 7 * 5 + 7 + 2 * 3 * 7)))
  }

  @Test func bytesFollowThePrecision() throws {
    let cost = try cost(.float16) { $0.input("x", [2, 3, 5], .float16).linear(weight([7, 5]), bias: bias) }
    // Biases stay 32-bit.
    #expect(cost == OpCost(flops: 2 * 6 * 5 * 7, bytes: 2 * (2 * 3 * 5 + 7 * 5 + 2 * 3 * 7) + 4 * 7))
  }

  @Test func convolution() throws {
    let halving = Convolution(stride: 2, padding: Convolution.Padding(1))
    let cost = try cost { $0.input("x", [2, 8, 6, 5]).conv2d(weight([7, 5, 3, 3]), bias: nil, halving) }
    let results = 2.0 * 4 * 3 * 7
    #expect(cost == OpCost(flops: 2 * results * (5 * 9), bytes: 4 * (2 * 8 * 6 * 5 + 7 * 5 * 9 + results)))
  }

  @Test func matmul() throws {
    let cost = try cost { $0.input("a", [2, 3, 5]).matmul($0.input("b", [2, 7, 5]), transposeB: true) }
    #expect(cost == OpCost(flops: 2 * 2 * 3 * 7 * 5, bytes: 4 * (2 * 3 * 5 + 2 * 7 * 5 + 2 * 3 * 7)))
  }

  @Test func attention() throws {
    let cost = try cost { builder in
      let keys = builder.input("k", [2, 9, 8])
      return builder.input("q", [2, 5, 8]).attention(keys: keys, values: builder.input("v", [2, 9, 8]), heads: 2)
    }
    #expect(cost == OpCost(flops: 2 * 2 * (2 * 5 * 9 * 8), bytes: 4 * 2 * 8 * (5 + 9 + 9 + 5)))
  }

  @Test("Under a causal mask the pairs that are seen count, and one operand is read once")
  func causalAttention() throws {
    let cost = try cost { builder in
      let x = builder.input("x", [1, 4, 8])
      return x.attention(keys: x, values: x, heads: 2, causal: true)
    }
    #expect(cost == OpCost(flops: 4 * 8 * (1 + 2 + 3 + 4), bytes: 4 * 2 * 4 * 8))
    let long = try self.cost { builder in
      let x = builder.input("x", [1, 3, 8])
      return builder.input("q", [1, 5, 8]).attention(keys: x, values: x, heads: 1, causal: true)
    }
    #expect(long.flops == 4 * 8 * (1 + 2 + 3 + 3 + 3))
  }

  @Test("What moves parts moves those alone, and views move nothing")
  func layout() throws {
    #expect(try cost { $0.input("x", [2, 6]).reshaped([3, 4]) } == OpCost())
    #expect(try cost { $0.input("x", [2, 600]).sliced(axis: 1, start: 1, count: 3) } == OpCost(bytes: 4 * 2 * (2 * 3)))
    #expect(try cost { $0.input("x", [2, 6]).permuted([1, 0]) } == OpCost(bytes: 4 * 2 * 12))
    #expect(
      try cost { $0.input("ids", [1, 3], .int32).embedded(in: weight([1000, 5])) } == OpCost(bytes: 4 * (3 + 15 + 15)))
    #expect(
      try cost { $0.input("x", [1, 2, 2, 3]).upsampledNearest(height: 4, width: 4) } == OpCost(bytes: 4 * (12 + 48)))
  }

  @Test("Fusing saves traffic, not products")
  func fusion() throws {
    let builder = GraphBuilder()
    let x = builder.input("x", [4, 7]), residual = builder.input("residual", [4, 7])
    let graph = try builder.finish([x.linear(weight([7, 7]), bias: bias) + residual])
    let fused = try graph.fused { _, _ in true }
    #expect(fused.cost.flops == graph.cost.flops)
    // The product is neither written nor read again.
    #expect(fused.cost.bytes == graph.cost.bytes - 4 * (2 * 4 * 7))
  }
}
