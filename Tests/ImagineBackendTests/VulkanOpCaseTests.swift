import ImagineGraph
import ImagineTesting
import ImagineVulkan
import Testing

/// The first device with Vulkan, under the validation layers where they are installed; a software driver will do.
enum VulkanTestDevice {
  static let instance: VulkanInstance? = (try? VulkanInstance(validation: true)) ?? (try? VulkanInstance())
  static let backend: VulkanBackend? = instance.flatMap { try? VulkanBackend(in: $0) }
  /// The same device made to compute in each way that every device can.
  static let backends: [(tier: VulkanTier, backend: VulkanBackend)] = [VulkanTier.t0, .t1].compactMap { tier in
    var configuration = VulkanBackend.Configuration()
    configuration.tier = tier
    return instance.flatMap { try? VulkanBackend(in: $0, configuration) }.map { (tier, $0) }
  }

  /// The same device on its matrix units; nil if it has none.
  static let matrixBackend: VulkanBackend? = instance.flatMap {
    var configuration = VulkanBackend.Configuration()
    configuration.tier = .t2
    return try? VulkanBackend(in: $0, configuration)
  }
}

@Suite(
  .enabled(if: VulkanTestDevice.backend != nil, "no Vulkan device (Debian: mesa-vulkan-drivers has one in software)"),
  .serialized)
struct VulkanOpCaseTests {
  let instance: VulkanInstance
  let backend: VulkanBackend

  init() throws {
    instance = try #require(VulkanTestDevice.instance)
    backend = try #require(VulkanTestDevice.backend)
  }

  /// The small cases: the large ones keep a software driver busy for long.
  @Test("Vulkan agrees with the reference, in poisoned memory, twice", arguments: OpCase.small)
  func agreesWithReference(_ opCase: OpCase) throws {
    let expected = try opCase.expectedResults()
    #expect(!VulkanTestDevice.backends.isEmpty)
    for (tier, backend) in VulkanTestDevice.backends {
      try opCase.expect(expected, on: backend, "\(tier)")
    }
    #expect(instance.validationMessages == [])
  }

  @Test("Weights of another backend are refused") func foreignWeights() throws {
    let opCase = try #require(OpCase.small.first), graph = try opCase.graph()
    let other = try VulkanBackend(in: instance)
    let weights = try other.upload(opCase.weights(for: graph), for: graph)
    #expect(throws: VulkanError.self) { try backend.plan(graph, weights: weights) }
  }

  @Test("Inputs that were not traced are named") func wrongInputs() throws {
    let opCase = try #require(OpCase.small.first), graph = try opCase.graph()
    let plan = try backend.plan(graph, weights: backend.upload(opCase.weights(for: graph), for: graph))
    var inputs = opCase.inputs(for: graph)
    let name = try #require(inputs.keys.first)
    inputs[name] = nil
    #expect(throws: VulkanError.self) { try plan.run(inputs) }
    inputs = opCase.inputs(for: graph)
    inputs["surplus"] = inputs[name]
    #expect { try plan.run(inputs) } throws: { "\($0)".contains("surplus") }
  }
}

extension OpCase {
  /// Runs the case twice, first in poisoned memory.
  func expect(_ expected: [HostTensor], on backend: VulkanBackend, _ variant: String) throws {
    let graph = try graph()
    let plan = try backend.preparedPlan(graph, weights: backend.upload(weights(for: graph), for: graph))
    let inputs = inputs(for: graph)
    let results = try plan.runInPoisonedMemory(inputs)
    try #require(results.count == expected.count)
    for (result, expected) in zip(results, expected) {
      #expect(result.mismatch(with: expected, Tolerance(precision)) == nil, "\(variant)")
    }
    #expect(try plan.run(inputs) == results, "a second run differs: \(variant)")
  }
}
