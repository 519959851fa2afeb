import ImagineGraph

/// How the statistics of a group normalisation are divided among workgroups, where one a group would be too few.
///
/// Statistics of blocks of positions, and the normalisation itself, whose workgroups combine them; where there are many
/// blocks, a dispatch between does that.
struct GroupNormSplit: Equatable {
  let images: Int, positions: Int, channels: Int, groups: Int
  /// Whether an invocation reads 16 bytes of channels at a time, or one channel.
  let vectors: Bool
  /// Workgroups that share the channels of a position.
  let slices: Int
  /// Invocations that share the channels of a position in a slice.
  let columns: Int
  /// Workgroups that share the positions of an image, and how many each takes.
  let blocks: Int, block: Int

  /// `WORKGROUP` of the kernels.
  static let workgroup = 256
  /// Elements of a group that one workgroup does alone, and that each invocation then keeps in registers.
  private static let alone = 4096
  static let keptElements = alone / workgroup
  /// `POSITIONS` of the last kernel.
  private static let appliedPositions = 4
  /// Statistics that each workgroup of the last kernel combines, at most.
  private static let combined = 2048

  /// Nil where one workgroup a group does: for small values, and where no slice of the channels has whole groups.
  init?(_ x: TensorType, groups: Int) {
    let images = x.shape[0], channels = x.shape.last
    guard groups > 0, images * channels > 0 else { return nil }
    let positions = x.shape.count / images / channels
    guard positions * channels / groups > Self.alone else { return nil }
    let lanes = x.elementType.lanes
    let vectors = channels % lanes == 0, width = vectors ? lanes : 1
    let slices = (1...groups).first { slices in
      groups % slices == 0 && channels / slices % width == 0 && channels / slices / width <= Self.workgroup / 4
    }
    guard let slices else { return nil }
    let columns = channels / slices / width, rows = Self.workgroup / columns
    // Eight positions an invocation, or as many as leave the last kernel few blocks to combine; of values beyond a large
    // device's caches, as many blocks as keep it busy.
    let isLarge = images * positions * channels > 8 << 20
    let most = isLarge ? max(1, 1024 / (slices * images)) : max(1, Self.combined / (groups / slices))
    let blocks = min(most, (positions + 8 * rows - 1) / (8 * rows))
    let block = (positions + blocks - 1) / blocks
    self.images = images
    self.positions = positions
    self.channels = channels
    self.groups = groups
    self.vectors = vectors
    self.slices = slices
    self.columns = columns
    self.block = block
    self.blocks = (positions + block - 1) / block
  }

  /// Whether the last kernel combines the statistics of blocks.
  var combines: Bool { blocks * groups / slices <= Self.combined }
  /// Positions of a workgroup of the last kernel, and how many workgroups share those of an image.
  var appliedBlock: Int { Self.appliedPositions * (Self.workgroup / columns) }
  var appliedBlocks: Int { (positions + appliedBlock - 1) / appliedBlock }

  /// Mean and sum of squares of each block and group; rounded up to where another value may begin on any device.
  var partialBytes: Int { (images * blocks * groups * 8 + 255) / 256 * 256 }
  /// Mean and factor of each image and channel.
  var statisticsBytes: Int { images * channels * 8 }
  var scratchBytes: Int { partialBytes + statisticsBytes }
}

/// x [N, ..., C], weight and bias [C], and, if something is added to x first, that [N, C].
///
/// - Parameter scratch: `scratchBytes` of the split, where there is one.
func groupNorm(
  _ operands: [Value], groups: Int, epsilon: Float, _ activation: Activation?, _ result: Value, scratch: BufferSpan?
) throws -> [Dispatch] {
  let x = operands[0], addsFirst = operands.count > 3
  guard let split = GroupNormSplit(x.type, groups: groups), let scratch else {
    return [try groupNormAlone(operands, groups: groups, epsilon: epsilon, activation, result)]
  }
  let suffix = try x.type.elementType.kernelSuffix, groupChannels = split.channels / groups
  let partials = BufferSpan(scratch.buffer, offset: scratch.offset, byteCount: split.partialBytes)
  let statistics = BufferSpan(
    scratch.buffer, offset: scratch.offset + split.partialBytes, byteCount: split.statisticsBytes)
  var apply = Dispatch(
    "group_norm_apply_\(suffix)",
    [
      0: activation.kernelNumber, 1: split.vectors ? 1 : 0, 2: split.combines ? 1 : 0, 3: try split.columns.word,
      4: try groupChannels.word, 5: addsFirst ? 1 : 0,
    ],
    [x.span, split.combines ? partials : statistics, operands[2].span], result: result.span,
    constants: try words([
      split.images, split.positions, split.channels, split.blocks, split.block,
    ]) + [epsilon.word],
    workgroups: (split.appliedBlocks, split.slices, split.images))
  apply.operands[4] = operands[1].span
  if addsFirst { apply.operands[5] = operands[3].span }
  var measure = Dispatch(
    "group_norm_statistics_\(suffix)",
    [
      0: split.vectors ? 1 : 0, 1: try split.columns.word, 2: try groupChannels.word, 3: addsFirst ? 1 : 0,
    ], [x.span], result: partials,
    constants: try words([split.positions, split.channels, split.blocks, split.block]),
    workgroups: (split.blocks, split.slices, split.images))
  if addsFirst { measure.operands[2] = operands[3].span }
  if split.combines { return [measure, apply] }
  let combine = Dispatch(
    "group_norm_combine_f32", [:], [partials, operands[1].span], result: statistics,
    constants: try words([
      split.images, split.positions, split.channels, groupChannels, split.blocks, split.block,
    ]) + [epsilon.word],
    workgroups: (split.images * groups, 1, 1))
  return [measure, combine, apply]
}

private func groupNormAlone(
  _ operands: [Value], groups: Int, epsilon: Float, _ activation: Activation?, _ result: Value
) throws -> Dispatch {
  let x = operands[0], addsFirst = operands.count > 3, images = x.shape[0], channels = x.shape.last
  let positions = images * channels == 0 ? 0 : x.count / images / channels
  let kept = (positions * channels / groups + GroupNormSplit.workgroup - 1) / GroupNormSplit.workgroup
  var dispatch = Dispatch(
    "group_norm_\(try x.type.elementType.kernelSuffix)",
    [
      0: activation.kernelNumber, 1: kept <= GroupNormSplit.keptElements ? try kept.word : 0,
      2: try (channels / groups).word, 3: addsFirst ? 1 : 0,
    ], operands.prefix(3).map(\.span),
    result: result.span,
    constants: [try positions.word, try channels.word, epsilon.word],
    workgroups: (x.count == 0 ? 0 : images * groups, 1, 1))
  if addsFirst { dispatch.operands[4] = operands[3].span }
  return dispatch
}
