import ImagineGraph

/// How attention on matrix units divides its work for a width of heads.
struct MatrixAttentionTile: Hashable {
  let channels: Int, keys: Int, subgroups: Int
  let units: MatrixUnits

  /// Channels up to whole matrices.
  var padded: Int {
    let step = max(units.matrix.columns, units.matrix.depth)
    return (channels + step - 1) / step * step
  }

  var queries: Int { subgroups * units.matrix.rows }
  var threads: Int { subgroups * units.subgroupSize }

  /// Of a block's keys and values, and of each subgroup's scores, weights and matrix of sums (`attention_coopmat.comp`).
  var sharedBytes: Int {
    let block = 2 * keys * (padded + 8) * 2, rows = subgroups * units.matrix.rows
    return block + rows * ((keys + 4) * 4 + (keys + 8) * 2 + units.matrix.columns * 4) + threads * 4
  }

  /// The largest blocks that a device's limits allow; nil if they allow none, or for heads so wide that a subgroup's sums
  /// would not fit into its registers.
  static func best(channels: Int, _ units: MatrixUnits, sharedBytes: Int, threads: Int) -> MatrixAttentionTile? {
    guard channels <= 160 else { return nil }
    let step = max(units.matrix.columns, units.matrix.depth)
    // A query has LANES invocations, which share the block's keys by chunks of eight.
    let keys = units.isOfSoftware ? [16] : [64, 32, 16], subgroups = units.isOfSoftware ? [2] : [4, 2, 1]
    let tiles = keys.filter { $0 % step == 0 }.flatMap { keys in
      subgroups.map { MatrixAttentionTile(channels: channels, keys: keys, subgroups: $0, units: units) }
    }
    let fitting = tiles.filter { $0.sharedBytes <= sharedBytes && $0.threads <= threads }
    return fitting.max { ($0.queries, $0.keys) < ($1.queries, $1.keys) }
  }
}

extension MatrixAttentionTile {
  /// Attention of halves; nil where other kernels have to do it.
  init?(_ q: Value, heads: Int, on device: ProductDevice) {
    guard let units = device.units, q.type.elementType == .float16 else { return nil }
    let best = Self.best(
      channels: q.shape.last / heads, units, sharedBytes: device.sharedBytes, threads: device.threads)
    guard let best else { return nil }
    self = best
  }

  /// - Parameter operands: q [N, T, C], k and v [N, S, C].
  func dispatch(_ operands: [Value], heads: Int, causal: Bool, _ result: Value) throws -> Dispatch {
    let q = operands[0].shape, matrix = units.matrix
    // Powers of two are what devices compute: exp(x) is exp2(x log2(e)).
    let factor = Float(1.4426950408889634) / Float(channels).squareRoot()
    var dispatch = Dispatch(
      "attention_coopmat_f16",
      [
        0: try channels.word, 1: try padded.word, 2: try keys.word, 3: causal ? 1 : 0, 4: try subgroups.word,
        5: try threads.word, 10: try matrix.rows.word, 11: try matrix.columns.word, 12: try matrix.depth.word,
        13: try units.subgroupSize.word, 14: channels % 8 == 0 ? 1 : 0,
      ],
      operands.map(\.span), result: result.span,
      constants: [try q[1].word, try operands[1].shape[1].word, try heads.word, factor.word],
      workgroups: ((q[1] + queries - 1) / queries, heads, q[0]))
    dispatch.kernel.subgroupSize = units.subgroupSize
    return dispatch
  }
}
