import ImagineGraph

/// How the kernels for rows deal a row out to the invocations of a workgroup (`row.glsl`).
struct RowTile: Equatable {
  /// Whether a unit is 16 bytes, or one value.
  let vectors: Bool
  /// Units that an invocation keeps in registers; 0 if that would be too many.
  let kept: Int

  /// `WORKGROUP` of the kernels.
  private static let workgroup = 64

  init(columns: Int, _ type: ElementType, large: Bool) {
    let lanes = type.lanes
    vectors = columns % lanes == 0
    let units = vectors ? columns / lanes : columns, needed = (units + Self.workgroup - 1) / Self.workgroup
    // Eight vectors of halves are 64 registers. For a software driver they would be memory, and code to compile.
    kept = needed <= (large ? 8 : 1) ? needed : 0
  }

  func constants() throws(VulkanError) -> [UInt32: UInt32] { [0: vectors ? 1 : 0, 1: try kept.word] }
}

/// x [..., C], weight and bias [C].
func layerNorm(_ operands: [Value], epsilon: Float, _ result: Value, _ context: VulkanContext) throws -> Dispatch {
  let x = operands[0], type = x.type.elementType
  let tile = RowTile(columns: x.shape.last, type, large: context.usesLargeTiles)
  return Dispatch(
    "layer_norm\(context.reduction)_\(try type.kernelSuffix)", try tile.constants(),
    operands.map(\.span), result: result.span,
    constants: [try x.rows.word, try x.shape.last.word, epsilon.word], workgroups: Dispatch.workgroups(for: x.rows))
}

/// Over the last axis.
func softmax(_ x: Value, causal: Bool, _ result: Value, _ context: VulkanContext) throws -> Dispatch {
  let lines = x.shape.rank > 1 ? x.shape[x.shape.rank - 2] : 1, type = x.type.elementType
  var specialisation = try RowTile(columns: x.shape.last, type, large: context.usesLargeTiles).constants()
  specialisation[2] = causal ? 1 : 0
  return Dispatch(
    "softmax\(context.reduction)_\(try type.kernelSuffix)", specialisation, [x.span], result: result.span,
    constants: [try x.rows.word, try x.shape.last.word, try lines.word],
    workgroups: Dispatch.workgroups(for: x.rows))
}

extension VulkanContext {
  /// What the kernels are called after that reduce as well as the device can.
  fileprivate var reduction: String { usesLargeTiles && device.physical.hasSubgroupArithmetic ? "_subgroup" : "" }
}
