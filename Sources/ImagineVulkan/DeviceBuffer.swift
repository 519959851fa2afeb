import CVulkan

/// Memory of a device as one buffer.
final class DeviceBuffer: @unchecked Sendable {
  enum Use: Hashable {
    /// Kernels read and write it; the host does not.
    case device
    /// Kernels read it. The host writes it, too, if it can see as much as the device has and `visible` asks for that.
    case weights(visible: Bool)
    /// The host writes it and copies or kernels read it.
    case upload
    /// Copies write it and the host reads it.
    case readback
  }

  let device: VulkanDevice
  let handle: VkBuffer
  let byteCount: Int
  let use: Use
  /// Where the host sees it; nil where it does not.
  let address: UnsafeMutableRawPointer?
  private let memory: VkDeviceMemory
  /// What it counts in the account of the device's memory.
  private let counted: Int

  /// - Parameter purpose: for the error message, such as `the weights`.
  init(_ byteCount: Int, _ use: Use, for purpose: String, on device: VulkanDevice) throws(VulkanError) {
    let functions = device.functions
    // An empty buffer is not allowed; a whole word lets `vkCmdFillBuffer` fill to the end.
    let size = UInt64(max(byteCount, 4) + 3) / 4 * 4
    guard size <= device.limits.allocation else {
      throw VulkanError(
        .outOfMemory,
        "\(device.physical.name) gives no \(size / 1_000_000) MB of memory at once, which \(purpose) would need.")
    }
    var info = VkBufferCreateInfo()
    info.sType = VK_STRUCTURE_TYPE_BUFFER_CREATE_INFO
    info.size = size
    info.usage =
      VK_BUFFER_USAGE_STORAGE_BUFFER_BIT.rawValue | VK_BUFFER_USAGE_TRANSFER_SRC_BIT.rawValue
      | VK_BUFFER_USAGE_TRANSFER_DST_BIT.rawValue
    info.sharingMode = VK_SHARING_MODE_EXCLUSIVE
    var buffer: VkBuffer?
    try check(functions.vkCreateBuffer(device.handle, &info, nil, &buffer), purpose)
    guard let buffer else { throw VulkanError(.failed, "The device gave no buffer for \(purpose).") }
    var needs = VkMemoryRequirements()
    functions.vkGetBufferMemoryRequirements(device.handle, buffer, &needs)

    var memory: VkDeviceMemory?
    var address: UnsafeMutableRawPointer?
    var counted = 0, isVisible = false
    do throws(VulkanError) {
      var result = VK_ERROR_OUT_OF_DEVICE_MEMORY
      for type in use.memoryTypes(device.physical.memoryProperties) where needs.memoryTypeBits >> type & 1 != 0 {
        var allocation = VkMemoryAllocateInfo()
        allocation.sType = VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO
        allocation.allocationSize = needs.size
        allocation.memoryTypeIndex = UInt32(type)
        let own = device.memory.counts(type, for: use) ? Int(clamping: needs.size) : 0
        guard device.memory.take(own) else { continue }
        result = functions.vkAllocateMemory(device.handle, &allocation, nil, &memory)
        if result == VK_SUCCESS {
          counted = own
          isVisible = use.isVisible(type, device.physical.memoryProperties)
          break
        }
        device.memory.give(own)
        // Another type of memory does not help against anything else.
        if result != VK_ERROR_OUT_OF_DEVICE_MEMORY { break }
      }
      try check(result, "\(purpose) (\(size / 1_000_000) MB)")
      try check(functions.vkBindBufferMemory(device.handle, buffer, memory, 0), purpose)
      if isVisible {
        try check(functions.vkMapMemory(device.handle, memory, 0, VkDeviceSize(VK_WHOLE_SIZE), 0, &address), purpose)
      }
    } catch {
      functions.vkDestroyBuffer(device.handle, buffer, nil)
      functions.vkFreeMemory(device.handle, memory, nil)
      device.memory.give(counted)
      throw error
    }
    guard let memory else { throw VulkanError(.failed, "The device gave no memory for \(purpose).") }
    self.device = device
    self.handle = buffer
    self.byteCount = byteCount
    self.use = use
    self.memory = memory
    self.address = address
    self.counted = counted
  }

  deinit {
    device.functions.vkDestroyBuffer(device.handle, handle, nil)
    device.functions.vkFreeMemory(device.handle, memory, nil)
    device.memory.give(counted)
  }
}

extension DeviceBuffer.Use {
  /// Whether it is in the host's memory, where that is another than the device's.
  var isOfTheHost: Bool { self == .upload || self == .readback }

  /// Whether the host is to see a buffer in memory of this type.
  fileprivate func isVisible(_ type: Int, _ properties: VkPhysicalDeviceMemoryProperties) -> Bool {
    switch self {
    case .device: false
    case .upload, .readback: true
    case .weights(let visible): visible && properties.types[type].isVisible
    }
  }

  /// Indices of fitting memory types, the best first.
  func memoryTypes(_ properties: VkPhysicalDeviceMemoryProperties) -> [Int] {
    let types = properties.types
    func has(_ index: Int, _ bits: VkMemoryPropertyFlagBits...) -> Bool {
      bits.allSatisfy { types[index].propertyFlags & $0.rawValue != 0 }
    }
    let visible = types.indices.filter { types[$0].isVisible }
    switch self {
    case .weights(let wantsVisible):
      let own = DeviceBuffer.Use.device.memoryTypes(properties)
      // Cards that show the host a window of their memory only keep that in a small heap of its own.
      let heaps = properties.heaps, largest = heaps.filter(\.isLocal).map(\.size).max() ?? 0
      let both = own.filter { visible.contains($0) && heaps[Int(types[$0].heapIndex)].size == largest }
      return wantsVisible ? both + own.filter { !both.contains($0) } : own
    case .device:
      // Drivers list the device's own memory that the host does not see first. Other memory would be many times slower:
      // better to hear that this one is full.
      return types.indices.filter { has($0, VK_MEMORY_PROPERTY_DEVICE_LOCAL_BIT) }
    case .upload:
      let plain = visible.filter { !has($0, VK_MEMORY_PROPERTY_DEVICE_LOCAL_BIT) }
      return plain + visible.filter { !plain.contains($0) }
    case .readback:
      let cached = visible.filter { has($0, VK_MEMORY_PROPERTY_HOST_CACHED_BIT) }
      return cached + visible.filter { !cached.contains($0) }
    }
  }
}

extension VkMemoryType {
  /// Whether the host sees memory of this type, and the device what the host writes, without further ado.
  fileprivate var isVisible: Bool {
    let bits = VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT.rawValue | VK_MEMORY_PROPERTY_HOST_COHERENT_BIT.rawValue
    return propertyFlags & bits == bits
  }
}

/// A part of a buffer: one value or weight.
struct BufferSpan {
  let buffer: DeviceBuffer
  let offset: Int
  let byteCount: Int

  init(_ buffer: DeviceBuffer, offset: Int = 0, byteCount: Int? = nil) {
    self.buffer = buffer
    self.offset = offset
    self.byteCount = byteCount ?? buffer.byteCount - offset
  }

  /// Where the host sees it; nil where it does not.
  var address: UnsafeMutableRawPointer? { buffer.address.map { $0 + offset } }

  func overlaps(_ other: BufferSpan) -> Bool {
    buffer === other.buffer && offset < other.offset + other.byteCount && other.offset < offset + byteCount
  }
}
