import ImagineGraph

/// How the kernels for rows deal a row out to the invocations that have it (`row.glsl`).
struct RowTile: Equatable {
  /// Whether a unit is 16 bytes, or one value.
  let vectors: Bool
  /// Units that an invocation keeps in registers; 0 if that would be too many.
  let kept: Int

  /// - Parameter hands: invocations that have a row together, at least.
  init(columns: Int, _ type: ElementType, hands: Int, large: Bool) {
    let lanes = type.lanes
    vectors = columns % lanes == 0
    let units = vectors ? columns / lanes : columns, needed = (units + hands - 1) / hands
    // Eight vectors of halves are 64 registers. For a software driver they would be memory, and code to compile.
    kept = needed <= (large ? 8 : 1) ? needed : 0
  }

  func constants() throws(VulkanError) -> [UInt32: UInt32] { [0: vectors ? 1 : 0, 1: try kept.word] }
}

/// x [..., C], weight and bias [C].
func layerNorm(_ operands: [Value], epsilon: Float, _ result: Value, _ context: VulkanContext) throws -> Dispatch {
  let x = operands[0], type = x.type.elementType, sizes = context.device.physical.traits.subgroupSizes
  // A subgroup a row: if subgroups are smaller than the largest, the last workgroups find no row left.
  let hands = context.reducesInSubgroups ? sizes.lowerBound : 64
  let rowsAtOnce = context.reducesInSubgroups ? max(128 / sizes.upperBound, 1) : 1
  let tile = RowTile(columns: x.shape.last, type, hands: hands, large: context.usesLargeTiles)
  return Dispatch(
    "layer_norm\(context.reduction)_\(try type.kernelSuffix)", try tile.constants(),
    operands.map(\.span), result: result.span,
    constants: [try x.rows.word, try x.shape.last.word, epsilon.word],
    workgroups: Dispatch.workgroups(for: x.rows, size: rowsAtOnce))
}

/// Over the last axis.
func softmax(_ x: Value, causal: Bool, _ result: Value, _ context: VulkanContext) throws -> Dispatch {
  let lines = x.shape.rank > 1 ? x.shape[x.shape.rank - 2] : 1, type = x.type.elementType
  let hands = context.reducesInSubgroups ? 256 : 64
  let tile = RowTile(columns: x.shape.last, type, hands: hands, large: context.usesLargeTiles)
  var specialisation = try tile.constants()
  specialisation[2] = causal ? 1 : 0
  return Dispatch(
    "softmax\(context.reduction)_\(try type.kernelSuffix)", specialisation, [x.span], result: result.span,
    constants: [try x.rows.word, try x.shape.last.word, try lines.word],
    workgroups: Dispatch.workgroups(for: x.rows))
}

extension VulkanContext {
  fileprivate var reducesInSubgroups: Bool { usesLargeTiles && device.physical.hasSubgroupArithmetic }

  /// What the kernels are called after that reduce as well as the device can.
  fileprivate var reduction: String { reducesInSubgroups ? "_subgroup" : "" }
}
