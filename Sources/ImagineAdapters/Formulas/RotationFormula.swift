/// OFT: the rows of a weight turned in groups (Qiu et al. 2023), each group by a rotation from its block; LyCORIS' diag-OFT
/// and kohya's OFT.
struct RotationFormula: AdapterFormula {
  let blocks: RotationBlocks
  /// A factor for each output, LyCORIS' `rescale`, whatever the strength; nil for none.
  let rescale: AdapterTensor?

  var isRowwise: Bool { false }

  func change(_ shape: WeightShape, _ strength: Float, ranks: Int?, _ kernels: MergeKernels) throws -> RowChange {
    let rotations = try blocks.rotations(strength, outputs: shape.rows, kernels), size = blocks.size
    let factors = try rescale?.floats(kernels)
    return { rows in
      for (group, rotation) in rotations.enumerated() {
        let start = rows.values + group * size * rows.columns
        let old = Array(UnsafeBufferPointer(start: start, count: size * rows.columns))
        // W'[m] = Σ R[n, m] W[n]: the rotation's transpose.
        let turn = LowRankProduct(
          rotation.transposed(rows: size, columns: size), old, rank: size, columns: rows.columns, factor: 1, kernels)
        start.update(repeating: 0, count: old.count)
        turn.add(to: WeightRows(range: 0..<size, values: start, columns: rows.columns))
      }
      guard let factors else { return }
      for row in rows.range {
        for column in 0..<rows.columns { rows[row][column] *= factors[row] }
      }
    }
  }
}

/// Blocks [..., groups, size, size] of numbers that rotations are made from.
struct RotationBlocks: Sendable {
  let tensor: AdapterTensor
  let groups: Int
  let size: Int
  /// The tensor `alpha`, which bounds how far all of them turn; nil or 0 for no bound.
  let constraint: Float?

  /// The rotations of one strength, each towards the identity by what is missing to 1.
  ///
  /// - Parameters:
  ///   - stage: of the tensor's first axis, where it has one more.
  ///   - outputs: of the layer.
  func rotations(
    _ strength: Float, outputs: Int, stage: Int = 0, of stages: Int = 1, _ kernels: MergeKernels
  ) throws -> [[Float]] {
    let values = try tensor.floats(kernels).map(Double.init), length = size * size
    // The bound is on the norm over all blocks, of all stages.
    var skews = (0..<stages * groups).map { index in
      let block = Array(values[index * length..<(index + 1) * length])
      return (0..<length).map { block[$0] - block[$0 % size * size + $0 / size] }
    }
    if let constraint, constraint > 0 {
      let bound = Double(constraint) * Double(outputs)
      let norm = skews.joined().reduce(0) { $0 + $1 * $1 }.squareRoot() + 1e-8
      if norm > bound { skews = skews.map { $0.map { $0 * bound / norm } } }
    }
    return skews[stage * groups..<(stage + 1) * groups].map { skew in
      let rotation = CayleyTransform.rotation(skew, size: size)
      return rotation.enumerated().map { index, value in
        let identity: Float = index / size == index % size ? 1 : 0
        return strength * Float(value) + (1 - strength) * identity
      }
    }
  }
}
