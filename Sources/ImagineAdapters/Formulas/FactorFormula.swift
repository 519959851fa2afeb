/// IA3: each output or each input of a layer times a learned factor (Liu et al. 2022).
struct FactorFormula: AdapterFormula {
  let factors: AdapterTensor
  /// Whether the tensor holds the factor itself, as PEFT writes it, or its difference from 1, as LyCORIS does.
  let isWhole: Bool
  let isOfInputs: Bool

  func change(_ shape: WeightShape, _ strength: Float, ranks: Int?, _ kernels: MergeKernels) throws -> RowChange {
    let factors = try self.factors.floats(kernels).map { 1 + strength * (isWhole ? $0 - 1 : $0) }
    return { [isOfInputs] rows in
      for row in rows.range {
        let values = rows[row]
        for column in 0..<rows.columns { values[column] *= factors[isOfInputs ? column / shape.taps : row] }
      }
    }
  }
}
