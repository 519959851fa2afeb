import ImagineGraph
import ImagineTesting
import Testing

@testable import ImagineVulkan

/// Kernels on matrix units, which compute in halves.
@Suite(
  .enabled(
    if: VulkanTestDevice.matrixBackend != nil,
    "no Vulkan device with matrix units (Mesa 24 or newer has one in software)"), .serialized)
struct VulkanMatrixTests {
  private static let halves: @Sendable (OpCase) -> Bool = { $0.precision == .float16 }

  /// As chosen, and with products' depths divided.
  private static func backend(parts: Int?) throws -> VulkanBackend {
    var configuration = VulkanBackend.Configuration()
    (configuration.tier, configuration.forcedProduct) = (.t2, ForcedProduct(parts: parts))
    return try VulkanBackend(in: try #require(VulkanTestDevice.instance), configuration)
  }

  private static let divided = try? backend(parts: 3)

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
    #expect(plan.kernels.map(\.name) == ["conv2d_coopmat_f16", "matmul_coopmat_f16", "attention_coopmat_f16"])
  }
}
