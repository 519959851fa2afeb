/// What a file says of one tensor, every number of it checked against the file.
package struct TensorInfo: Sendable, Hashable {
  package let name: UTF8Name
  package let dataType: StorageFormat
  /// Sizes, slowest first; empty for a scalar.
  package let shape: [Int]
  /// Where its bytes lie in the file: from the first element to the last.
  package let range: Range<Int>
  /// How many elements on in the file the next one of each axis lies; nil for a tensor that lies row by row without gaps.
  let strides: [Int]?
  /// The product of the shape.
  package let elementCount: Int

  /// - Parameters:
  ///   - shape: one whose product was seen to fit.
  ///   - strides: none for single numbers only, and such that all elements lie in `range`.
  init(name: UTF8Name, dataType: StorageFormat, shape: [Int], range: Range<Int>, strides: [Int]? = nil) {
    self.name = name
    self.dataType = dataType
    self.shape = shape
    self.range = range
    self.strides = strides
    elementCount = shape.reduce(1, *)
  }

  /// Whether the elements lie in the file as they are read.
  package var isContiguous: Bool { strides == nil }
}

/// Parts of a tensor, as tensors of the same file.
extension TensorInfo {
  /// Some of the rows of a tensor that has rows; nil where they do not begin and end between blocks.
  func rows(_ rows: Range<Int>) -> TensorInfo? {
    // Not the product of the others: with no rows, it need not fit.
    let inner = self.shape[0] == 0 ? 0 : elementCount / self.shape[0]
    let shape = [rows.count] + self.shape.dropFirst()
    guard [rows.lowerBound, rows.upperBound].allSatisfy({ $0 * inner % dataType.blockLength == 0 }) else { return nil }
    guard let strides else {
      let bytes = dataType.bytes(of: rows.lowerBound * inner..<rows.upperBound * inner)
      return TensorInfo(
        name: name, dataType: dataType, shape: shape,
        range: range.lowerBound + bytes.lowerBound..<range.lowerBound + bytes.upperBound)
    }
    return strided(shape, strides, from: range.lowerBound + dataType.bytesPerBlock * rows.lowerBound * strides[0])
  }

  /// The tensor with its axes in reverse order.
  func transposed() -> TensorInfo {
    strided(shape.reversed(), (strides ?? Self.strides(of: shape)).reversed(), from: range.lowerBound)
  }

  private func strided(_ shape: [Int], _ strides: [Int], from first: Int) -> TensorInfo {
    let isEmpty = shape.contains(0)
    let last = isEmpty ? -1 : zip(shape, strides).reduce(0) { $0 + ($1.0 - 1) * $1.1 }
    return TensorInfo(
      name: name, dataType: dataType, shape: shape, range: first..<first + (last + 1) * dataType.bytesPerBlock,
      strides: strides)
  }

  /// The strides of a tensor that lies row by row.
  static func strides(of shape: [Int]) -> [Int] {
    var strides = [Int](repeating: 1, count: shape.count)
    for axis in strides.indices.dropLast().reversed() { strides[axis] = strides[axis + 1] * shape[axis + 1] }
    return strides
  }
}

extension StorageFormat {
  /// The bytes a tensor takes; nil when that exceeds an `Int`.
  func byteCount(of shape: [Int]) -> Int? {
    var count = 1
    for size in shape {
      let (product, overflow) = count.multipliedReportingOverflow(by: size)
      if overflow { return nil }
      count = product
    }
    return byteCount(of: count)
  }
}
