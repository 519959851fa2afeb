internal import ImagineVulkan

extension Device {
  /// The number of the best graphics card that can be used with Vulkan; nil if there is none, or no Vulkan.
  static var bestCard: String? {
    let devices = (try? VulkanInstance().physicalDevices()) ?? []
    return devices.firstIndex { $0.passedOver == nil }.map { "\($0)" }
  }
}

extension VulkanPhysicalDevice {
  /// Graphics cards move 16 bits twice as fast as 32; software drivers compute in 32 bits and convert.
  var preferredPrecision: Precision { kind.isGraphicsCard ? .float16 : .float32 }
}
