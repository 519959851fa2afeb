/// What an operation costs at least: its arithmetic and its traffic with memory.
///
/// Set against what a device does in a second, the larger of both is the shortest time the operation can take there (the
/// roofline model: Williams, Waterman and Patterson, 2009).
package struct OpCost: Sendable, Hashable {
  /// Floating-point operations of products, a multiplication and an addition counting as two. What operations do for
  /// each element besides is hidden behind their traffic and not counted.
  package var flops: Double
  /// Bytes of the operands, each read once, and of the result, written once. Values that a backend keeps to itself, such
  /// as the logits of attention, are not counted.
  package var bytes: Double

  package init(flops: Double = 0, bytes: Double = 0) {
    self.flops = flops
    self.bytes = bytes
  }

  package static func + (left: OpCost, right: OpCost) -> OpCost {
    OpCost(flops: left.flops + right.flops, bytes: left.bytes + right.bytes)
  }
}

extension Graph {
  /// What all operations cost together. Fusing a graph saves bytes, never products.
  package var cost: OpCost { ids.reduce(OpCost()) { $0 + cost(of: $1) } }

  /// What one operation costs. Inputs, weights and views are there already and cost nothing.
  package func cost(of id: NodeID) -> OpCost {
    OpCost(flops: flops(of: self[id]), bytes: bytes(of: self[id]))
  }

  private func flops(of node: Node) -> Double {
    let operands = node.operands.map { self[$0].type.shape }
    let results = Double(node.type.shape.count)
    return switch node.op {
    case .linear: 2 * results * Double(operands[0].last)
    case .conv2d: 2 * results * operands[1].dimensions.dropFirst().reduce(1) { $0 * Double($1) }
    // A value and its gate for each result.
    case .gatedLinear: 4 * results * Double(operands[0].last)
    case .matmul: 2 * results * Double(operands[0].last)
    case .attention(_, let causal):
      // Each pair of a query and a key that it sees takes a product of C for the logits and one for the values.
      4 * Double(operands[0][0] * operands[0].last) * pairs(operands[0][1], operands[1][1], causal: causal)
    case .input, .parameter, .groupNorm, .layerNorm, .activation, .softmax, .add, .multiply,
      .scale, .concat, .upsampleNearest, .embedding, .timestepEmbedding, .cast, .reshape, .permute, .slice, .glu:
      0
    }
  }

  /// Pairs of a query and a key it sees: under a causal mask query t sees the keys 0...t.
  private func pairs(_ queries: Int, _ keys: Int, causal: Bool) -> Double {
    guard causal else { return Double(queries) * Double(keys) }
    let short = Double(min(queries, keys))
    return short * (short + 1) / 2 + Double(max(queries - keys, 0)) * Double(keys)
  }

  private func bytes(of node: Node) -> Double {
    let result = Double(node.type.byteCount)
    switch node.op {
    case .input, .parameter, .reshape: return 0
    // They read as much as they write, however large the table or the whole.
    case .slice: return 2 * result
    case .embedding: return Double(self[node.operands[0]].type.byteCount) + rows(of: node) + result
    case .linear, .gatedLinear, .conv2d, .matmul, .groupNorm, .layerNorm, .activation, .softmax, .add,
      .multiply, .scale, .concat, .upsampleNearest, .timestepEmbedding, .cast, .permute, .attention, .glu:
      return Set(node.operands).reduce(result) { $0 + Double(self[$1].type.byteCount) }
    }
  }

  /// Bytes of the rows an embedding looks up.
  private func rows(of node: Node) -> Double {
    Double(node.type.shape.count) * Double(self[node.operands[1]].type.elementType.size)
  }
}
