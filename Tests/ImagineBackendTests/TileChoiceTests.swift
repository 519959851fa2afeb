import ImagineGraph
import Testing

@testable import ImagineVulkan

/// How kernels divide their work: functions of shapes and limits, without a device.
struct TileChoiceTests {
  private static let formats: [ElementType] = [.float32, .float16, .bfloat16]
  private static let widths = Array(1...168) + [256, 320, 511, 512, 513, 768, 1024, 2048, 4096]

  /// 16 KiB and 128 invocations are what every device with Vulkan has.
  @Test("Attention fits every device, whatever the width of the heads", arguments: formats, [16, 32, 48, 228])
  func attentionFits(_ type: ElementType, _ kibibytes: Int) throws {
    for channels in Self.widths {
      for (large, invocations) in [(false, 128), (true, 128), (true, 1024)] {
        let tile = try #require(
          AttentionTile(
            channels: channels, type, large: large, sharedLimit: kibibytes << 10, invocationLimit: invocations))
        #expect(tile.sharedBytes <= min(kibibytes, 32) << 10)
        #expect(tile.threadsT * tile.threadsS <= invocations)
        #expect(tile.chunk % 8 == 0 && tile.slice % 4 == 0 && tile.threadsS % tile.valueStep == 0)
        #expect(!tile.vectors || tile.slice % 8 == 0)
        #expect(tile.slices * tile.slice >= channels && (tile.slices - 1) * tile.slice < channels)
      }
    }
  }

  @Test("Heads of Stable Diffusion keep every invocation of a large tile busy", arguments: [40, 64, 80, 128, 160])
  func attentionIsBusy(_ channels: Int) throws {
    let tile = try #require(
      AttentionTile(channels: channels, .float16, large: true, sharedLimit: 48 << 10, invocationLimit: 1024))
    #expect(tile.queries == 64 && tile.keys >= 32 && tile.vectors)
    #expect(channels / 4 % tile.threadsS == 0)
    #expect(channels / 4 / tile.threadsS <= 4, "quads of the result in registers, of each of four rows")
  }

  @Test("The head of a picture decoder is computed once") func wideAttention() throws {
    for (type, large) in [(ElementType.float16, true), (.float32, true), (.float16, false), (.float32, false)] {
      let tile = try #require(
        AttentionTile(channels: 512, type, large: large, sharedLimit: 32 << 10, invocationLimit: 256))
      #expect(tile.slices == 1)
    }
  }

  @Test(
    "Group normalisation covers each position and group once",
    arguments: [
      ([2, 64, 64, 320], 32), ([2, 16, 16, 2560], 32), ([1, 512, 512, 128], 32), ([2, 37, 41, 12], 4),
      ([1, 2048, 2048, 128], 32), ([3, 96, 80, 1920], 32), ([1, 5000, 30], 3),
    ] as [(Shape, Int)], formats)
  func groupNorm(_ normalised: (shape: Shape, groups: Int), _ type: ElementType) throws {
    let (shape, groups) = normalised
    let split = try #require(GroupNormSplit(TensorType(shape, type), groups: groups))
    let width = split.vectors ? 16 / type.size : 1, slice = split.columns * width
    #expect(slice * split.slices == shape.last)
    #expect(slice % (shape.last / groups) == 0, "a slice has whole groups")
    #expect(split.columns <= 64)
    #expect(split.block * split.blocks >= split.positions && split.block * (split.blocks - 1) < split.positions)
    #expect(split.blocks * split.slices * split.images <= 1024)
    #expect(split.scratchBytes < shape.count * type.size / 8 + 1 << 14, "partial sums are little beside the values")
  }

  @Test("Large normalisations are the work of many workgroups") func groupNormIsSpread() throws {
    for shape in [[2, 64, 64, 320], [2, 32, 32, 640], [1, 512, 512, 128]] as [Shape] {
      let split = try #require(GroupNormSplit(TensorType(shape, .float16), groups: 32))
      #expect(split.blocks * split.slices * split.images >= 80, "\(shape)")
    }
    #expect(GroupNormSplit(TensorType([2, 8, 8, 1280], .float16), groups: 32) == nil)
    #expect(GroupNormSplit(TensorType([1, 100, 4099], .float16), groups: 1) == nil, "no slice has whole groups")
  }

  @Test("Rows stay in registers while they fit") func rows() {
    func tile(_ columns: Int, _ type: ElementType = .float16, hands: Int = 64, large: Bool = true) -> RowTile {
      RowTile(columns: columns, type, hands: hands, large: large)
    }
    #expect(tile(320) == tile(512))
    #expect(tile(1280).kept == 3)
    #expect(tile(1280, hands: 32).kept == 5)
    #expect(tile(4096).kept == 8)
    #expect(tile(4104).kept == 0)
    #expect(tile(4104, hands: 256).kept == 3)
    #expect(tile(1280, large: false).kept == 0)
    #expect(!tile(77, .float32).vectors)
  }

  /// 65,536 tokens of 512 channels: a matrix of all pairs would be 17 GB.
  @Test(
    "Attention of a picture of 2048 x 2048 needs no memory but for its operands",
    .enabled(if: VulkanTestDevice.backend != nil, "no Vulkan device (Debian: mesa-vulkan-drivers has one in software)"),
    arguments: formats, [VulkanTier.t0, .t1])
  func attentionOfLargePicture(_ type: ElementType, _ tier: VulkanTier) throws {
    let instance = try #require(VulkanTestDevice.instance)
    var configuration = VulkanBackend.Configuration()
    configuration.tier = tier
    let backend = try VulkanBackend(in: instance, configuration)
    let builder = GraphBuilder()
    let x = builder.input("x", [1, 65536, 512], type)
    let graph = try builder.finish([builder.apply(.attention(heads: 1, causal: false), [x, x, x])])
    let lowered = try graph.lowered(for: backend.supports)
    #expect(lowered.nodes.count == 2, "attention is not taken apart")
    let context = backend.context
    let buffer = try DeviceBuffer(65536 * 512 * type.size, .device, for: "tokens", on: context.device)
    let value = Value(type: graph.nodes[0].type, span: BufferSpan(buffer))
    let dispatches = try attention([value, value, value], heads: 1, causal: false, value, scratch: nil, context)
    let tile = try #require(AttentionTile(value.type, heads: 1, context))
    #expect(dispatches.count > 50, "no dispatch runs for long")
    #expect(dispatches.reduce(0) { $0 + $1.workgroups.x } == 65536 / tile.queries)
    let spans = dispatches.flatMap { Array($0.operands.values) + [$0.result] }
    #expect(spans.allSatisfy { $0.byteCount <= 128 << 20 }, "what any device can address at once")
    #expect(MemoryPlan(lowered).byteCount == 2 * 65536 * 512 * type.size)
  }
}
