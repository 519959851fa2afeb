import CVulkan
import Foundation

/// The account of a device's own memory: what this program holds of it, and what is free.
final class DeviceMemory: @unchecked Sendable {
  private let physical: VulkanPhysicalDevice
  private let instance: VulkanInstance
  private let budget: Int?
  private let hostMemoryIsApart: Bool
  /// Whether the driver tells how much of a heap this process may use at the moment.
  private let tellsBudget: Bool
  private let lock = NSLock()
  private var held = 0

  /// - Parameters:
  ///   - budget: bytes that may be used; nil for all that is free.
  ///   - hostMemoryIsApart: see `VulkanBackend.Configuration`.
  init(_ physical: VulkanPhysicalDevice, _ instance: VulkanInstance, budget: Int?, hostMemoryIsApart: Bool) {
    self.physical = physical
    self.instance = instance
    self.budget = budget
    self.hostMemoryIsApart = hostMemoryIsApart
    tellsBudget = physical.hasExtension(VK_EXT_MEMORY_BUDGET_EXTENSION_NAME, instance)
  }

  /// Bytes held at the moment.
  var allocated: Int { lock.withLock { held } }

  /// Whether memory of this type is the device's own, for a buffer of this use.
  func counts(_ type: Int, for use: DeviceBuffer.Use) -> Bool {
    if hostMemoryIsApart, use.isOfTheHost { return false }
    return physical.memoryProperties.types[type].propertyFlags & VK_MEMORY_PROPERTY_DEVICE_LOCAL_BIT.rawValue != 0
  }

  /// Counts bytes about to be allocated; false if they exceed the budget given.
  func take(_ bytes: Int) -> Bool {
    lock.withLock {
      if let budget, bytes > budget - held { return false }
      held += bytes
      return true
    }
  }

  func give(_ bytes: Int) { lock.withLock { held -= bytes } }

  /// Bytes that can still be allocated; nil where nobody knows.
  ///
  /// That is what was allowed, else what the driver says, else four fifths of the device's memory. A software driver
  /// takes the machine's memory, whatever size it states.
  var free: Int? {
    if let budget { return max(budget - allocated, 0) }
    if physical.kind == .cpu { return nil }
    if tellsBudget, let told = toldByDriver() { return told }
    return max(Int(clamping: physical.memory / 5 * 4) - allocated, 0)
  }

  private func toldByDriver() -> Int? {
    var budget = VkPhysicalDeviceMemoryBudgetPropertiesEXT()
    budget.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MEMORY_BUDGET_PROPERTIES_EXT
    let heaps = physical.memoryProperties.heaps
    guard let heap = heaps.indices.filter({ heaps[$0].isLocal }).max(by: { heaps[$0].size < heaps[$1].size }) else {
      return nil
    }
    withUnsafeMutablePointer(to: &budget) { budget in
      var properties = VkPhysicalDeviceMemoryProperties2()
      properties.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MEMORY_PROPERTIES_2
      properties.pNext = UnsafeMutableRawPointer(budget)
      instance.functions.vkGetPhysicalDeviceMemoryProperties2(physical.handle, &properties)
    }
    func value<Sizes>(_ sizes: Sizes) -> Int {
      withUnsafeBytes(of: sizes) { Int(clamping: $0.bindMemory(to: VkDeviceSize.self)[heap]) }
    }
    let (allowed, used) = (value(budget.heapBudget), value(budget.heapUsage))
    return allowed == 0 ? nil : max(allowed - used, 0)
  }
}

extension VulkanPhysicalDevice {
  /// Whether the driver offers an extension of the device.
  func hasExtension(_ name: String, _ instance: VulkanInstance) -> Bool {
    let functions = instance.functions
    var count: UInt32 = 0
    _ = functions.vkEnumerateDeviceExtensionProperties(handle, nil, &count, nil)
    var extensions = [VkExtensionProperties](repeating: VkExtensionProperties(), count: Int(count))
    _ = functions.vkEnumerateDeviceExtensionProperties(handle, nil, &count, &extensions)
    return extensions.prefix(Int(count)).contains { text($0.extensionName) == name }
  }
}
