import ImagineGraph

/// How attention on matrix units divides its work for a width of heads (`attention_coopmat.glsl`).
struct MatrixAttentionTile: Hashable {
  let channels: Int, keys: Int, subgroups: Int
  /// Matrices of queries that a subgroup does at a time.
  let queryUnits: Int
  let units: MatrixUnits

  /// Channels up to whole matrices.
  var padded: Int { Self.padded(channels, units) }

  private static func padded(_ channels: Int, _ units: MatrixUnits) -> Int {
    let step = max(units.matrix.columns, units.matrix.depth)
    return (channels + step - 1) / step * step
  }

  var queries: Int { subgroups * queryUnits * units.matrix.rows }
  var threads: Int { subgroups * units.subgroupSize }

  /// Of a block's keys and values and of which of them are missing, and of each subgroup's queries or weights and matrix of
  /// numbers.
  var sharedBytes: Int {
    let block = 2 * keys * (padded + 8) * 2 + keys * 4
    let rows = subgroups * (units.converts ? 1 : queryUnits) * units.matrix.rows
    return block + rows * (max(padded, keys) + 8) * 2 + subgroups * units.matrix.rows * units.matrix.columns * 4
  }

  /// The tile for so many queries; nil if a device's limits allow none, or for heads so wide that a subgroup's sums would not
  /// fit into its registers.
  ///
  /// Two matrices of queries a subgroup read the keys half as often, where their sums leave registers for it and there are
  /// queries enough to keep all cores busy. Eight subgroups share a block's keys at widths of 48 and 80 with gain; at 64
  /// four have more workgroups a core (measured on an H100).
  static func best(
    channels: Int, targets: Int, _ units: MatrixUnits, sharedBytes: Int, threads: Int
  ) -> MatrixAttentionTile? {
    guard channels <= 160 else { return nil }
    let padded = padded(channels, units), step = max(units.matrix.columns, units.matrix.depth)
    let keys = units.isOfSoftware ? [16] : [32, 16]
    let subgroups = units.isOfSoftware ? [2] : (padded == 48 || padded == 80 ? [8, 4, 2, 1] : [4, 2, 1])
    let isMany = units.isOfSoftware ? targets > 32 : targets >= 2048
    let queryUnits = padded <= 64 && isMany ? [2, 1] : [1]
    let tiles = keys.filter { $0 % step == 0 }.flatMap { keys in
      subgroups.flatMap { subgroups in
        queryUnits.map {
          MatrixAttentionTile(channels: channels, keys: keys, subgroups: subgroups, queryUnits: $0, units: units)
        }
      }
    }
    return tiles.first { $0.sharedBytes <= sharedBytes && $0.threads <= threads }
  }
}

extension MatrixAttentionTile {
  /// Attention of halves; nil where other kernels have to do it.
  init?(_ q: Value, heads: Int, on device: ProductDevice) {
    guard let units = device.units, q.type.elementType == .float16 else { return nil }
    let best = Self.best(
      channels: q.shape.last / heads, targets: q.shape[1], units, sharedBytes: device.sharedBytes,
      threads: device.threads)
    guard let best else { return nil }
    self = best
  }

  /// - Parameter operands: q [N, T, C], k and v [N, S, C].
  func dispatch(_ operands: [Value], heads: Int, causal: Bool, _ result: Value) throws -> Dispatch {
    let q = operands[0].shape, matrix = units.matrix
    // Powers of two are what devices compute: exp(x) is exp2(x log2(e)).
    let factor = Float(1.4426950408889634) / Float(channels).squareRoot()
    var dispatch = Dispatch(
      units.converts ? "attention_convert_f16" : "attention_coopmat_f16",
      [
        0: try channels.word, 1: try padded.word, 2: try keys.word, 3: causal ? 1 : 0, 4: try subgroups.word,
        5: try threads.word, 6: try queryUnits.word, 10: try matrix.rows.word, 11: try matrix.columns.word,
        12: try matrix.depth.word, 13: try units.subgroupSize.word, 14: channels % 8 == 0 ? 1 : 0,
      ],
      operands.map(\.span), result: result.span,
      constants: [try q[1].word, try operands[1].shape[1].word, try heads.word, factor.word],
      workgroups: ((q[1] + queries - 1) / queries, heads, q[0]))
    dispatch.kernel.subgroupSize = units.subgroupSize
    return dispatch
  }
}
