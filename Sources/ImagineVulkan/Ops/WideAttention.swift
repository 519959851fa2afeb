import ImagineGraph

/// Attention with one head too wide for a subgroup's registers, on matrix units: scores, their softmax, and the product of
/// these weights with the values, for as many queries at a time as scratch memory has room for.
struct WideAttention: Equatable {
  let images: Int, targets: Int, sources: Int, channels: Int
  /// Queries of a piece, at most.
  let piece: Int

  /// Bytes of a piece's scores, about: more would not keep a large device busier.
  private static let pieceBytes = 64 << 20

  /// q [N, T, C], k [N, S, C]; nil where other kernels have to do it.
  init?(_ q: TensorType, _ k: TensorType, heads: Int, causal: Bool, _ context: VulkanContext) {
    let device = context.productDevice
    guard device.units != nil, q.elementType == .float16, k.elementType == .float16, heads == 1, !causal else {
      return nil
    }
    (images, targets, sources, channels) = (q.shape[0], q.shape[1], k.shape[1], q.shape[2])
    guard channels > 160, targets > 0, sources > 0 else { return nil }
    let rows = 128, bytes = device.forced.scoreBytes ?? Self.pieceBytes
    piece = min(max(bytes / (sources * 2) / rows, 1) * rows, targets)
    // Pieces and images are operands of their own, which begin at multiples of what the device asks for.
    let pieces = piece < targets ? [piece] : [], several = images > 1 ? [targets, sources] : []
    guard (pieces + several).allSatisfy({ $0 * channels * 2 % context.alignment == 0 }),
      MatrixTile.best(for: scoring(piece), on: device) != nil
    else { return nil }
  }

  var scratchBytes: Int { piece * sources * 2 }

  /// Of a whole piece.
  var products: [ProductShape] { [scoring(piece), weighing(piece)] }

  private func scoring(_ rows: Int) -> ProductShape {
    ProductShape(rows: rows, columns: sources, depth: channels, .float16, isTransposed: true)
  }

  private func weighing(_ rows: Int) -> ProductShape {
    ProductShape(rows: rows, columns: channels, depth: sources, .float16, isTransposed: false)
  }

  /// - Parameters:
  ///   - operands: q [N, T, C], k and v [N, S, C].
  ///   - scratch: `scratchBytes`.
  func dispatches(
    _ operands: [Value], _ result: Value, scratch: BufferSpan, _ context: VulkanContext
  ) throws -> [Dispatch] {
    try (0..<images).flatMap { image in
      try stride(from: 0, to: targets, by: piece).flatMap { start in
        let rows = min(piece, targets - start)
        let q = operands[0].rows(rows, from: image * targets + start)
        let k = operands[1].rows(sources, from: image * sources)
        let v = operands[2].rows(sources, from: image * sources)
        let part = result.rows(rows, from: image * targets + start)
        let scores = Value(type: TensorType([rows, sources], .float16), span: scratch)
        return try [
          product(scoring(rows), [q, k], scores, context, scale: 1 / Float(channels).squareRoot()),
          softmax(scores, causal: false, scores, context),
          product(weighing(rows), [scores, v], part, context, scale: 1),
        ]
      }
    }
  }

  private func product(
    _ shape: ProductShape, _ operands: [Value], _ result: Value, _ context: VulkanContext, scale: Float
  ) throws -> Dispatch {
    guard let (tile, _) = MatrixTile.best(for: shape, on: context.productDevice, divided: false) else {
      throw VulkanError(.unsupported, "The device's limits allow no product of \(shape.rows) x \(shape.columns).")
    }
    var dispatch = try matrixProduct(shape, tile, parts: 1, operands, result.span)
    dispatch.kernel.constants[22] = scale.word
    return dispatch
  }
}

extension Value {
  /// Rows of a value [..., C], as a value [count, C].
  fileprivate func rows(_ count: Int, from first: Int) -> Value {
    let width = shape.last, part = TensorType([count, width], type.elementType)
    return Value(
      type: part,
      span: BufferSpan(
        span.buffer, offset: span.offset + first * width * type.elementType.size, byteCount: part.byteCount))
  }
}
