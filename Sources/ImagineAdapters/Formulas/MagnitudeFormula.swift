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
      let squares = direction == .rows ? rows.squaresOfRows() : rows.squaresOfInputs(taps: shape.taps)
      let first = direction == .rows ? rows.range.lowerBound : 0
      let factors = squares.enumerated().map { place, square in
        magnitude[first + place] / (Float(square.squareRoot()) + Float.ulpOfOne)
      }
      for row in 0..<rows.range.count {
        let values = rows.values + row * rows.columns, start = row * rows.columns
        var column = 0
        while column < rows.columns {
          // The same factor for a whole row, or for one input's taps.
          let end = direction == .rows ? rows.columns : column + shape.taps
          let factor = factors[direction == .rows ? row : column / shape.taps]
          for place in column..<end {
            values[place] = original[start + place] + strength * (values[place] * factor - original[start + place])
          }
          column = end
        }
      }
    }
  }
}

extension WeightRows {
  /// The sum of squares of each row.
  fileprivate func squaresOfRows() -> [Double] {
    (0..<range.count).map { row in
      (0..<columns).reduce(0) { $0 + Double(values[row * columns + $1]) * Double(values[row * columns + $1]) }
    }
  }

  /// The sum of squares over all rows, for each input with its taps.
  fileprivate func squaresOfInputs(taps: Int) -> [Double] {
    var columnSquares = [Double](repeating: 0, count: columns)
    for row in 0..<range.count {
      let values = values + row * columns
      for column in 0..<columns { columnSquares[column] += Double(values[column]) * Double(values[column]) }
    }
    return stride(from: 0, to: columns, by: taps).map { columnSquares[$0..<$0 + taps].reduce(0, +) }
  }
}
