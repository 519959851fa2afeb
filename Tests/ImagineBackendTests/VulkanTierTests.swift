import CVulkan
import ImagineGraph
import Testing

@testable import ImagineVulkan

private let cube = CooperativeMatrix(rows: 16, columns: 16, depth: 16)

extension DeviceTraits {
  /// A graphics card with everything matrix units need.
  fileprivate init(
    vendor: UInt32, product: UInt32 = 1, subgroup: Int, sizes: ClosedRange<Int>, _ matrices: [CooperativeMatrix]
  ) {
    self.init(
      vendor: vendor, product: product, subgroupSize: subgroup, subgroupSizes: sizes, setsSubgroupSize: true,
      has16BitFloats: true, hasMemoryModel: true, hasSubgroupVote: true, matrices: matrices, convertsMatrices: false)
  }

  fileprivate static let nvidia = DeviceTraits(
    vendor: 0x10de, subgroup: 32, sizes: 32...32,
    [
      CooperativeMatrix(rows: 16, columns: 16, depth: 16, isHalfToFloatOfSubgroup: false),
      CooperativeMatrix(rows: 16, columns: 8, depth: 8), cube, CooperativeMatrix(rows: 16, columns: 8, depth: 16),
    ])
  fileprivate static let amd = DeviceTraits(vendor: 0x1002, subgroup: 64, sizes: 32...64, [cube])
  fileprivate static let intel = DeviceTraits(
    vendor: 0x8086, product: 0xe20b, subgroup: 32, sizes: 8...32, [CooperativeMatrix(rows: 8, columns: 16, depth: 16)])
  fileprivate static let software = DeviceTraits(
    vendor: 0x10005, subgroup: 8, sizes: 8...8, [CooperativeMatrix(rows: 8, columns: 8, depth: 8)])
}

@Suite("Tiers of devices")
struct VulkanTierTests {
  @Test("The largest product of halves is used, in subgroups that the vendor has it for") func units() {
    #expect(DeviceTraits.nvidia.matrixUnits == MatrixUnits(matrix: cube, subgroupSize: 32, converts: false))
    #expect(DeviceTraits.amd.matrixUnits == MatrixUnits(matrix: cube, subgroupSize: 64, converts: false))
    #expect(DeviceTraits.intel.matrixUnits?.subgroupSize == 16)
    #expect(DeviceTraits.software.matrixUnits?.subgroupSize == 8)
  }

  @Test(
    "Each thing that kernels on matrix units need is needed",
    arguments: [
      { $0.has16BitFloats = false }, { $0.hasMemoryModel = false }, { $0.hasSubgroupVote = false },
      { $0.setsSubgroupSize = false },
      { $0.matrices = [] }, { $0.subgroupSizes = 8...16 },
      { $0.matrices = [CooperativeMatrix(rows: 16, columns: 16, depth: 16, isHalfToFloatOfSubgroup: false)] },
      { $0.matrices = [CooperativeMatrix(rows: 12, columns: 16, depth: 16)] },
      // Intel's Alchemist.
      { $0 = DeviceTraits(vendor: 0x8086, product: 0x56a0, subgroup: 32, sizes: 8...32, [cube]) },
    ] as [@Sendable (inout DeviceTraits) -> Void])
  func obstacles(_ spoil: @Sendable (inout DeviceTraits) -> Void) {
    var traits = DeviceTraits.nvidia
    spoil(&traits)
    #expect(traits.matrixUnits == nil)
  }

  @Test(
    "Tiles divide evenly and fit what their devices have", arguments: [DeviceTraits.nvidia, .amd, .intel, .software])
  func tiles(_ traits: DeviceTraits) throws {
    let units = try #require(traits.matrixUnits), tiles = MatrixTile.all(units)
    #expect(!tiles.isEmpty)
    for tile in tiles {
      #expect(tile.isEven)
      #expect(tile.threads <= 1024)
      #expect(tile.sharedBytes(isTransposed: true) <= (units.isOfSoftware ? 32 : 48) << 10)
      #expect(tile.sharedBytes(isTransposed: false) <= (units.isOfSoftware ? 32 : 48) << 10)
    }
    var device = ProductDevice(tier: .t2, cores: 132, sharedBytes: 48 << 10, threads: 1024)
    device.units = units
    for channels in [5, 40, 64, 80, 128, 160] {
      for targets in [1, 77, 4096] {
        let shape = attention(targets: targets, channels: channels)
        let tiles = MatrixAttentionTile.all(for: shape, on: device)
        #expect(tiles.contains(try #require(MatrixAttentionTile.best(for: shape, on: device))))
        for tile in tiles {
          #expect(tile.sharedBytes <= 48 << 10)
          #expect(tile.padded >= channels && tile.padded % units.matrix.columns == 0)
          #expect(tile.padded % units.matrix.depth == 0 && tile.keys % units.matrix.depth == 0)
        }
      }
    }
    #expect(MatrixAttentionTile.best(for: attention(targets: 9, channels: 512), on: device) == nil)
    device.sharedBytes = 1 << 10
    #expect(MatrixAttentionTile.best(for: attention(targets: 9, channels: 40), on: device) == nil)
  }

