import CVulkan

/// The structures in which Vulkan tells a device's features, and in which they are asked for when it is opened.
final class FeatureChain {
  let vulkan11 = UnsafeMutablePointer<VkPhysicalDeviceVulkan11Features>.allocate(capacity: 1)
  let vulkan12 = UnsafeMutablePointer<VkPhysicalDeviceVulkan12Features>.allocate(capacity: 1)
  let vulkan13 = UnsafeMutablePointer<VkPhysicalDeviceVulkan13Features>.allocate(capacity: 1)
  let matrices = UnsafeMutablePointer<VkPhysicalDeviceCooperativeMatrixFeaturesKHR>.allocate(capacity: 1)

  /// All off.
  ///
  /// - Parameter matrices: whether the driver has `VK_KHR_cooperative_matrix`; its structure is in the chain only then.
  init(matrices hasMatrices: Bool) {
    vulkan11.initialize(to: VkPhysicalDeviceVulkan11Features())
    vulkan12.initialize(to: VkPhysicalDeviceVulkan12Features())
    vulkan13.initialize(to: VkPhysicalDeviceVulkan13Features())
    matrices.initialize(to: VkPhysicalDeviceCooperativeMatrixFeaturesKHR())
    vulkan11.pointee.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_1_FEATURES
    vulkan12.pointee.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_2_FEATURES
    vulkan13.pointee.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_3_FEATURES
    matrices.pointee.sType = cv_cooperative_matrix_features_type
    vulkan11.pointee.pNext = UnsafeMutableRawPointer(vulkan12)
    vulkan12.pointee.pNext = UnsafeMutableRawPointer(vulkan13)
    if hasMatrices { vulkan13.pointee.pNext = UnsafeMutableRawPointer(matrices) }
  }

  deinit {
    vulkan11.deallocate()
    vulkan12.deallocate()
    vulkan13.deallocate()
    matrices.deallocate()
  }

  /// Fills the structures with what a device has.
  func query(_ device: VkPhysicalDevice, _ functions: cv_instance) {
    var features = VkPhysicalDeviceFeatures2()
    features.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_FEATURES_2
    features.pNext = UnsafeMutableRawPointer(vulkan11)
    functions.vkGetPhysicalDeviceFeatures2(device, &features)
  }

  /// Turns on what kernels of a tier need.
  func enable(_ tier: VulkanTier) {
    let yes = VkBool32(VK_TRUE)
    vulkan11.pointee.storageBuffer16BitAccess = yes
    // Lets a specialisation constant set a workgroup's size.
    vulkan13.pointee.maintenance4 = yes
    guard tier == .t2 else { return }
    vulkan12.pointee.shaderFloat16 = yes
    vulkan12.pointee.vulkanMemoryModel = yes
    // Under that model an atomic operation on a buffer is of the whole device's scope.
    vulkan12.pointee.vulkanMemoryModelDeviceScope = yes
    vulkan13.pointee.subgroupSizeControl = yes
    vulkan13.pointee.computeFullSubgroups = yes
    matrices.pointee.cooperativeMatrix = yes
  }
}
