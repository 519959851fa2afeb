import CVulkan

/// A device that a driver offers, with what it can do.
package struct VulkanPhysicalDevice: Sendable {
  package enum Kind: String, Sendable, Comparable {
    case discrete, integrated, virtual, cpu, other

    /// The better first.
    package static func < (left: Kind, right: Kind) -> Bool { left.rank < right.rank }

    private var rank: Int {
      switch self {
      case .discrete: 0
      case .integrated: 1
      case .virtual: 2
      case .other: 3
      case .cpu: 4
      }
    }
  }

  package let name: String
  package let kind: Kind
  /// Name and version, such as `radv Mesa 22.3.6`.
  package let driver: String
  /// Bytes of the largest heap that is the device's own.
  package let memory: UInt64
  /// Why it cannot be used, as a clause (`it has no 16-bit storage`); nil if it can.
  package let obstacle: String?
  /// Why it is taken only by who asks for it, as a clause; nil if it can be the one that is chosen by itself.
  package internal(set) var passedOver: String?

  // The raw handle is valid as long as the instance, which every user of it holds.
  nonisolated(unsafe) let handle: VkPhysicalDevice
  let queueFamily: UInt32
  /// `VkDriverId`.
  let driverID: UInt32
  let limits: VkPhysicalDeviceLimits
  let memoryProperties: VkPhysicalDeviceMemoryProperties
  /// The same for one piece of hardware under several drivers.
  let hardware: [UInt8]
  let largestAllocation: UInt64
  let has16BitStorage: Bool
  package let traits: DeviceTraits
  /// What runs workgroups: compute units, streaming multiprocessors, Xe cores.
  let cores: Int
  /// Meaningful bits of the timestamps that the queue writes; 0 where it writes none.
  let timestampBits: UInt32
  /// Whether subgroups can add and compare in compute kernels.
  let hasSubgroupArithmetic: Bool
  /// Whether it can be asked what memory a kernel uses beside registers.
  package let tellsLocalMemory: Bool
  let pipelineIdentity: PipelineIdentity

  init(_ handle: VkPhysicalDevice, _ instance: VulkanInstance) {
    let functions = instance.functions
    self.handle = handle
    var driver = VkPhysicalDeviceDriverProperties()
    driver.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_DRIVER_PROPERTIES
    var identity = VkPhysicalDeviceIDProperties()
    identity.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_ID_PROPERTIES
    var maintenance = VkPhysicalDeviceMaintenance3Properties()
    maintenance.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MAINTENANCE_3_PROPERTIES
    var subgroups = VkPhysicalDeviceSubgroupProperties()
    subgroups.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SUBGROUP_PROPERTIES
    var properties = VkPhysicalDeviceProperties2()
    properties.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PROPERTIES_2
    withUnsafeMutablePointer(to: &driver) { driver in
      withUnsafeMutablePointer(to: &identity) { identity in
        withUnsafeMutablePointer(to: &maintenance) { maintenance in
          withUnsafeMutablePointer(to: &subgroups) { subgroups in
            identity.pointee.pNext = UnsafeMutableRawPointer(driver)
            maintenance.pointee.pNext = UnsafeMutableRawPointer(identity)
            subgroups.pointee.pNext = UnsafeMutableRawPointer(maintenance)
            properties.pNext = UnsafeMutableRawPointer(subgroups)
            functions.vkGetPhysicalDeviceProperties2(handle, &properties)
          }
        }
      }
    }
    let extensions = instance.extensions(of: handle)
    let features = FeatureChain(extensions)
    features.query(handle, functions)
    let listMatrices = extensions.contains(.matrices) ? cv_cooperative_matrix_properties(instance.handle) : nil
    var memory = VkPhysicalDeviceMemoryProperties()
    functions.vkGetPhysicalDeviceMemoryProperties(handle, &memory)

    let device = properties.properties
    name = text(device.deviceName)
    self.driver = "\(text(driver.driverName)) \(text(driver.driverInfo))"
    driverID = driver.driverID.rawValue
    kind =
      switch device.deviceType {
      case VK_PHYSICAL_DEVICE_TYPE_DISCRETE_GPU: .discrete
      case VK_PHYSICAL_DEVICE_TYPE_INTEGRATED_GPU: .integrated
      case VK_PHYSICAL_DEVICE_TYPE_VIRTUAL_GPU: .virtual
      case VK_PHYSICAL_DEVICE_TYPE_CPU: .cpu
      default: .other
      }
    limits = device.limits
    memoryProperties = memory
    self.memory = memory.heaps.filter { $0.isLocal }.map(\.size).max() ?? 0
    hardware = withUnsafeBytes(of: identity.deviceUUID) { Array($0) }
    largestAllocation = maintenance.maxMemoryAllocationSize
    has16BitStorage = features.vulkan11.pointee.storageBuffer16BitAccess != 0
    traits = DeviceTraits(handle, device, features, functions, listMatrices)
    hasSubgroupArithmetic =
      subgroups.supportedStages & VK_SHADER_STAGE_COMPUTE_BIT.rawValue != 0
      && subgroups.supportedOperations & VK_SUBGROUP_FEATURE_ARITHMETIC_BIT.rawValue != 0
    tellsLocalMemory = features.executables.pointee.pipelineExecutableInfo != 0
    pipelineIdentity = PipelineIdentity(
      vendor: device.vendorID, device: device.deviceID, driverVersion: device.driverVersion,
      uuid: withUnsafeBytes(of: device.pipelineCacheUUID) { Array($0) })

    cores = Self.cores(handle, functions)

    let families = Self.queueFamilies(handle, functions)
    let family = Self.computeFamily(families)
    queueFamily = family ?? 0
    timestampBits = family.map { families[Int($0)].timestampValidBits } ?? 0
    obstacle =
      if device.apiVersion < vulkan13 {
        "its driver has Vulkan \(versionText(device.apiVersion)) and 1.3 is needed"
      } else if family == nil {
        "it has no compute queue"
      } else if !has16BitStorage {
        "it cannot store 16-bit numbers"
      } else {
        nil
      }
  }

  private static func queueFamilies(
    _ handle: VkPhysicalDevice, _ functions: cv_instance
  ) -> [VkQueueFamilyProperties] {
    var count: UInt32 = 0
    functions.vkGetPhysicalDeviceQueueFamilyProperties(handle, &count, nil)
    var families = [VkQueueFamilyProperties](repeating: VkQueueFamilyProperties(), count: Int(count))
    functions.vkGetPhysicalDeviceQueueFamilyProperties(handle, &count, &families)
    return families
  }

  /// A queue family for computing, one without graphics if there is.
  private static func computeFamily(_ families: [VkQueueFamilyProperties]) -> UInt32? {
    let computing = families.indices.filter { families[$0].queueFlags & VK_QUEUE_COMPUTE_BIT.rawValue != 0 }
    let alone = computing.first { families[$0].queueFlags & VK_QUEUE_GRAPHICS_BIT.rawValue == 0 }
    return (alone ?? computing.first).map(UInt32.init)
  }
}

extension VkPhysicalDeviceMemoryProperties {
  var heaps: [VkMemoryHeap] {
    withUnsafeBytes(of: memoryHeaps) { Array($0.bindMemory(to: VkMemoryHeap.self).prefix(Int(memoryHeapCount))) }
  }

  var types: [VkMemoryType] {
    withUnsafeBytes(of: memoryTypes) { Array($0.bindMemory(to: VkMemoryType.self).prefix(Int(memoryTypeCount))) }
  }
}

extension VkMemoryHeap {
  var isLocal: Bool { flags & VK_MEMORY_HEAP_DEVICE_LOCAL_BIT.rawValue != 0 }
}
