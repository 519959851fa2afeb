/// LoRA: W + s · up · down (Hu et al. 2021), over a convolution's whole kernel too (LoCon, Yeh et al. 2023); and with a core
/// in between, LyCORIS' CP decomposition: ΔW[i, j, a, b] = Σ mid[n, p, a, b] · up[i, n] · down[p, j].
struct LowRankFormula: AdapterFormula {
  /// [out, rank]
  let up: AdapterTensor
  /// [rank, in · taps]; with a core [rank, in].
  let down: AdapterTensor
  /// [rank, rank, kh, kw]; nil for none.
  let middle: AdapterTensor?
  let scale: Float

  func change(_ shape: WeightShape, _ strength: Float, ranks: Int?, _ kernels: MergeKernels) throws -> RowChange {
    let rank = up.extent(behind: 1)
    var (up, down) = (try up.floats(kernels), try down.floats(kernels))
    if let middle {
      down = TuckerCore(try middle.floats(kernels), outer: rank, inner: self.down.shape[0], taps: shape.taps)
        .expanded(by: down, inputs: shape.inputs)
    }
    // AUTOMATIC1111's `dyn`: the first ones alone, as networks trained with a dynamic rank (DyLoRA) allow.
    let kept = min(max(ranks ?? rank, 0), rank)
    if kept < rank {
      up = (0..<shape.rows).flatMap { up[$0 * rank..<$0 * rank + kept] }
      down.removeSubrange(kept * shape.columns..<down.count)
    }
    let product = LowRankProduct(up, down, rank: kept, columns: shape.columns, factor: scale * strength, kernels)
    return { product.add(to: $0) }
  }
}

/// The small kernel [outer, inner, taps] of a convolution in Tucker's form.
struct TuckerCore {
  let values: [Float]
  let outer: Int, inner: Int, taps: Int

  init(_ values: [Float], outer: Int, inner: Int, taps: Int) {
    (self.values, self.outer, self.inner, self.taps) = (values, outer, inner, taps)
  }

  /// [outer, inputs, taps]: the sum over the inner ranks of the core and a matrix [inner, inputs].
  func expanded(by matrix: [Float], inputs: Int) -> [Float] {
    var result = [Float](repeating: 0, count: outer * inputs * taps)
    for n in 0..<outer {
      for p in 0..<inner {
        for j in 0..<inputs {
          let factor = matrix[p * inputs + j]
          let target = (n * inputs + j) * taps, source = (n * inner + p) * taps
          for tap in 0..<taps { result[target + tap] += factor * values[source + tap] }
        }
      }
    }
    return result
  }
}
