import ImagineGraph

/// Extents of a row-major result and an operand's strides along them, as kernels for up to four axes take them.
struct FourAxes {
  private let extents: [Int]
  private let strides: [Int]

  init(_ shape: Shape, _ operandStrides: [Int]) {
    (extents, strides) = shape.joiningAxes(steps: operandStrides)
  }

  /// Whether every vector of so many elements of the result reads as many neighbours of the operand, at a multiple of
  /// them: but for a last one, which may be shorter where there is one axis only.
  func inVectors(of lanes: Int) -> Bool {
    guard let extent = extents.last, strides.last == 1 else { return false }
    return extents.count == 1 || extent % lanes == 0 && strides.dropLast().allSatisfy { $0 % lanes == 0 }
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
  let type = result.type.elementType
  let unit = type.unit(for: [length, stride, start, resultStride, resultStart])
  // Positions are counted in 32 bits, of the whole values, too.
  _ = (try x.count.word, try result.count.word)
  return Dispatch(
    "copy_\(type.wordSuffix)", [0: unit > 1 ? 1 : 0], [x.span], result: result.span,
    constants: [
      try (rows * length / unit).word, try (length / unit).word, try (stride / unit).word, try (start / unit).word,
      try (resultStride / unit).word, try (resultStart / unit).word,
    ],
    workgroups: Dispatch.workgroups(for: rows * length / unit, size: 256))
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
  let type = x.type.elementType, unit = type.unit(for: [x.shape[3]])
  return Dispatch(
    "upsample_nearest_\(type.wordSuffix)", [0: unit > 1 ? 1 : 0], [x.span], result: result.span,
    constants: [
      try (result.count / unit).word, try x.shape[1].word, try x.shape[2].word, try result.shape[1].word,
      try result.shape[2].word, try (x.shape[3] / unit).word,
    ],
    workgroups: Dispatch.workgroups(for: result.count / unit, size: 256))
}

/// weight [out, in, 3, 3] -> [4, out, 2, 2, in], for pictures of twice the size (`doubled.glsl`).
func upsampledKernel(_ weight: Value, into result: BufferSpan) throws -> Dispatch {
  let count = weight.count / 9 * 16
  return Dispatch(
    "upsampled_kernel_\(try weight.type.elementType.kernelSuffix)", [:], [weight.span], result: result,
    constants: [try count.word, try weight.shape[0].word, try weight.shape[1].word],
    workgroups: Dispatch.workgroups(for: count, size: 256))
}

/// ids [N, T], table [V, C] -> [N, T, C].
func embedding(ids: Value, table: Value, _ result: Value) throws -> Dispatch {
  let type = table.type.elementType, unit = type.unit(for: [table.shape[1]])
  return Dispatch(
    "embedding_\(type.wordSuffix)", [0: unit > 1 ? 1 : 0], [ids.span, table.span], result: result.span,
    constants: [try (result.count / unit).word, try (table.shape[1] / unit).word],
    workgroups: Dispatch.workgroups(for: result.count / unit, size: 256))
}

extension ElementType {
  /// Elements in 16 bytes.
  var lanes: Int { 16 / size }

  /// Elements that a kernel which only moves them takes at once: as many as 16 bytes hold, where all distances are
  /// multiples of that, else one.
  fileprivate func unit(for distances: [Int]) -> Int { distances.allSatisfy { $0 % lanes == 0 } ? lanes : 1 }
}
