import CVulkan
import ImagineGraph

/// What everything on one device shares.
final class VulkanContext: Sendable {
  let device: VulkanDevice
  let pipelines: PipelineStore
  let pace: WorkPace
  /// Of the offsets at which values may begin: a multiple of what the device asks for.
  let alignment: Int
  let configuration: VulkanBackend.Configuration
  /// What was asked for, or the best the device has.
  let tier: VulkanTier
  /// What decides how products are computed.
  let productDevice: ProductDevice

  init(
    _ device: VulkanDevice, _ tier: VulkanTier, _ configuration: VulkanBackend.Configuration
  ) throws(VulkanError) {
    self.device = device
    self.tier = tier
    self.configuration = configuration
    productDevice = ProductDevice(device.physical, tier, configuration)
    pipelines = try PipelineStore(device, cache: configuration.pipelineCache)
    pace = WorkPace(device.physical.kind, share: configuration.submissionShare)
    alignment = max(256, device.limits.alignment)
  }

  /// Whether kernels are to take the tiles that graphics cards are fast with. A software driver would compile them for
  /// long, and gain nothing.
  var usesLargeTiles: Bool { tier.usesLargeTiles }

  func aligned(_ byteCount: Int) -> Int { (byteCount + alignment - 1) / alignment * alignment }

  /// Bytes of the largest allocation that ends where a value may begin.
  var blockBytes: Int { max(device.limits.allocation / alignment * alignment, alignment) }

  /// Runs dispatches once and waits.
  func run(_ dispatches: [Dispatch], _ action: @autoclosure () -> String) throws {
    let descriptors = try DescriptorSets(dispatches, pipelines, on: device)
    let commands = try record(dispatches, descriptors) { device.barrier($0) }
    try device.locked { try device.submit(commands.submissions(pace), action()) }
  }
}
