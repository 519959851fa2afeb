/// LoHa: W + s · (w1a · w1b) ⊙ (w2a · w2b) (Hyeon-Woo et al. 2021, FedPara, as in LyCORIS).
///
/// LyCORIS 4.1's own merging scripts multiply by alpha / rank twice; its training, ComfyUI and AUTOMATIC1111 do once, and so
/// does this.
struct HadamardFormula: AdapterFormula {
  struct Side: Sendable {
    /// [out, rank]; with a core [rank, out].
    let a: AdapterTensor
    /// [rank, in · taps]; with a core [rank, in].
    let b: AdapterTensor
    /// [rank, rank, kh, kw]; nil for none.
    let core: AdapterTensor?

    func product(_ shape: WeightShape, factor: Float, _ kernels: MergeKernels) throws -> LowRankProduct {
      let rank = b.shape[0]
      var (up, down) = (try a.floats(kernels), try b.floats(kernels))
      if let core {
        let outer = a.shape[0]
        down = TuckerCore(try core.floats(kernels), outer: outer, inner: rank, taps: shape.taps)
          .expanded(by: down, inputs: shape.inputs)
        up = up.transposed(rows: outer, columns: shape.rows)
        return LowRankProduct(up, down, rank: outer, columns: shape.columns, factor: factor, kernels)
      }
      return LowRankProduct(up, down, rank: rank, columns: shape.columns, factor: factor, kernels)
    }
  }

  let first: Side
  let second: Side
  let scale: Float

  func change(_ shape: WeightShape, _ strength: Float, ranks: Int?, _ kernels: MergeKernels) throws -> RowChange {
    let first = try self.first.product(shape, factor: scale * strength, kernels)
    let second = try self.second.product(shape, factor: 1, kernels)
    return { rows in
      let a = first.values(of: rows.range), b = second.values(of: rows.range)
      for index in 0..<rows.count { rows.values[index] += a[index] * b[index] }
    }
  }
}

extension [Float] {
  /// A matrix [rows, columns] as [columns, rows].
  func transposed(rows: Int, columns: Int) -> [Float] {
    var result = [Float](repeating: 0, count: count)
    for row in 0..<rows {
      for column in 0..<columns { result[column * rows + row] = self[row * columns + column] }
    }
    return result
  }
}
