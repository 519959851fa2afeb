import ImagineGraph

/// How the statistics of a group normalisation are divided among workgroups, where one a group would be too few.
///
/// Three dispatches: statistics of blocks of positions, these combined, and the normalisation itself.
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
  private static let workgroup = 256
  /// Elements of a group that one workgroup does alone.
  private static let alone = 4096
  /// Positions that an invocation of the last kernel does.
  static let appliedPositions = 4

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
    // Eight positions an invocation at least, and no more workgroups than keep a large device busy.
    let blocks = min(max(1, 1024 / (slices * images)), (positions + 8 * rows - 1) / (8 * rows))
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

  /// Mean and sum of squares of each block and group; rounded up to where another value may begin on any device.
  var partialBytes: Int { (images * blocks * groups * 8 + 255) / 256 * 256 }
  /// Mean and factor of each image and channel.
  var statisticsBytes: Int { images * channels * 8 }
  var scratchBytes: Int { partialBytes + statisticsBytes }
}

/// x [N, ..., C], weight and bias [C].
///
/// - Parameter scratch: `scratchBytes` of the split, where there is one.
func groupNorm(
  _ operands: [Value], groups: Int, epsilon: Float, _ activation: Activation?, _ result: Value, scratch: BufferSpan?
) throws -> [Dispatch] {
  let x = operands[0]
  guard let split = GroupNormSplit(x.type, groups: groups), let scratch else {
    return [try groupNormAlone(operands, groups: groups, epsilon: epsilon, activation, result)]
  }
  let suffix = try x.type.elementType.kernelSuffix, groupChannels = split.channels / groups
  let partials = BufferSpan(scratch.buffer, offset: scratch.offset, byteCount: split.partialBytes)
  let statistics = BufferSpan(
    scratch.buffer, offset: scratch.offset + split.partialBytes, byteCount: split.statisticsBytes)
  let width = split.vectors ? x.type.elementType.lanes : 1, columns = split.channels / width
  let applied = GroupNormSplit.appliedPositions, appliedBlocks = (split.positions + applied - 1) / applied
  return [
    Dispatch(
      "group_norm_statistics_\(suffix)", [0: split.vectors ? 1 : 0], [x.span], result: partials,
      constants: [
        try split.positions.word, try split.channels.word, try groupChannels.word, try split.columns.word,
        try split.blocks.word, try split.block.word,
      ],
      workgroups: (split.blocks, split.slices, split.images)),
    Dispatch(
      "group_norm_combine_f32", [:], [partials, operands[1].span], result: statistics,
      constants: [
        try split.images.word, try split.positions.word, try split.channels.word, try groupChannels.word,
        try split.blocks.word, try split.block.word, epsilon.word,
      ],
      workgroups: (split.images * groups, 1, 1)),
    Dispatch(
      "group_norm_apply_\(suffix)", [0: activation.kernelConstant, 1: split.vectors ? 1 : 0],
      [x.span, statistics, operands[2].span], result: result.span,
      constants: [
        try split.images.word, try split.positions.word, try split.channels.word, try columns.word,
        try appliedBlocks.word, try applied.word,
      ],
      workgroups: Dispatch.workgroups(for: split.images * appliedBlocks * columns, size: 256)),
  ]
}

private func groupNormAlone(
  _ operands: [Value], groups: Int, epsilon: Float, _ activation: Activation?, _ result: Value
) throws -> Dispatch {
  let x = operands[0], images = x.shape[0], channels = x.shape.last
  let positions = images * channels == 0 ? 0 : x.count / images / channels
  return Dispatch(
    "group_norm_\(try x.type.elementType.kernelSuffix)", [0: activation.kernelConstant], operands.map(\.span),
    result: result.span,
    constants: [try positions.word, try channels.word, try (channels / groups).word, epsilon.word],
    workgroups: (x.count == 0 ? 0 : images * groups, 1, 1))
}
