internal import ImagineGraph

/// A weight as a matrix: a row for each output, and in it the inputs, each with its place in the kernel.
struct WeightShape: Sendable, Hashable {
  let rows: Int
  let inputs: Int
  /// Places of a convolution's kernel; 1 for a linear layer.
  let taps: Int
  let kernel: [Int]

  /// - Parameter shape: [out], [out, in] or [out, in, kh, kw].
  init(_ shape: Shape) {
    rows = shape.rank > 0 ? shape[0] : 1
    inputs = shape.rank > 1 ? shape[1] : 1
    kernel = Array(shape.dimensions.dropFirst(2))
    taps = kernel.reduce(1, *)
  }

  /// Numbers in a row.
  var columns: Int { inputs * taps }
  var count: Int { rows * columns }
}

/// Some rows of a weight, to be changed in place.
struct WeightRows {
  let range: Range<Int>
  /// `range.count` rows of `columns` numbers.
  let values: UnsafeMutablePointer<Float>
  let columns: Int

  var count: Int { range.count * columns }

  /// The numbers of a row, by its number in the whole weight.
  subscript(row: Int) -> UnsafeMutablePointer<Float> { values + (row - range.lowerBound) * columns }
}

/// What an adapter does to some rows of one weight: made once for a weight, and called for all of its rows.
typealias RowChange = (WeightRows) throws -> Void

/// What an adapter does to one weight.
///
/// A change hangs on nothing but the weight's numbers before it, so that taking it back is to read the weight again.
protocol AdapterFormula: Sendable {
  /// Whether a row of the result hangs on the same row of the weight alone. Otherwise all rows are given at once.
  var isRowwise: Bool { get }

  /// Reads the tensors and makes ready to change a weight.
  ///
  /// - Parameters:
  ///   - strength: how much of the change is made, 1 for all.
  ///   - ranks: how many of the low-rank parts count; nil for all.
  func change(_ shape: WeightShape, _ strength: Float, ranks: Int?, _ kernels: MergeKernels) throws -> RowChange
}

extension AdapterFormula {
  var isRowwise: Bool { true }
}
