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

  private static let everySecondCase = Array(stride(from: 0, to: OpCase.tileCases.count, by: 2))

  private static let backends: [(variant: ForcedProduct, backend: VulkanBackend)] = variants.compactMap { variant in
    var configuration = VulkanBackend.Configuration()
    (configuration.tier, configuration.forcedProduct) = (.t1, variant)
    return VulkanTestDevice.instance.flatMap { try? VulkanBackend(in: $0, configuration) }.map { (variant, $0) }
  }

  /// A driver in software takes long to compile large tiles, so the formats of a case take turns, and the variants, in
  /// steps without a common divisor: each variant meets each format.
  @Test("Every tile and division agrees with the reference", arguments: everySecondCase)
  func agreesWithReference(_ index: Int) throws {
    var trial = try VulkanTrial(OpCase.tileCases[index])
    try #require(Self.backends.count == 5)
    let (variant, backend) = Self.backends[index / 2 % 5]
    try trial.run(on: backend, "\(variant)")
    #expect(VulkanTestDevice.instance?.validationMessages == [])
  }
}
