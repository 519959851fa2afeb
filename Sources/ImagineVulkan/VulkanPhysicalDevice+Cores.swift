import CVulkan

extension VulkanPhysicalDevice {
  /// How many workgroups a device computes at the same time, at least: what drivers of NVIDIA and AMD report, and for
  /// others the size of a middling graphics card.
  static func cores(_ handle: VkPhysicalDevice, _ functions: cv_instance) -> Int {
    let extensions = extensions(handle, functions)
    if extensions.contains(VK_NV_SHADER_SM_BUILTINS_EXTENSION_NAME) {
      var builtins = VkPhysicalDeviceShaderSMBuiltinsPropertiesNV()
      builtins.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SHADER_SM_BUILTINS_PROPERTIES_NV
      query(&builtins, handle, functions)
      if builtins.shaderSMCount > 0 { return Int(builtins.shaderSMCount) }
    }
    if extensions.contains(VK_AMD_SHADER_CORE_PROPERTIES_2_EXTENSION_NAME) {
      var cores = VkPhysicalDeviceShaderCoreProperties2AMD()
      cores.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SHADER_CORE_PROPERTIES_2_AMD
      query(&cores, handle, functions)
      if cores.activeComputeUnitCount > 0 { return Int(cores.activeComputeUnitCount) }
    }
    return 32
  }

  private static func extensions(_ handle: VkPhysicalDevice, _ functions: cv_instance) -> Set<String> {
    var count: UInt32 = 0
    _ = functions.vkEnumerateDeviceExtensionProperties(handle, nil, &count, nil)
    var extensions = [VkExtensionProperties](repeating: VkExtensionProperties(), count: Int(count))
    _ = functions.vkEnumerateDeviceExtensionProperties(handle, nil, &count, &extensions)
    return Set(extensions.prefix(Int(count)).map { text($0.extensionName) })
  }

  /// Fills one structure of properties.
  private static func query<Properties>(
    _ properties: inout Properties, _ handle: VkPhysicalDevice, _ functions: cv_instance
  ) {
    withUnsafeMutablePointer(to: &properties) { properties in
      var all = VkPhysicalDeviceProperties2()
      all.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PROPERTIES_2
      all.pNext = UnsafeMutableRawPointer(properties)
      functions.vkGetPhysicalDeviceProperties2(handle, &all)
    }
  }
}