  private func attention(targets: Int, channels: Int) -> AttentionShape {
    let tokens = TensorType([1, targets, channels], .float16)
    return AttentionShape(tokens, tokens, heads: 1, causal: false)
  }

  @Test("What was measured on a device is what it uses, as long as it can") func measured() throws {
    var card = ProductDevice(tier: .t2, cores: 132, sharedBytes: 48 << 10, threads: 1024)
    let units = try #require(DeviceTraits.nvidia.matrixUnits)
    card.units = units
    let product = try #require(shape(rows: 8192, depth: 320, columns: 320))
    let tile = try #require(MatrixTile.all(units).last)
    card.tuned[product] = TuningTable.Choice(tile, parts: 2)
    let choice = try #require(MatrixTile.best(for: product, on: card))
    #expect(choice.tile == tile && choice.parts == 2)
    // Where the depth may not be divided, a choice that divides it is none.
    #expect(try #require(MatrixTile.best(for: product, on: card, divided: false)).parts == 1)
    let other = try #require(shape(rows: 8192, depth: 320, columns: 640))
    #expect(try #require(MatrixTile.best(for: other, on: card)).tile != tile)
    for parts in [Int.min, 0, 17, .max] {
      card.tuned[product] = TuningTable.Choice(tile, parts: parts)
      #expect(try #require(MatrixTile.best(for: product, on: card)).tile != tile, "a file may say anything")
    }
    let heads = attention(targets: 4096, channels: 40)
    let usual = try #require(MatrixAttentionTile.best(for: heads, on: card))
    let slow = try #require(MatrixAttentionTile.all(for: heads, on: card).first { $0 != usual })
    card.tuned[heads] = slow.choice
    #expect(MatrixAttentionTile.best(for: heads, on: card) == slow)
    card.sharedBytes = 2 << 10
    #expect(MatrixTile.best(for: product, on: card)?.tile != tile)
  }

