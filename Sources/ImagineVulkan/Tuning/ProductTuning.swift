import ImagineGraph

extension KernelTuner {
  /// The ways worth timing: first what is chosen without, then what that choice's reckoning thinks is near.
  func candidates(for shape: ProductShape) -> [TuningCandidate] {
    var device = context.productDevice
    device.tuned = TuningTable()
    guard let units = device.units, let usual = MatrixTile.best(for: shape, on: device) else { return [] }
    func time(_ tile: MatrixTile, _ parts: Int) -> Double { tile.time(for: shape, parts: parts, cores: device.cores) }
    let limit = 1.8 * time(usual.tile, usual.parts)
    let others = MatrixTile.all(units).filter { $0.fits(shape, device) }.flatMap { tile in
      MatrixTile.partsWorthTrying(shape).map { (tile: tile, parts: tile.parts(of: shape.depth, wanted: $0)) }
    }
    let near = others.filter { time($0.tile, $0.parts) <= limit }
      .sorted { time($0.tile, $0.parts) < time($1.tile, $1.parts) }
    var seen: Set<TuningTable.Choice> = []
    return ([usual] + near).filter { seen.insert(TuningTable.Choice($0.tile, parts: $0.parts)).inserted }.prefix(12)
      .map { tile, parts in
        TuningCandidate(words: tile.words(parts: parts), expectedSums: time(tile, parts)) {
          try self.dispatches(shape, tile, parts: parts, run: $0)
        } keep: {
          $0[shape] = TuningTable.Choice(tile, parts: parts)
        }
      }
  }

  private func dispatches(
    _ shape: ProductShape, _ tile: MatrixTile, parts: Int, run: Int
  ) throws -> [Dispatch] {
    let places = TunedProductPlaces(shape, context), type = shape.left
    func value(_ buffer: DeviceBuffer, _ offset: Int, _ bytes: Int, _ type: ElementType) -> Value {
      Value(
        type: TensorType([bytes / type.size], type), span: BufferSpan(buffer, offset: offset, byteCount: bytes))
    }
    let rights = places.left + places.copies * places.right
    var operands = [
      value(self.operands, 0, places.left, type),
      value(self.operands, places.left + run % places.copies * places.right, places.right, type),
    ]
    if shape.epilogue.bias { operands.append(value(self.operands, rights, places.bias, .float32)) }
    if shape.epilogue.residual {
      operands.append(value(self.operands, rights + places.bias, places.residual, type))
    }
    let columns = shape.isGated ? shape.columns / 2 : shape.columns
    let result = Value(
      type: TensorType([shape.batch * shape.rows, columns], type),
      span: BufferSpan(results, byteCount: shape.batch * shape.rows * columns * type.size))
    let variant = ProductVariant(kernel: .matrix(tile), tile: .plain, parts: parts)
    let scratch = BufferSpan(
      results, offset: places.scratchStart, byteCount: max(variant.scratchBytes(for: shape), 4))
    return try product(shape, variant, operands, result, scratch: scratch)
  }
}

/// Where operands and results of a product lie.
struct TunedProductPlaces {
  /// Weights that take turns, and what they may take together.
  private static let weightCopies = 8
  private static let weightBytes = 256 << 20

  let left: Int, right: Int, bias: Int, residual: Int
  let copies: Int
  let operandBytes: Int, resultBytes: Int, scratchStart: Int

  init(_ shape: ProductShape, _ context: VulkanContext) {
    let size = shape.left.size, pixels = shape.pixels
    left = context.aligned(
      (pixels.map { shape.rows / max($0.resultHeight * $0.resultWidth, 1) * $0.height * $0.width * $0.channels }
        ?? (shape.sharesLeft ? 1 : shape.batch) * shape.rows * shape.depth) * size)
    right = context.aligned(shape.batch * shape.columns * shape.depth * size)
    bias = context.aligned((shape.sharesLeft ? shape.batch : 1) * shape.columns * 4)
    residual = context.aligned(shape.batch * shape.rows * shape.columns * size)
    copies = max(1, min(Self.weightCopies, Self.weightBytes / max(right, 1)))
    operandBytes = left + copies * right + bias + residual
    scratchStart = residual
    resultBytes = residual + 16 * shape.rows * shape.columns * 4
  }
}
