import CVulkan

extension VulkanPhysicalDevice {
  /// What the device can be made to multiply by, the simplest first.
  package var tiers: [VulkanTier] { VulkanTier.all.filter { $0.missing(on: traits) == nil } }

  /// The tier used unless told otherwise.
  ///
  /// Software drivers compile large tiles for long and gain nothing from them, nor from matrices they only imitate.
  package var defaultTier: VulkanTier { kind == .cpu ? .t0 : tiers.last ?? .t0 }

  /// The tier that is asked for, or the default one.
  ///
  /// - Throws: `VulkanError` if the device lacks it.
  func tier(_ asked: VulkanTier?) throws(VulkanError) -> VulkanTier {
    guard let asked else { return defaultTier }
    if let missing = asked.missing(on: traits) {
      throw VulkanError(
        .unavailable,
        "\(name) has no \(missing) that tier \(asked.name) could use; it has "
          + "\(tiers.map(\.name).joined(separator: " and ")): choose one of these, or none for the best.")
    }
    return asked
  }
}

extension DeviceTraits {
  /// - Parameters:
  ///   - device: what `vkGetPhysicalDeviceProperties2` says.
  ///   - features: what the device has.
  ///   - listMatrices: nil for a driver without `VK_KHR_cooperative_matrix`.
  init(
    _ handle: VkPhysicalDevice, _ device: VkPhysicalDeviceProperties, _ features: FeatureChain,
    _ functions: cv_instance, _ listMatrices: PFN_vkGetPhysicalDeviceCooperativeMatrixPropertiesKHR?
  ) {
    var subgroup = VkPhysicalDeviceSubgroupProperties()
    subgroup.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SUBGROUP_PROPERTIES
    var sizes = VkPhysicalDeviceSubgroupSizeControlProperties()
    sizes.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SUBGROUP_SIZE_CONTROL_PROPERTIES
    withUnsafeMutablePointer(to: &subgroup) { subgroup in
      withUnsafeMutablePointer(to: &sizes) { sizes in
        var properties = VkPhysicalDeviceProperties2()
        properties.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PROPERTIES_2
        properties.pNext = UnsafeMutableRawPointer(subgroup)
        subgroup.pointee.pNext = UnsafeMutableRawPointer(sizes)
        functions.vkGetPhysicalDeviceProperties2(handle, &properties)
      }
    }
    let least = Int(sizes.minSubgroupSize)
    self.init(
      vendor: device.vendorID, product: device.deviceID, subgroupSize: Int(subgroup.subgroupSize),
      subgroupSizes: least...max(least, Int(sizes.maxSubgroupSize)),
      setsSubgroupSize: features.vulkan13.pointee.subgroupSizeControl != 0
        && features.vulkan13.pointee.computeFullSubgroups != 0
        && sizes.requiredSubgroupSizeStages & VK_SHADER_STAGE_COMPUTE_BIT.rawValue != 0,
      has16BitFloats: features.vulkan12.pointee.shaderFloat16 != 0,
      hasMemoryModel: features.vulkan12.pointee.vulkanMemoryModel != 0
        && features.vulkan12.pointee.vulkanMemoryModelDeviceScope != 0,
      hasSubgroupVote: subgroup.supportedOperations & VK_SUBGROUP_FEATURE_VOTE_BIT.rawValue != 0,
      matrices: features.products.pointee.cooperativeMatrix == 0 ? [] : Self.matrices(handle, listMatrices),
      convertsMatrices: features.conversions.pointee.cooperativeMatrixConversions != 0)
  }

  private static func matrices(
    _ handle: VkPhysicalDevice, _ list: PFN_vkGetPhysicalDeviceCooperativeMatrixPropertiesKHR?
  ) -> [CooperativeMatrix] {
    guard let list else { return [] }
    var count: UInt32 = 0
    guard list(handle, &count, nil) == VK_SUCCESS else { return [] }
    var entry = VkCooperativeMatrixPropertiesKHR()
    entry.sType = cv_cooperative_matrix_properties_type
    var entries = [VkCooperativeMatrixPropertiesKHR](repeating: entry, count: Int(count))
    guard list(handle, &count, &entries) == VK_SUCCESS else { return [] }
    return entries.prefix(Int(count)).map { entry in
      CooperativeMatrix(
        rows: Int(entry.MSize), columns: Int(entry.NSize), depth: Int(entry.KSize),
        isHalfToFloatOfSubgroup: entry.scope == VK_SCOPE_SUBGROUP_KHR
          && entry.AType == VK_COMPONENT_TYPE_FLOAT16_KHR && entry.BType == VK_COMPONENT_TYPE_FLOAT16_KHR
          && entry.CType == VK_COMPONENT_TYPE_FLOAT32_KHR && entry.ResultType == VK_COMPONENT_TYPE_FLOAT32_KHR)
    }
  }
}
