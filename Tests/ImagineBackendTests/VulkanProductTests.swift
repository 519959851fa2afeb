import ImagineGraph
import ImagineTesting
import Testing

@testable import ImagineVulkan

/// Products in tiles and divisions that would not be chosen at the sizes of tests.
@Suite(
  .enabled(if: VulkanTestDevice.backend != nil, "no Vulkan device (Debian: mesa-vulkan-drivers has one in software)"),
  .serialized)
struct VulkanProductTests {
  private static let variants: [ForcedProduct] = [
    ForcedProduct(tile: .large, parts: 1), ForcedProduct(tile: .tall, parts: 3), ForcedProduct(tile: .medium, parts: 1),
    ForcedProduct(tile: .medium, parts: 8), ForcedProduct(tile: .small, parts: 2),
  ]

  private static let backends: [(variant: ForcedProduct, backend: VulkanBackend)] = variants.compactMap { variant in
    var configuration = VulkanBackend.Configuration()
    (configuration.tier, configuration.forcedProduct) = (.t1, variant)
    return VulkanTestDevice.instance.flatMap { try? VulkanBackend(in: $0, configuration) }.map { (variant, $0) }
  }

  @Test("Every tile and division agrees with the reference", arguments: OpCase.tileCases)
  func agreesWithReference(_ opCase: OpCase) throws {
    let expected = try opCase.expectedResults()
    #expect(Self.backends.count == Self.variants.count)
    for (variant, backend) in Self.backends {
      try opCase.expect(expected, on: backend, "\(variant)")
    }
    #expect(VulkanTestDevice.instance?.validationMessages == [])
  }
}
