import CVulkan

/// Extensions of Vulkan that are used where a driver has them.
package enum DeviceExtension: Sendable, Hashable, CaseIterable {
  /// Products of a subgroup's matrices: `VK_KHR_cooperative_matrix`.
  case matrices
  /// Matrices of sums that become matrices of operands where they are: part of `VK_NV_cooperative_matrix2`.
  case matrixConversions
  /// What the driver made of a kernel: `VK_KHR_pipeline_executable_properties`.
  case executableProperties

  var name: String {
    switch self {
    case .matrices: VK_KHR_COOPERATIVE_MATRIX_EXTENSION_NAME
    case .matrixConversions: VK_NV_COOPERATIVE_MATRIX_2_EXTENSION_NAME
    case .executableProperties: VK_KHR_PIPELINE_EXECUTABLE_PROPERTIES_EXTENSION_NAME
    }
  }
}

extension VulkanInstance {
  /// Those that a device's driver has.
  func extensions(of device: VkPhysicalDevice) -> Set<DeviceExtension> {
    var count: UInt32 = 0
    _ = functions.vkEnumerateDeviceExtensionProperties(device, nil, &count, nil)
    var extensions = [VkExtensionProperties](repeating: VkExtensionProperties(), count: Int(count))
    _ = functions.vkEnumerateDeviceExtensionProperties(device, nil, &count, &extensions)
    let names = Set(extensions.prefix(Int(count)).map { text($0.extensionName) })
    return Set(DeviceExtension.allCases.filter { names.contains($0.name) })
  }
}
