import CVulkan
import ImagineGraph

/// What everything on one device shares.
final class VulkanContext: Sendable {
  let device: VulkanDevice
  let pipelines: PipelineStore
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
    pipelines = try PipelineStore(device)
    alignment = max(256, device.limits.alignment)
  }

  /// Whether kernels are to take the tiles that graphics cards are fast with. A software driver would compile them for
  /// long, and gain nothing.
  var usesLargeTiles: Bool { tier != .t0 }

  func aligned(_ byteCount: Int) -> Int { (byteCount + alignment - 1) / alignment * alignment }

  /// Runs dispatches once and waits.
  func run(_ dispatches: [Dispatch], _ action: @autoclosure () -> String) throws {
    let descriptors = try DescriptorSets(dispatches.count, pipelines, on: device)
    try device.runOnce(action()) { buffer in
      var recorder = DispatchRecorder(device, pipelines)
      for (dispatch, set) in zip(dispatches, descriptors.sets) { try recorder.record(dispatch, set, into: buffer) }
      device.barrier(buffer)
    }
  }
}
