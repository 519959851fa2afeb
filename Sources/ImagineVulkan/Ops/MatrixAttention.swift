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

  /// All that a device's limits allow: none for heads so wide that a subgroup's sums would not fit into its registers.
  static func all(for shape: AttentionShape, on device: ProductDevice) -> [MatrixAttentionTile] {
    guard let units = device.units, shape.channels <= 160 else { return [] }
    let step = max(units.matrix.columns, units.matrix.depth), padded = padded(shape.channels, units)
    let keys = units.isOfSoftware ? [16] : [32, 64, 80, 16], subgroups = units.isOfSoftware ? [2] : [4, 8, 2, 1]
    let queryUnits = padded <= 80 ? [1, 2] : [1]
    return keys.filter { $0 % step == 0 }.flatMap { keys in
      subgroups.flatMap { subgroups in
        queryUnits.map {
          MatrixAttentionTile(
            channels: shape.channels, keys: keys, subgroups: subgroups, queryUnits: $0, units: units)
        }
      }
    }.filter { $0.sharedBytes <= device.sharedBytes && $0.threads <= device.threads }
  }

  /// The tile that was measured to be fastest, or else one by reckoning; nil if a device's limits allow none.
  ///
  /// Two matrices of queries a subgroup read the keys half as often, where their sums leave registers for it and there are
  /// queries enough to keep all cores busy; narrow heads have room for blocks of 64 keys then. Eight subgroups share a
  /// block's keys with gain at a width of 80 (measured on an H100).
  static func best(for shape: AttentionShape, on device: ProductDevice) -> MatrixAttentionTile? {
    let tiles = all(for: shape, on: device)
    if let measured = device.tuned[shape], let tile = tiles.first(where: { $0.choice == measured }) { return tile }
    guard let first = tiles.first else { return nil }
    let isMany = first.units.isOfSoftware ? shape.targets > 32 : shape.targets >= 2048
    let queryUnits = first.padded <= 64 && isMany ? 2 : 1
    let keys = queryUnits == 2 && first.padded <= 48 && !first.units.isOfSoftware ? 64 : first.keys
    let subgroups = first.padded == 80 ? 8 : 4
    return tiles.first { $0.queryUnits == queryUnits && $0.keys == keys && $0.subgroups == subgroups }
      ?? tiles.first { $0.queryUnits == queryUnits } ?? first
  }

  var choice: TuningTable.AttentionChoice {
    TuningTable.AttentionChoice(keys: keys, subgroups: subgroups, queryUnits: queryUnits)
  }

  /// Such as `32 keys, 8 subgroups of 2x16 queries`.
  var words: String {
    "\(keys) keys, \(subgroups) \(subgroups == 1 ? "subgroup" : "subgroups") of \(queryUnits)x\(units.matrix.rows) queries"
  }
}

extension MatrixAttentionTile {
  /// Attention of halves; nil where other kernels have to do it.
  init?(_ q: Value, _ shape: AttentionShape, on device: ProductDevice) {
    guard q.type.elementType == .float16, let best = Self.best(for: shape, on: device) else { return nil }
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
