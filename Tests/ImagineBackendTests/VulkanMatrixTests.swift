import ImagineGraph
import ImagineReference
import ImagineTesting
import Testing

@testable import ImagineVulkan

/// Kernels on matrix units, which compute in halves.
@Suite(
  .enabled(
    if: VulkanTestDevice.matrixBackend != nil,
    "no Vulkan device with matrix units (Mesa 26 has one in software)"), .serialized)
struct VulkanMatrixTests {
  private static let halves: @Sendable (OpCase) -> Bool = { $0.precision == .float16 }

  private static func backend(_ forced: ForcedProduct) -> VulkanBackend? {
    var configuration = VulkanBackend.Configuration()
    (configuration.tier, configuration.forcedProduct) = (.t2, forced)
    return VulkanTestDevice.instance.flatMap { try? VulkanBackend(in: $0, configuration) }
  }

  private static let divided = backend(ForcedProduct(parts: 3))

  /// Subgroups with blocks of 4 x 2 matrices, depths of several matrices: as on graphics cards. Software drivers compile
  /// it for long, so it is for two cases.
  private static let tall: VulkanBackend? = VulkanTestDevice.matrixBackend?.device.traits.matrixUnits.flatMap { units in
    backend(
      ForcedProduct(
        parts: 1,
        matrixTile: MatrixTile(
          rows: 8 * units.matrix.rows, columns: 4 * units.matrix.columns, depth: 32, subgroupRows: 2,
          subgroupColumns: 2, sides: 2, units: units)))
  }

  @Test("Matrix units agree with the reference, in poisoned memory, twice", arguments: OpCase.small.filter(halves))
  func agreesWithReference(_ opCase: OpCase) throws {
    let backend = try #require(VulkanTestDevice.matrixBackend)
    var trial = try VulkanTrial(opCase)
    try trial.run(on: backend, "t2")
    #expect(VulkanTestDevice.instance?.validationMessages == [])
  }

  @Test("So they do where depths are divided", arguments: OpCase.tileCases.filter(halves))
  func dividedDepths(_ opCase: OpCase) throws {
    let backend = try #require(Self.divided)
    var trial = try VulkanTrial(opCase)
    try trial.run(on: backend, "t2, 3 parts")
    #expect(VulkanTestDevice.instance?.validationMessages == [])
  }

  private static let linearAndConvolution: [OpCase] = ["linear", "conv2d"].compactMap { name in
    OpCase.tileCases.first { halves($0) && $0.name.hasPrefix(name) }
  }

  @Test("So they do in larger blocks", arguments: linearAndConvolution)
  func largerBlocks(_ opCase: OpCase) throws {
    let backend = try #require(Self.tall)
    var trial = try VulkanTrial(opCase)
    try trial.run(on: backend, "t2, larger blocks")
    #expect(VulkanTestDevice.instance?.validationMessages == [])
  }

  /// Where a driver has `VK_KHR_cooperative_matrix` alone.
  private static let unconverted = backend(ForcedProduct(convertsNothing: true))

  @Test(
    "So does attention whose weights go through shared memory",
    arguments: OpCase.small.filter { halves($0) && $0.name.contains("attention") })
  func unconvertedWeights(_ opCase: OpCase) throws {
    let backend = try #require(Self.unconverted)
    var trial = try VulkanTrial(opCase)
    try trial.run(on: backend, "t2, without conversions")
    #expect(VulkanTestDevice.instance?.validationMessages == [])
  }

  /// Where all scores of one wide head would be too many: 128 queries at a time.
  private static let pieces = backend(ForcedProduct(scoreBytes: 1))

  @Test("Wide heads agree piece by piece") func widePieces() throws {
    let backend = try #require(Self.pieces)
    let builder = GraphBuilder(precision: .float16)
    let q = builder.input("q", [2, 272, 256], .float16), k = builder.input("k", [2, 70, 256], .float16)
    let graph = try builder.finish([q.attention(keys: k, values: k, heads: 1)])
    let inputs = Dictionary(
      uniqueKeysWithValues: graph.inputs.map { ($0.name, Distribution.normal().tensor($0.type, seed: $0.name)) })
    let plan = try backend.preparedPlan(graph, weights: backend.upload(RandomWeights([]), for: graph))
    #expect(plan.kernels.filter { $0.name.hasPrefix("softmax") }.count == 6, "two images, three pieces each")
    let reference = ReferenceBackend()
    let expected = try reference.plan(graph, weights: reference.upload(RandomWeights([]), for: graph)).run(inputs)
    #expect(try plan.runInPoisonedMemory(inputs)[0].mismatch(with: expected[0], Tolerance(.float16)) == nil)
    #expect(VulkanTestDevice.instance?.validationMessages == [])
  }

  @Test("Products and attention of halves run on matrix units") func kernels() throws {
    let backend = try #require(VulkanTestDevice.matrixBackend)
    let builder = GraphBuilder(precision: .float16)
    let x = builder.input("x", [1, 4, 4, 16], .float16)
    let convolved = builder.apply(
      .conv2d(Convolution(padding: Convolution.Padding(1)), Epilogue()),
      [x, builder.parameter(Parameter(path: "conv", shape: [16, 16, 3, 3]))])
    let tokens = builder.apply(.reshape([1, 16, 16]), [convolved])
    let mapped = builder.apply(
      .linear(Epilogue()), [tokens, builder.parameter(Parameter(path: "linear", shape: [16, 16]))])
    let graph = try builder.finish([builder.apply(.attention(heads: 1, causal: false), [mapped, mapped, mapped])])
    let plan = try backend.preparedPlan(graph, weights: backend.upload(RandomWeights(graph.parameters), for: graph))
    let converts = backend.device.traits.matrixUnits?.converts == true
    #expect(
      plan.kernels.prefix(3).map(\.name) == [
        "conv2d_coopmat_f16", "matmul_coopmat_f16", converts ? "attention_convert_f16" : "attention_coopmat_f16",
      ])
    let other = try #require(Self.unconverted)
    let second = try other.preparedPlan(graph, weights: other.upload(RandomWeights(graph.parameters), for: graph))
    #expect(second.kernels.contains { $0.name == "attention_coopmat_f16" })
  }
}
