import CVulkan

/// The structures in which Vulkan tells a device's features, and in which they are asked for when it is opened.
final class FeatureChain {
  let vulkan11 = UnsafeMutablePointer<VkPhysicalDeviceVulkan11Features>.allocate(capacity: 1)
  let vulkan12 = UnsafeMutablePointer<VkPhysicalDeviceVulkan12Features>.allocate(capacity: 1)
  let vulkan13 = UnsafeMutablePointer<VkPhysicalDeviceVulkan13Features>.allocate(capacity: 1)
  let products = UnsafeMutablePointer<VkPhysicalDeviceCooperativeMatrixFeaturesKHR>.allocate(capacity: 1)
  let conversions = UnsafeMutablePointer<VkPhysicalDeviceCooperativeMatrix2FeaturesNV>.allocate(capacity: 1)
  let executables =
    UnsafeMutablePointer<VkPhysicalDevicePipelineExecutablePropertiesFeaturesKHR>.allocate(capacity: 1)
  private let extensions: Set<DeviceExtension>

  /// All off.
  ///
  /// - Parameter extensions: those that the driver has; others' structures are not in the chain.
  init(_ extensions: Set<DeviceExtension>) {
    self.extensions = extensions
    vulkan11.initialize(to: VkPhysicalDeviceVulkan11Features())
    vulkan12.initialize(to: VkPhysicalDeviceVulkan12Features())
    vulkan13.initialize(to: VkPhysicalDeviceVulkan13Features())
    products.initialize(to: VkPhysicalDeviceCooperativeMatrixFeaturesKHR())
    conversions.initialize(to: VkPhysicalDeviceCooperativeMatrix2FeaturesNV())
    vulkan11.pointee.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_1_FEATURES
    vulkan12.pointee.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_2_FEATURES
    vulkan13.pointee.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_3_FEATURES
    executables.initialize(to: VkPhysicalDevicePipelineExecutablePropertiesFeaturesKHR())
    executables.pointee.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PIPELINE_EXECUTABLE_PROPERTIES_FEATURES_KHR
    products.pointee.sType = cv_cooperative_matrix_features_type
    conversions.pointee.sType = cv_cooperative_matrix_2_features_type
    vulkan11.pointee.pNext = UnsafeMutableRawPointer(vulkan12)
    vulkan12.pointee.pNext = UnsafeMutableRawPointer(vulkan13)
    var next: UnsafeMutableRawPointer?
    if extensions.contains(.executableProperties) {
      executables.pointee.pNext = next
      next = UnsafeMutableRawPointer(executables)
    }
    if extensions.contains(.matrixConversions) {
      conversions.pointee.pNext = next
      next = UnsafeMutableRawPointer(conversions)
    }
    if extensions.contains(.matrices) {
      products.pointee.pNext = next
      next = UnsafeMutableRawPointer(products)
    }
    vulkan13.pointee.pNext = next
  }

  deinit {
    vulkan11.deallocate()
    vulkan12.deallocate()
    vulkan13.deallocate()
    products.deallocate()
    conversions.deallocate()
    executables.deallocate()
  }

  /// Fills the structures with what a device has.
  func query(_ device: VkPhysicalDevice, _ functions: cv_instance) {
    var features = VkPhysicalDeviceFeatures2()
    features.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_FEATURES_2
    features.pNext = UnsafeMutableRawPointer(vulkan11)
    functions.vkGetPhysicalDeviceFeatures2(device, &features)
  }

  /// Turns on what all kernels need, and what the chain's extensions are for.
  func enable() {
    let yes = VkBool32(VK_TRUE)
    vulkan11.pointee.storageBuffer16BitAccess = yes
    // Lets a specialisation constant set a workgroup's size.
    vulkan13.pointee.maintenance4 = yes
    for used in extensions { enable(used) }
  }

  private func enable(_ used: DeviceExtension) {
    let yes = VkBool32(VK_TRUE)
    switch used {
    case .executableProperties: executables.pointee.pipelineExecutableInfo = yes
    case .matrixConversions: conversions.pointee.cooperativeMatrixConversions = yes
    case .matrices:
      vulkan12.pointee.shaderFloat16 = yes
      vulkan12.pointee.vulkanMemoryModel = yes
      // Under that model an atomic operation on a buffer is of the whole device's scope.
      vulkan12.pointee.vulkanMemoryModelDeviceScope = yes
      vulkan13.pointee.subgroupSizeControl = yes
      vulkan13.pointee.computeFullSubgroups = yes
      products.pointee.cooperativeMatrix = yes
    }
  }
}
