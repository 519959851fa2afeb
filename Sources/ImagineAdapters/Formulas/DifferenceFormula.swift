/// A full difference: W + s · diff, of weights, biases and norms.
struct DifferenceFormula: AdapterFormula {
  let difference: AdapterTensor
  var scale: Float = 1

  func change(_ shape: WeightShape, _ strength: Float, ranks: Int?, _ kernels: MergeKernels) throws -> RowChange {
    let values = try difference.floats(kernels), factor = strength * scale
    return { rows in
      let first = rows.range.lowerBound * rows.columns
      for index in 0..<rows.count { rows.values[index] += factor * values[first + index] }
    }
  }
}

/// Another weight in place of the model's, whatever the strength: ComfyUI's `set_weight`.
struct ReplacementFormula: AdapterFormula {
  let replacement: AdapterTensor

  func change(_ shape: WeightShape, _ strength: Float, ranks: Int?, _ kernels: MergeKernels) throws -> RowChange {
    let values = try replacement.floats(kernels)
    return { rows in
      let first = rows.range.lowerBound * rows.columns
      for index in 0..<rows.count { rows.values[index] = values[first + index] }
    }
  }
}
