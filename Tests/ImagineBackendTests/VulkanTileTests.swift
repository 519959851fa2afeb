import ImagineGraph
import ImagineTesting
import ImagineVulkan
import Testing

/// The kernels that come in several forms: what the device would not choose by itself is chosen here.
@Suite(
  .enabled(if: VulkanTestDevice.backend != nil, "no Vulkan device (Debian: mesa-vulkan-drivers has one in software)"),
  .serialized)
struct VulkanTileTests {
  /// `VulkanOpCaseTests` does the small cases of all formats in small tiles. To compile a kernel takes a software driver
  /// longer than to run it, so here each case is computed in few formats: the others differ in conversions only.
  private static let cases: [OpCase] =
    (OpCase.normCases + OpCase.softmaxCases).filter { $0.precision.activations != .bfloat16 }
    + OpCase.attentionCases.filter { $0.precision.activations == .float16 }

  @Test("Large tiles agree with the reference", arguments: cases.filter { $0.cost == .small })
  func largeTiles(_ opCase: OpCase) throws { try check(opCase, [.t1]) }

  @Test("Large cases agree with the reference in small and large tiles", arguments: large)
  func largeCases(_ opCase: OpCase) throws { try check(opCase, [.t0, .t1]) }

  private static var large: [OpCase] {
    #if DEBUG
      []
    #else
      cases.filter { $0.cost == .large }
    #endif
  }

  /// Kept, so that cases share compiled kernels.
  private static let backends: [VulkanTier: VulkanBackend] = {
    guard let instance = VulkanTestDevice.instance else { return [:] }
    let pairs = [VulkanTier.t0, .t1].compactMap { tier in
      var configuration = VulkanBackend.Configuration()
      configuration.tier = tier
      return (try? VulkanBackend(in: instance, configuration)).map { (tier, $0) }
    }
    return Dictionary(uniqueKeysWithValues: pairs)
  }()

  private func check(_ opCase: OpCase, _ tiers: [VulkanTier]) throws {
    let instance = try #require(VulkanTestDevice.instance)
    let expected = try opCase.expectedResults(), graph = try opCase.graph(), inputs = opCase.inputs(for: graph)
    for tier in tiers {
      let backend = try #require(Self.backends[tier])
      let plan = try backend.preparedPlan(graph, weights: backend.upload(opCase.weights(for: graph), for: graph))
      let results = try plan.runInPoisonedMemory(inputs)
      try #require(results.count == expected.count)
      for (result, expected) in zip(results, expected) {
        #expect(result.mismatch(with: expected, Tolerance(opCase.precision)) == nil, "\(tier)")
      }
      #expect(try plan.run(inputs) == results, "a second run differs on \(tier)")
    }
    #expect(instance.validationMessages == [])
  }
}
