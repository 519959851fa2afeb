/// BOFT: several stages of OFT, between which rows change places as in a fast Fourier transform (Liu et al. 2023, as in
/// LyCORIS).
struct ButterflyFormula: AdapterFormula {
  let blocks: RotationBlocks
  let stages: Int
  let rescale: AdapterTensor?

  var isRowwise: Bool { false }

  func change(_ shape: WeightShape, _ strength: Float, ranks: Int?, _ kernels: MergeKernels) throws -> RowChange {
    let size = blocks.size
    let rotations = try (0..<stages).map {
      try blocks.rotations(strength, outputs: shape.rows, stage: $0, of: stages, kernels)
    }
    let factors = try rescale?.floats(kernels)
    return { rows in
      for (stage, rotations) in rotations.enumerated() {
        let order = Self.order(of: shape.rows, stage: stage, blockSize: size)
        for (group, rotation) in rotations.enumerated() {
          let places = order[group * size..<(group + 1) * size]
          let old = places.flatMap { UnsafeBufferPointer(start: rows[$0], count: rows.columns) }
          let turn = LowRankProduct(rotation, old, rank: size, columns: rows.columns, factor: 1, kernels)
          let new = turn.values(of: 0..<size)
          for (index, place) in places.enumerated() {
            for column in 0..<rows.columns { rows[place][column] = new[index * rows.columns + column] }
          }
        }
      }
      guard let factors else { return }
      for row in rows.range {
        for column in 0..<rows.columns { rows[row][column] *= factors[row] }
      }
    }
  }

  /// Which rows come together in a stage: seen as [groups of 2 k, 2, k] with the two last axes exchanged, k growing from half
  /// a block by factors of 2.
  static func order(of rows: Int, stage: Int, blockSize: Int) -> [Int] {
    let half = (blockSize / 2) << stage
    return (0..<rows).map { place in
      let (group, inside) = place.quotientAndRemainder(dividingBy: 2 * half)
      return group * 2 * half + inside % 2 * half + inside / 2
    }
  }
}
