import ImagineGraph

/// What the time of an attention depends on: q [images, targets, heads channels] and keys and values of `sources` tokens.
struct AttentionShape: Hashable, CustomStringConvertible {
  let images: Int, targets: Int, sources: Int, heads: Int, channels: Int
  let isCausal: Bool

  init(_ q: TensorType, _ k: TensorType, heads: Int, causal: Bool) {
    (images, targets, sources) = (q.shape[0], q.shape[1], k.shape[1])
    (self.heads, channels, isCausal) = (heads, q.shape[2] / max(heads, 1), causal)
  }

  /// Such as `attention 4096 x 4096, 2 times 8 heads of 40`.
  var description: String {
    "attention \(targets) x \(sources), \(images) times \(heads) heads of \(channels)\(isCausal ? ", causal" : "")"
  }

  /// Of the largest operand, in halves, rounded up to where another may begin on any device.
  var largestBytes: Int { (images * max(targets, sources) * heads * channels * 2 + 255) / 256 * 256 }
}

extension KernelTuner {
  func candidates(for shape: AttentionShape) -> [TuningCandidate] {
    var device = context.productDevice
    device.tuned = TuningTable()
    guard let usual = MatrixAttentionTile.best(for: shape, on: device) else { return [] }
    let products = Double(shape.images * shape.heads * shape.targets) * Double(2 * shape.sources * shape.channels)
    let others = MatrixAttentionTile.all(for: shape, on: device).filter { $0 != usual }
    return ([usual] + others).map { tile in
      TuningCandidate(words: tile.words, expectedSums: 2 * products / Double(device.cores) + 3e6) { _ in
        [try self.dispatch(shape, tile)]
      } keep: {
        $0[shape] = tile.choice
      }
    }
  }

  private func dispatch(_ shape: AttentionShape, _ tile: MatrixAttentionTile) throws -> Dispatch {
    func value(_ buffer: DeviceBuffer, _ index: Int, _ tokens: Int) -> Value {
      let type = TensorType([shape.images, tokens, shape.heads * shape.channels], .float16)
      return Value(
        type: type, span: BufferSpan(buffer, offset: index * shape.largestBytes, byteCount: type.byteCount))
    }
    return try tile.dispatch(
      [value(operands, 0, shape.targets), value(operands, 1, shape.sources), value(operands, 2, shape.sources)],
      heads: shape.heads, causal: shape.isCausal, value(results, 0, shape.targets))
  }
}
