import ImagineGraph
import ImagineTesting
import Testing

@testable import ImagineVulkan

@Suite struct ProductChoiceTests {
  /// Graphics cards with 132, 60 and 8 cores.
  private let large = ProductDevice(tier: .t1, cores: 132, sharedBytes: 49152, threads: 1024)
  private let middling = ProductDevice(tier: .t1, cores: 60, sharedBytes: 65536, threads: 1024)
  private let small = ProductDevice(tier: .t1, cores: 8, sharedBytes: 32768, threads: 1024)

  private func linear(
    _ rows: Int, _ inputs: Int, _ outputs: Int, _ type: ElementType = .float16
  ) throws -> ProductShape {
    try shape(.linear(Epilogue()), [TensorType([rows, inputs], type), TensorType([outputs, inputs], type)])
  }

  private func convolution(_ side: Int, _ inputs: Int, _ outputs: Int) throws -> ProductShape {
    try shape(
      .conv2d(Convolution(padding: .init(1)), Epilogue()),
      [TensorType([2, side, side, inputs], .float16), TensorType([outputs, inputs, 3, 3], .float16)])
  }

  private func shape(_ op: Op, _ operands: [TensorType]) throws -> ProductShape {
    try #require(ProductShape(op, operands, op.resultType(operands)))
  }

  @Test func theLargestTileOfWhichThereAreTwoForEachCore() throws {
    let projection = try linear(8192, 320, 2560)
    #expect(ProductVariant(for: projection, on: large) == ProductVariant(kernel: .tiled, tile: .large))
    let narrow = try linear(8192, 320, 320)
    #expect(ProductVariant(for: narrow, on: small) == ProductVariant(kernel: .tiled, tile: .large))
    #expect(ProductVariant(for: narrow, on: middling) == ProductVariant(kernel: .tiled, tile: .large))
    #expect(ProductVariant(for: narrow, on: large) == ProductVariant(kernel: .tiled, tile: .tall))
    #expect(ProductVariant(for: try linear(2048, 640, 640), on: large) == ProductVariant(kernel: .tiled, tile: .medium))
  }

  @Test func noTileThatIsMostlyEmpty() throws {
    #expect(ProductVariant(for: try convolution(64, 320, 4), on: small).tile == .small)
    #expect(ProductVariant(for: try linear(154, 768, 320), on: small).tile == .small)
  }

  /// The convolutions of Stable Diffusion 1.x at 16x16 and 8x8 have 160 and 40 tiles of 64x64.
  @Test func aDeepProductOfFewTilesIsDivided() throws {
    let wide = ProductVariant(for: try convolution(16, 1280, 1280), on: large)
    #expect(wide == ProductVariant(kernel: .tiled, tile: .medium, parts: 2))
    let deep = ProductVariant(for: try convolution(8, 1280, 1280), on: large)
    #expect(deep == ProductVariant(kernel: .tiled, tile: .medium, parts: 7))
    #expect(deep.scratchBytes(for: try convolution(8, 1280, 1280)) == 7 * 128 * 1280 * 4)
    #expect(ProductVariant(for: try convolution(8, 1280, 1280), on: small).parts == 1)
    #expect(ProductVariant(for: try linear(2, 1280, 1280), on: large).parts == 1)
  }

  /// Parts are whole slabs, and none is empty.
  @Test(arguments: [1, 2, 3, 7, 8, 100]) func partsCoverTheDepth(_ wanted: Int) throws {
    var device = small
    device.forced = ForcedProduct(tile: .small, parts: wanted)
    for shape in [try linear(5, 72, 8), try linear(5, 264, 8), try convolution(4, 24, 8)] {
      let parts = ProductVariant(for: shape, on: device).parts, slabs = shape.slabs(.small)
      let chunk = (slabs + parts - 1) / parts
      #expect(parts <= wanted && (parts - 1) * chunk < slabs && parts * chunk >= slabs)
      #expect(wanted == 1 || parts > 1)
    }
  }

  @Test func limitsOfTheDeviceAreKept() throws {
    var device = small
    device.sharedBytes = 16384
    let shape = try linear(8192, 320, 2560)
    #expect(ProductVariant(for: shape, on: device).tile == .tall)
    device.threads = 64
    #expect(ProductVariant(for: shape, on: device).tile == .medium)
    device.threads = 32
    #expect(ProductVariant(for: shape, on: device) == ProductVariant(kernel: .plain, tile: .plain))
  }

  /// What cannot be loaded in vectors of 16 bytes, and tier T0, has the plain kernel.
  @Test func thePlainKernelTakesTheRest() throws {
    var device = large
    #expect(ProductVariant(for: try linear(64, 36, 32), on: device).kernel == .plain)
    #expect(ProductVariant(for: try linear(64, 36, 32, .float32), on: device).kernel == .tiled)
    #expect(ProductVariant(for: try convolution(64, 4, 320), on: device).kernel == .plain)
    device.tier = .t0
    #expect(ProductVariant(for: try linear(64, 64, 32), on: device) == ProductVariant(kernel: .plain, tile: .plain))
  }

  /// Every case of the table for tiles is computed in tiles, and divided if wanted.
  @Test(arguments: OpCase.tileCases) func casesForTilesAreComputedInTiles(_ opCase: OpCase) throws {
    let graph = try opCase.graph()
    let shapes = graph.nodes.compactMap { node in
      ProductShape(node.op, node.operands.map { graph[$0].type }, node.type)
    }
    #expect(shapes.count == 1)
    var device = small
    device.forced = ForcedProduct(tile: .large, parts: 2)
    for shape in shapes {
      let variant = ProductVariant(for: shape, on: device)
      #expect(variant.tile == .large)
      #expect(variant.parts == (shape.batch == 1 && shape.slabs(.large) > 1 ? 2 : 1))
    }
  }
}
