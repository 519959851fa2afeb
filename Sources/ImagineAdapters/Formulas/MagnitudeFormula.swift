/// DoRA: the direction of the changed weight with a learned magnitude (Liu et al. 2024).
///
/// With V = W + ΔW the change is W + s · (m · V / ‖V‖ − W). The norm is V's in both directions, as in LyCORIS and PEFT, and
/// not the original weight's as in ComfyUI for rows. LyCORIS interpolates V's length alone, so that at a strength of 0 ΔW
/// stays; PEFT scales ΔW alone. At a strength of 1 all of these are the same.
struct MagnitudeFormula: AdapterFormula {
  enum Direction: Sendable {
    /// A magnitude for each output: the norm of a row.
    case rows
    /// One for each input: the norm over all outputs, and over the kernel.
    case inputs
  }

  let base: any AdapterFormula
  let magnitude: AdapterTensor
  let direction: Direction

  var isRowwise: Bool { direction == .rows && base.isRowwise }

  func change(_ shape: WeightShape, _ strength: Float, ranks: Int?, _ kernels: MergeKernels) throws -> RowChange {
    let base = try self.base.change(shape, 1, ranks: ranks, kernels), magnitude = try magnitude.floats(kernels)
    return { [direction] rows in
      let original = Array(UnsafeBufferPointer(start: rows.values, count: rows.count))
      try base(rows)
      var factors = [Float](repeating: 0, count: direction == .rows ? rows.range.count : shape.inputs)
      func index(_ row: Int, _ column: Int) -> Int { direction == .rows ? row : column / shape.taps }
      var squares = [Double](repeating: 0, count: factors.count)
      for row in 0..<rows.range.count {
        for column in 0..<rows.columns {
          let value = Double(rows.values[row * rows.columns + column])
          squares[index(row, column)] += value * value
        }
      }
      let first = direction == .rows ? rows.range.lowerBound : 0
      for place in factors.indices {
        factors[place] = magnitude[first + place] / (Float(squares[place].squareRoot()) + Float.ulpOfOne)
      }
      for row in 0..<rows.range.count {
        for column in 0..<rows.columns {
          let place = row * rows.columns + column
          let changed = rows.values[place] * factors[index(row, column)]
          rows.values[place] = original[place] + strength * (changed - original[place])
        }
      }
    }
  }
}
