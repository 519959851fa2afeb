import CVulkan
import ImagineGraph

/// How the attention kernel divides its work for a width of heads, within a device's limits.
struct AttentionTile: Equatable {
  /// Of a head.
  let channels: Int
  /// Channels of the result that a workgroup computes.
  let slice: Int
  /// Channels of queries and keys that are in shared memory at a time.
  let chunk: Int
  /// Invocations that share the queries, and those that share keys and channels.
  let threadsT: Int, threadsS: Int
  /// Values in shared memory at a time, in fours.
  let valueStep: Int
  /// Whether a head's rows begin at multiples of 16 bytes.
  let vectors: Bool
  /// Bytes of four values in shared memory.
  private let quadBytes: Int

  /// `ROWS` of the kernel.
  private static let rows = 4

  var queries: Int { threadsT * Self.rows }
  var keys: Int { threadsS * Self.rows }
  var slices: Int { (channels + slice - 1) / slice }

  var sharedBytes: Int {
    let pitch = chunk / 4 + 1, keyStart = queries * pitch
    let values = (chunk >= channels ? keyStart : 0) + valueStep * Self.rows * slice / 4
    return max(keyStart + keys * pitch, values) * quadBytes + queries * threadsS * 20
  }

  /// The tile that needs the fewest barriers, of the largest that fit.
  ///
  /// Shared memory above 32 KiB is left for more workgroups at a time. Nil if the device has less than every device with
  /// Vulkan has to have.
  init?(channels: Int, _ type: ElementType, large: Bool, sharedLimit: Int, invocationLimit: Int) {
    let shapes = Self.shapes(quads: (channels + 3) / 4, large: large)
    for (threadsT, threadsS) in shapes where threadsT * threadsS <= invocationLimit {
      let tiles = Self.tiles(channels: channels, type, threadsT, threadsS)
      let fitting = tiles.filter { $0.sharedBytes <= min(sharedLimit, 32 << 10) }
      if let best = fitting.min(by: { $0.passes < $1.passes }) {
        self = best
        return
      }
    }
    return nil
  }

  init?(_ q: TensorType, heads: Int, _ context: VulkanContext) {
    let limits = context.device.physical.limits
    self.init(
      channels: q.shape.last / heads, q.elementType, large: context.usesLargeTiles,
      sharedLimit: Int(limits.maxComputeSharedMemorySize),
      invocationLimit: min(Int(limits.maxComputeWorkGroupInvocations), Int(limits.maxComputeWorkGroupSize.0)))
  }

  private init(
    channels: Int, slice: Int, chunk: Int, _ type: ElementType, _ threadsT: Int, _ threadsS: Int, valueStep: Int
  ) {
    self.channels = channels
    self.slice = slice
    self.chunk = chunk
    self.threadsT = threadsT
    self.threadsS = threadsS
    self.valueStep = valueStep
    vectors = channels % type.lanes == 0
    quadBytes = 4 * type.size
  }

  /// Times that a block of keys fills shared memory.
  private var passes: Int { (channels + chunk - 1) / chunk + threadsS / valueStep }

  /// Invocations along queries and keys, the best first. A head of up to 160 channels leaves an invocation 16 quads of the
  /// result at most; of a wider one, the 32 invocations of a query have 128 quads together.
  private static func shapes(quads: Int, large: Bool) -> [(Int, Int)] {
    if quads > 40 { return (large ? [(8, 32), (4, 32)] : []) + [(2, 32), (4, 16)] }
    // Ten divide the heads of Stable Diffusion 1.x: of 40, 80 and 160 channels.
    func idle(_ threads: Int) -> Int { (quads + threads - 1) / threads * threads - quads }
    let threads = idle(10) <= idle(8) ? 10 : 8
    return (large ? [(16, threads), (8, threads)] : []) + [(4, threads)]
  }

  private static func tiles(
    channels: Int, _ type: ElementType, _ threadsT: Int, _ threadsS: Int
  ) -> [AttentionTile] {
    let whole = (channels + 7) / 8 * 8
    let chunks = (channels <= 160 ? [whole] : []) + [80, 64, 40, 32, 16, 8].filter { $0 < whole && whole % $0 == 0 }
    let steps = (1...threadsS).filter { threadsS % $0 == 0 }.reversed()
    return chunks.flatMap { chunk in
      steps.map { step in
        AttentionTile(
          channels: channels, slice: min(whole, 512), chunk: chunk, type, threadsT, threadsS, valueStep: step)
      }
    }
  }

  func constants(causal: Bool) throws(VulkanError) -> [UInt32: UInt32] {
    [
      0: try channels.word, 1: try slice.word, 2: try chunk.word, 3: try threadsT.word, 4: try threadsS.word,
      5: try (threadsT * threadsS).word, 6: try valueStep.word, 7: causal ? 1 : 0, 8: vectors ? 1 : 0,
    ]
  }
}

/// Multiplications of one dispatch, beyond which a slow device might be taken for hung: about 50 ms at a TFLOP/s.
private let multiplicationsPerDispatch = 1 << 35

private let log2e: Float = 1.442695

/// q [N, T, C], k and v [N, S, C] -> [N, T, C]. Many queries are several dispatches.
///
/// - Parameter scratch: what `WideAttention` needs, where that is used.
func attention(
  _ operands: [Value], heads: Int, causal: Bool, _ result: Value, scratch: BufferSpan?, _ context: VulkanContext
) throws -> [Dispatch] {
  let q = operands[0], k = operands[1], images = q.shape[0], targets = q.shape[1], sources = k.shape[1]
  guard operands.allSatisfy({ $0.type.elementType == q.type.elementType }) else {
    throw VulkanError(.unsupported, "Attention of \(q.type) to \(k.type): kernels for Vulkan take equal types.")
  }
  let shape = AttentionShape(q.type, k.type, heads: heads, causal: causal)
  if let tile = MatrixAttentionTile(q, shape, on: context.productDevice) {
    return [try tile.dispatch(operands, heads: heads, causal: causal, result)]
  }
  if let scratch, let wide = WideAttention(q.type, k.type, heads: heads, causal: causal, context) {
    return try wide.dispatches(operands, result, scratch: scratch, context)
  }
  guard let tile = AttentionTile(q.type, heads: heads, context) else {
    throw VulkanError(
      .unsupported, "Attention needs more shared memory than \(context.device.physical.name) has; use the CPU.")
  }
  // Positions of elements are counted in 32 bits.
  _ = (try q.count.word, try k.count.word)
  let tiles = (targets + tile.queries - 1) / tile.queries
  let perTile = images * heads * tile.slices * tile.queries * sources * (tile.channels + tile.slice)
  let tilesPerDispatch = max(1, multiplicationsPerDispatch / max(perTile, 1))
  let kernel = context.usesLargeTiles ? "attention_tiled" : "attention"
  return try stride(from: 0, to: tiles, by: tilesPerDispatch).map { first in
    Dispatch(
      "\(kernel)_\(try q.type.elementType.kernelSuffix)", try tile.constants(causal: causal), operands.map(\.span),
      result: result.span,
      constants: [
        try targets.word, try sources.word, try heads.word, (log2e / Float(tile.channels).squareRoot()).word,
        try first.word,
      ],
      workgroups: (min(tilesPerDispatch, tiles - first), heads * tile.slices, images))
  }
}