  @Test("Products get the tile that keeps all cores busy, divided where there are too few") func choices() throws {
    var card = ProductDevice(tier: .t2, cores: 132, sharedBytes: 48 << 10, threads: 1024)
    func choice(rows: Int, depth: Int, columns: Int, _ type: ElementType = .float16) -> (tile: MatrixTile, parts: Int)?
    {
      let x = TensorType([rows, depth], type), weight = TensorType([columns, depth], type)
      return ProductShape(.linear(Epilogue()), [x, weight], TensorType([rows, columns], type)).flatMap {
        MatrixTile.best(for: $0, on: card)
      }
    }
    #expect(choice(rows: 8192, depth: 320, columns: 2560) == nil)
    card.units = DeviceTraits.nvidia.matrixUnits
    #expect(choice(rows: 8192, depth: 320, columns: 2560, .float32) == nil)
    let large = try #require(choice(rows: 8192, depth: 320, columns: 2560))
    #expect(large.tile.rows == 128 && large.tile.columns == 128 && large.parts == 1)
    let narrow = try #require(choice(rows: 8192, depth: 320, columns: 320))
    #expect(narrow.tile.columns == 160, "128 columns would be computed for nothing in every third tile")
    let few = try #require(choice(rows: 2, depth: 1280, columns: 1280))
    #expect(few.tile.rows == 32 && few.parts > 1)
    let deep = try #require(choice(rows: 128, depth: 11520, columns: 1280))
    #expect(deep.parts > 1)
    let workgroups = deep.tile.count(for: try #require(shape(rows: 128, depth: 11520, columns: 1280)))
    #expect(workgroups.rows * workgroups.columns * deep.parts <= 2 * 132, "two for each core")
    card.forced.parts = 3
    #expect(choice(rows: 8192, depth: 320, columns: 2560)?.parts == 3)
    card.sharedBytes = 4 << 10
    #expect(choice(rows: 8192, depth: 320, columns: 2560) == nil)
  }

  private func shape(rows: Int, depth: Int, columns: Int) -> ProductShape? {
    ProductShape(
      .linear(Epilogue()), [TensorType([rows, depth], .float16), TensorType([columns, depth], .float16)],
      TensorType([rows, columns], .float16))
  }

  @Test("Parts are whole tiles and come to the depth") func parts() throws {
    let units = try #require(DeviceTraits.nvidia.matrixUnits)
    let tile = try #require(MatrixTile.all(units).first)
    for depth in [1, 31, 32, 33, 320, 2048, 11520] {
      for wanted in 1...9 {
        let parts = tile.parts(of: depth, wanted: wanted), part = tile.partDepth(of: depth, parts: parts)
        #expect(part % tile.depth == 0 && parts <= wanted)
        #expect((parts - 1) * part < depth && parts * part >= depth)
      }
    }
  }

  @Test("Values of headers that may lack the extension are the specification's") func declarations() {
    #expect(cv_cooperative_matrix_features_type.rawValue == 1_000_506_000)
    #expect(cv_cooperative_matrix_properties_type.rawValue == 1_000_506_001)
    #expect(MemoryLayout<VkPhysicalDeviceCooperativeMatrixFeaturesKHR>.size == 24)
    #expect(MemoryLayout<VkCooperativeMatrixPropertiesKHR>.size == 56)
    #expect(MemoryLayout<VkCooperativeMatrixPropertiesKHR>.offset(of: \.MSize) == 16)
    #expect(MemoryLayout<VkCooperativeMatrixPropertiesKHR>.offset(of: \.AType) == 28)
    #expect(MemoryLayout<VkCooperativeMatrixPropertiesKHR>.offset(of: \.saturatingAccumulation) == 44)
    #expect(MemoryLayout<VkCooperativeMatrixPropertiesKHR>.offset(of: \.scope) == 48)
    #expect(VK_COMPONENT_TYPE_FLOAT16_KHR.rawValue == 0 && VK_COMPONENT_TYPE_FLOAT32_KHR.rawValue == 1)
    #expect(VK_SCOPE_SUBGROUP_KHR.rawValue == 3)
    #expect(VK_KHR_COOPERATIVE_MATRIX_EXTENSION_NAME == "VK_KHR_cooperative_matrix")
  }

  @Test("A tier that no code knows chooses what its kernels say, and is refused where these cannot run")
  func unknownTier() throws {
    let shape = ProductShape(rows: 4096, columns: 320, depth: 320, .float16, isTransposed: true)
    func kernel(_ products: [ProductKernels]) -> ProductVariant.Kernel {
      let tier = VulkanTier(name: "t9", products: products)
      var card = ProductDevice(tier: tier, cores: 132, sharedBytes: 48 << 10, threads: 1024)
      if tier.usesMatrixUnits { card.units = DeviceTraits.nvidia.matrixUnits }
      return ProductVariant(for: shape, on: card).kernel
    }
    #expect(kernel([.plain]) == .plain)
    #expect(kernel([.tiled, .plain]) == .tiled)
    #expect(kernel([.plain, .tiled]) == .plain)
    guard case .matrix = kernel([.matrices, .plain]) else {
      Issue.record("matrix units are not used")
      return
    }
    let tier = VulkanTier(name: "t9", products: [.matrices, .plain])
    #expect(!tier.usesLargeTiles && tier.usesMatrixUnits)
    #expect(tier.extensions(on: .nvidia) == VulkanTier.t2.extensions(on: .nvidia))
    #expect(tier.missing(on: .nvidia) == nil)
    var traits = DeviceTraits.nvidia
    traits.matrices = []
    #expect(tier.missing(on: traits) == "matrix units" && tier.extensions(on: traits) == [])
    #expect(VulkanTier.t1.missing(on: traits) == nil && VulkanTier.t1.extensions(on: .nvidia) == [])
  }

  @Test(
    "A tier that a device lacks is refused in a sentence", .enabled(if: VulkanTestDevice.backend != nil, "no Vulkan"))
  func refusal() throws {
    let device = try #require(VulkanTestDevice.backend).device
    for tier in VulkanTier.all {
      if device.tiers.contains(tier) {
        #expect(try device.tier(tier) == tier)
      } else {
        #expect { try device.tier(tier) } throws: { "\($0)".contains("tier \(tier.name)") }
      }
    }
    #expect(try device.tier(nil) == device.defaultTier)
    #expect(device.kind != .cpu || device.defaultTier == .t0)
  }
}
