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

  /// What one operation costs. Inputs, weights and what only has another shape are there already and cost nothing.
  package func cost(of id: NodeID) -> OpCost {
    let node = self[id], definition = node.op.definition
    guard definition.kind == .computed else { return OpCost() }
    let flops = definition.flops(node.operands.map { self[$0].type.shape }, node.type.shape)
    let result = Double(node.type.byteCount)
    let partlyRead = definition.partlyRead.map { node.operands[$0] }
    let read = Set(node.operands).reduce(0.0) { $0 + ($1 == partlyRead ? result : Double(self[$1].type.byteCount)) }
    return OpCost(flops: flops, bytes: read + result)
  }
}
