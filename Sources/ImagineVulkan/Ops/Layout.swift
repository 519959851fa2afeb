import ImagineGraph

/// Extents of a row-major result and an operand's strides along them, as kernels for up to four axes take them.
struct FourAxes {
  private let extents: [Int]
  private let strides: [Int]

  init(_ shape: Shape, _ operandStrides: [Int]) {
    (extents, strides) = shape.joiningAxes(steps: operandStrides)
  }

  /// - Throws: `VulkanError` if four axes are not enough.
  func words() throws(VulkanError) -> [UInt32] {
    guard extents.count <= 4 else {
      throw VulkanError(.unsupported, "A value has \(extents.count) axes and kernels for Vulkan take four.")
    }
    var words: [UInt32] = [UInt32](repeating: 1, count: 4 - extents.count)
    for extent in extents { words.append(try extent.word) }
    words += [UInt32](repeating: 0, count: 4 - strides.count)
    for stride in strides { words.append(try stride.word) }
    return words
  }
}

/// Axis i of the result is axis `axes[i]` of x.
func permutation(of x: Value, axes: [Int], into result: BufferSpan, _ type: ElementType) throws -> Dispatch {
  let strides = x.shape.strides
  let four = FourAxes(Shape(axes.map { x.shape[$0] }), axes.map { strides[$0] })
  return Dispatch(
    "permute_\(type.wordSuffix)", [:], [x.span], result: result, constants: try four.words() + [try x.count.word],
    workgroups: Dispatch.workgroups(for: x.count, size: 256))
}

/// Copies every row of `length` words; strides and starts are in words.
private func copy(
  _ x: Value, stride: Int, start: Int, into result: Value, stride resultStride: Int, start resultStart: Int,
  rows: Int, length: Int
) throws -> Dispatch {
  Dispatch(
    "copy_\(result.type.elementType.wordSuffix)", [:], [x.span], result: result.span,
    constants: [
      try (rows * length).word, try length.word, try stride.word, try start.word, try resultStride.word,
      try resultStart.word,
    ],
    workgroups: Dispatch.workgroups(for: rows * length, size: 256))
}

func concat(_ operands: [Value], axis: Int, _ result: Value) throws -> [Dispatch] {
  let inner = result.shape.dimensions[(axis + 1)...].reduce(1, *)
  let rows = result.shape.dimensions[..<axis].reduce(1, *)
  var dispatches: [Dispatch] = [], start = 0
  for operand in operands {
    let length = operand.shape[axis] * inner
    dispatches.append(
      try copy(
        operand, stride: length, start: 0, into: result, stride: result.shape[axis] * inner, start: start, rows: rows,
        length: length))
    start += length
  }
  return dispatches
}

func slice(_ x: Value, axis: Int, start: Int, _ result: Value) throws -> Dispatch {
  let inner = x.shape.dimensions[(axis + 1)...].reduce(1, *)
  let rows = x.shape.dimensions[..<axis].reduce(1, *)
  let length = result.shape[axis] * inner
  return try copy(
    x, stride: x.shape[axis] * inner, start: start * inner, into: result, stride: length, start: 0, rows: rows,
    length: length)
}

/// x [N, H, W, C] -> [N, H', W', C].
func upsampleNearest(_ x: Value, _ result: Value) throws -> Dispatch {
  Dispatch(
    "upsample_nearest_\(x.type.elementType.wordSuffix)", [:], [x.span], result: result.span,
    constants: [
      try result.count.word, try x.shape[1].word, try x.shape[2].word, try result.shape[1].word,
      try result.shape[2].word, try x.shape[3].word,
    ],
    workgroups: Dispatch.workgroups(for: result.count, size: 256))
}

/// ids [N, T], table [V, C] -> [N, T, C].
func embedding(ids: Value, table: Value, _ result: Value) throws -> Dispatch {
  Dispatch(
    "embedding_\(table.type.elementType.wordSuffix)", [:], [ids.span, table.span], result: result.span,
    constants: [try result.count.word, try table.shape[1].word],
    workgroups: Dispatch.workgroups(for: result.count, size: 256))
}
