extension Graph {
  /// For each node, how many bytes into its operand's memory its value begins, where it is a part of that as it lies; nil for a
  /// value with a place of its own.
  ///
  /// - Parameter alignment: of every beginning, in bytes.
  func viewOffsets(alignment: Int) -> [Int?] {
    var offsets = [Int?](repeating: nil, count: nodes.count)
    // Weights lie where their backend keeps them, in a form of its choice.
    var isWeight = [Bool](repeating: false, count: nodes.count)
    for (index, node) in nodes.enumerated() {
      switch node.op {
      case .parameter: isWeight[index] = true
      case .reshape:
        offsets[index] = 0
        isWeight[index] = isWeight[node.operands[0].index]
      case .slice(let axis, let start, _) where !isWeight[node.operands[0].index]:
        let x = self[node.operands[0]].type
        let offset = x.shape.dimensions[(axis + 1)...].reduce(start * x.elementType.size, *)
        let isWhole = x.shape.dimensions[..<axis].allSatisfy { $0 == 1 }
        if isWhole, offset % alignment == 0 { offsets[index] = offset }
      default: break
      }
    }
    return offsets
  }
}
