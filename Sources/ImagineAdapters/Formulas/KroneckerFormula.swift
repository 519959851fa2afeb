/// LoKr: W + s · w1 ⊗ w2 (Edalati et al. 2022, KronA, as in LyCORIS), each of them whole or a product, and the second one
/// with a core for convolutions.
struct KroneckerFormula: AdapterFormula {
  /// A matrix, or a product of two.
  enum Factor: Sendable {
    case whole(AdapterTensor)
    /// [rows, rank] · [rank, columns]
    case product(AdapterTensor, AdapterTensor)
    /// The core [outer, inner, kh, kw], with [outer, rows] and [inner, inputs].
    case tucker(AdapterTensor, AdapterTensor, AdapterTensor)

    func values(_ extents: Extents, taps: Int, _ kernels: MergeKernels) throws -> [Float] {
      switch self {
      case .whole(let tensor): return try tensor.floats(kernels)
      case .product(let a, let b):
        let product = LowRankProduct(
          try a.floats(kernels), try b.floats(kernels), rank: a.extent(behind: 1), columns: extents.inputs * taps,
          factor: 1, kernels)
        return product.values(of: 0..<extents.rows)
      case .tucker(let core, let a, let b):
        let down = TuckerCore(try core.floats(kernels), outer: a.shape[0], inner: b.shape[0], taps: taps)
          .expanded(by: try b.floats(kernels), inputs: extents.inputs)
        let up = try a.floats(kernels).transposed(rows: a.shape[0], columns: extents.rows)
        let product = LowRankProduct(
          up, down, rank: a.shape[0], columns: extents.inputs * taps, factor: 1, kernels)
        return product.values(of: 0..<extents.rows)
      }
    }
  }

  struct Extents: Sendable {
    let rows: Int
    let inputs: Int
  }

  let first: Factor
  let second: Factor
  let firstExtents: Extents
  let secondExtents: Extents
  let scale: Float

  func change(_ shape: WeightShape, _ strength: Float, ranks: Int?, _ kernels: MergeKernels) throws -> RowChange {
    let factor = scale * strength
    let first = try self.first.values(firstExtents, taps: 1, kernels).map { $0 * factor }
    let second = try self.second.values(secondExtents, taps: shape.taps, kernels)
    // Of a row of the second: its inputs, each with all its taps.
    let length = secondExtents.inputs * shape.taps
    return { [firstExtents, secondExtents] rows in
      for row in rows.range {
        let target = rows[row]
        let own = row / secondExtents.rows * firstExtents.inputs, other = row % secondExtents.rows * length
        for column in 0..<firstExtents.inputs {
          let weight = first[own + column], start = target + column * length
          for index in 0..<length { start[index] += weight * second[other + index] }
        }
      }
    }
  }
}
