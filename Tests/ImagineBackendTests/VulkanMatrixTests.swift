import ImagineGraph
import ImagineTesting
import ImagineVulkan
import Testing

/// Kernels on matrix units, which compute in halves.
@Suite(
  .enabled(
    if: VulkanTestDevice.matrixBackend != nil,
    "no Vulkan device with matrix units (Mesa 24 or newer has one in software)"), .serialized)
struct VulkanMatrixTests {
  @Test(
    "Matrix units agree with the reference, in poisoned memory, twice",
    arguments: OpCase.small.filter { $0.precision == .float16 })
  func agreesWithReference(_ opCase: OpCase) throws {
    let backend = try #require(VulkanTestDevice.matrixBackend), instance = try #require(VulkanTestDevice.instance)
    let expected = try opCase.expectedResults(), graph = try opCase.graph()
    let plan = try backend.preparedPlan(graph, weights: backend.upload(opCase.weights(for: graph), for: graph))
    let inputs = opCase.inputs(for: graph)
    let results = try plan.runInPoisonedMemory(inputs)
    try #require(results.count == expected.count)
    for (result, expected) in zip(results, expected) {
      #expect(result.mismatch(with: expected, Tolerance(opCase.precision)) == nil)
    }
    #expect(try plan.run(inputs) == results, "a second run differs")
    #expect(instance.validationMessages == [])
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
    #expect(plan.kernelNames == ["conv2d_coopmat_f16", "matmul_coopmat_f16", "attention_coopmat_f16"])
  }
}
