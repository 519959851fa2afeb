import ImagineVulkan
import Testing

@testable import Imagine

@Suite struct VulkanTierNameTests {
  @Test func everyTierOfTheBackendHasAName() {
    #expect(Imagine.VulkanTier.allCases.map(\.rawValue) == ImagineVulkan.VulkanTier.all.map(\.name))
    #expect(Imagine.VulkanTier.allCases.map(\.tier) == ImagineVulkan.VulkanTier.all)
  }
}
