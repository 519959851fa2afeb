import ImagineGraph
import ImagineReference
import ImagineTesting
import Testing

@testable import ImagineVulkan

/// Plans that keep what depends on steady inputs from run to run.
@Suite("Steady inputs on Vulkan", .enabled(if: VulkanTestDevice.backend != nil, "no Vulkan"), .serialized)
struct VulkanSteadyTests {
  private static func graph() throws -> Graph {
    let builder = GraphBuilder()
    let x = builder.input("x", [1, 9, 16]), context = builder.input("context", [1, 5, 24], isSteady: true)
    func projected(_ tensor: Tensor, _ name: String, from width: Int) -> Tensor {
      tensor.linear(Parameter(path: "\(name).weight", shape: [16, width]), bias: nil)
    }
    let keys = projected(context, "k", from: 24), values = projected(context.silu(), "v", from: 24)
    let attended = projected(x, "q", from: 16).attention(keys: keys, values: values, heads: 2)
    // Large values in between, which would be in the kept ones' place if that were free.
    let wide = attended.linear(Parameter(path: "up.weight", shape: [160, 16]), bias: nil).silu()
    return try builder.finish([wide.linear(Parameter(path: "down.weight", shape: [16, 160]), bias: nil) + x])
  }

  @Test("Each run's result is of its inputs, whichever of them changed") func results() throws {
    let backend = try #require(VulkanTestDevice.backend), graph = try Self.graph()
    let weights = RandomWeights(graph.parameters)
    let plan = try backend.plan(graph, weights: backend.upload(weights, for: graph))
    let reference = try ReferenceBackend().plan(graph, weights: ReferenceBackend().upload(weights, for: graph))
    func input(_ name: String, _ seed: String) throws -> HostTensor {
      let type = try #require(graph.inputs.first { $0.name == name }).type
      return Distribution.normal().tensor(type, seed: seed)
    }
    for (x, context) in [("a", "1"), ("b", "1"), ("b", "1"), ("b", "2"), ("a", "2"), ("a", "1")] {
      let inputs = ["x": try input("x", x), "context": try input("context", context)]
      let expected = try reference.run(inputs)
      #expect(try plan.run(inputs)[0].mismatch(with: expected[0], Tolerance(.float32)) == nil, "\(x), \(context)")
    }
    let inputs = ["x": try input("x", "c"), "context": try input("context", "1")]
    let expected = try reference.run(inputs)[0]
    let poisoned = try #require(plan as? any PoisonablePlan)
    #expect(try poisoned.runInPoisonedMemory(inputs)[0].mismatch(with: expected, Tolerance(.float32)) == nil)
    #expect(try plan.run(inputs)[0].mismatch(with: expected, Tolerance(.float32)) == nil)
    #expect(VulkanTestDevice.instance?.validationMessages == [])
  }

  @Test("A run with the same steady inputs gives the device less to do") func work() throws {
    let backend = try #require(VulkanTestDevice.backend), graph = try Self.graph()
    let plan = try backend.preparedPlan(
      graph, weights: backend.upload(RandomWeights(graph.parameters), for: graph))
    let inputs = Dictionary(
      uniqueKeysWithValues: graph.inputs.map { ($0.name, Distribution.normal().tensor($0.type, seed: $0.name)) })
    #expect(plan.submissionCount == plan.steadySubmissionCount + plan.restSubmissionCount)
    _ = try plan.run(inputs)
    #expect(plan.submissionCount == plan.restSubmissionCount, "what is steady is kept")
  }
}
