internal import ImagineVulkan

extension Device {
  /// What `automatic` stands for on this machine: the best graphics card that can be used with Vulkan, else the processor.
  ///
  /// Whatever keeps Vulkan from working here leaves the processor.
  var resolved: Device {
    guard self == .automatic else { return self }
    let devices = (try? VulkanInstance().physicalDevices()) ?? []
    return devices.firstIndex { $0.passedOver == nil }.map { .vulkan("\($0)") } ?? .cpu
  }
}

extension VulkanPhysicalDevice {
  /// Graphics cards move 16 bits twice as fast as 32; software drivers compute in 32 bits and convert.
  var preferredPrecision: Precision { kind.isGraphicsCard ? .float16 : .float32 }
}
