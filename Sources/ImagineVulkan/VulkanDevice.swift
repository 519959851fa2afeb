import CVulkan
import Foundation

/// An opened device with its queue; everything that lives on it holds it.
///
/// Uses of the queue and of the command pool take turns (`locked`).
final class VulkanDevice: @unchecked Sendable {
  let instance: VulkanInstance
  let physical: VulkanPhysicalDevice
  let limits: VulkanLimits
  let memory: DeviceMemory
  let handle: VkDevice
  let functions: cv_device
  /// Whether kernels are asked what memory they use beside registers.
  let asksForLocalMemory: Bool
  private let queue: VkQueue
  private let commandPool: VkCommandPool
  private let lock = NSRecursiveLock()

  /// - Parameter tier: of the kernels that will run on it.
  init(
    _ physical: VulkanPhysicalDevice, _ instance: VulkanInstance, _ tier: VulkanTier,
    _ configuration: VulkanBackend.Configuration = VulkanBackend.Configuration()
  ) throws(VulkanError) {
    if let obstacle = physical.obstacle {
      throw VulkanError(.unavailable, "\(physical.name) cannot be used: \(obstacle).")
    }
    let asksForLocalMemory = configuration.asksForLocalMemory && physical.tellsLocalMemory
    let handle = try Self.open(physical, instance, tier, asksForLocalMemory: asksForLocalMemory)
    do throws(VulkanError) {
      let driver = try Self.functions(of: handle, physical, instance)
      var queue: VkQueue?
      driver.vkGetDeviceQueue(handle, physical.queueFamily, 0, &queue)
      var info = VkCommandPoolCreateInfo()
      info.sType = VK_STRUCTURE_TYPE_COMMAND_POOL_CREATE_INFO
      info.queueFamilyIndex = physical.queueFamily
      var pool: VkCommandPool?
      try check(driver.vkCreateCommandPool(handle, &info, nil, &pool), "opening the device")
      guard let queue, let pool else { throw VulkanError(.failed, "\(physical.name) gave no queue.") }
      self.queue = queue
      commandPool = pool
      functions = configuration.faults.map { FaultLayer.functions(over: driver, handle, queue, $0) } ?? driver
    } catch {
      withUnsafePointer(to: instance.functions) { cv_destroy_device($0, handle) }
      throw error
    }
    self.physical = physical
    self.instance = instance
    self.handle = handle
    self.asksForLocalMemory = asksForLocalMemory
    limits = configuration.limits ?? physical.allowed
    memory = DeviceMemory(
      physical, instance, budget: configuration.memoryBudget, hostMemoryIsApart: configuration.hostMemoryIsApart)
  }

  private static func functions(
    of handle: VkDevice, _ physical: VulkanPhysicalDevice, _ instance: VulkanInstance
  ) throws(VulkanError) -> cv_device {
    let loaded = UnsafeMutablePointer<cv_device>.allocate(capacity: 1)
    defer { loaded.deallocate() }
    if let missing = withUnsafePointer(to: instance.functions, { cv_load_device($0, handle, loaded) }) {
      throw VulkanError(.unavailable, "The driver of \(physical.name) has no \(String(cString: missing)); update it.")
    }
    return loaded.pointee
  }

  deinit {
    _ = functions.vkDeviceWaitIdle(handle)
    functions.vkDestroyCommandPool(handle, commandPool, nil)
    functions.vkDestroyDevice(handle, nil)
  }

  private static func open(
    _ physical: VulkanPhysicalDevice, _ instance: VulkanInstance, _ tier: VulkanTier, asksForLocalMemory: Bool
  ) throws(VulkanError) -> VkDevice {
    var extensions = tier.extensions(on: physical.traits)
    if asksForLocalMemory { extensions.insert(.executableProperties) }
    let features = FeatureChain(extensions)
    features.enable()
    var priority: Float = 1
    var handle: VkDevice?
    let result = withUnsafePointer(to: &priority) { priority in
      var queue = VkDeviceQueueCreateInfo()
      queue.sType = VK_STRUCTURE_TYPE_DEVICE_QUEUE_CREATE_INFO
      queue.queueFamilyIndex = physical.queueFamily
      queue.queueCount = 1
      queue.pQueuePriorities = priority
      return withUnsafePointer(to: &queue) { queue in
        withCStrings(extensions.map(\.name)) { extensions in
          var info = VkDeviceCreateInfo()
          info.sType = VK_STRUCTURE_TYPE_DEVICE_CREATE_INFO
          info.pNext = UnsafeRawPointer(features.vulkan11)
          info.queueCreateInfoCount = 1
          info.pQueueCreateInfos = queue
          info.enabledExtensionCount = UInt32(extensions.count)
          info.ppEnabledExtensionNames = extensions.baseAddress
          return withExtendedLifetime(features) {
            instance.functions.vkCreateDevice(physical.handle, &info, nil, &handle)
          }
        }
      }
    }
    try check(result, "opening \(physical.name)")
    guard let handle else { throw VulkanError(.failed, "\(physical.name) could not be opened.") }
    return handle
  }

  /// Runs `body` while nobody else uses the queue or records commands.
  func locked<Result>(_ body: () throws -> Result) rethrows -> Result { try lock.withLock(body) }

  // MARK: Commands

  /// Records commands that can be submitted again and again.
  func record(_ commands: (VkCommandBuffer) throws -> Void) throws -> VkCommandBuffer {
    try locked { try recordAlone(commands) }
  }

  private func recordAlone(_ commands: (VkCommandBuffer) throws -> Void) throws -> VkCommandBuffer {
    var info = VkCommandBufferAllocateInfo()
    info.sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_ALLOCATE_INFO
    info.commandPool = commandPool
    info.level = VK_COMMAND_BUFFER_LEVEL_PRIMARY
    info.commandBufferCount = 1
    var buffer: VkCommandBuffer?
    try check(functions.vkAllocateCommandBuffers(handle, &info, &buffer), "recording commands")
    guard let buffer else { throw VulkanError(.failed, "The device gave no command buffer.") }
    do {
      var begin = VkCommandBufferBeginInfo()
      begin.sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_BEGIN_INFO
      try check(functions.vkBeginCommandBuffer(buffer, &begin), "recording commands")
      try commands(buffer)
      try check(functions.vkEndCommandBuffer(buffer), "recording commands")
      return buffer
    } catch {
      free([buffer])
      throw error
    }
  }

  func free(_ buffers: [VkCommandBuffer]) {
    if buffers.isEmpty { return }
    var buffers = buffers.map(Optional.some)
    locked { functions.vkFreeCommandBuffers(handle, commandPool, UInt32(buffers.count), &buffers) }
  }

  /// Submits command buffers, group after group without waiting in between, and waits until the last is done.
  func submit(_ groups: [[VkCommandBuffer]], _ action: @autoclosure () -> String) throws(VulkanError) {
    guard !groups.isEmpty else { return }
    let fence = try Fence(on: self)
    for (index, group) in groups.enumerated() {
      do {
        try enqueue(group, fence: index == groups.count - 1 ? fence : nil, action())
      } catch {
        // What was submitted before may still run and use memory that the caller is about to let go.
        waitUntilIdle()
        throw error
      }
    }
    try fence.wait(action())
  }

  /// Submits command buffers at once, and returns before they are done.
  ///
  /// - Parameter fence: told when they are.
  func enqueue(
    _ buffers: [VkCommandBuffer], fence: Fence?, _ action: @autoclosure () -> String
  ) throws(VulkanError) {
    let result = locked {
      buffers.map(Optional.some).withUnsafeBufferPointer { buffers in
        var submission = VkSubmitInfo()
        submission.sType = VK_STRUCTURE_TYPE_SUBMIT_INFO
        submission.commandBufferCount = UInt32(buffers.count)
        submission.pCommandBuffers = buffers.baseAddress
        return functions.vkQueueSubmit(queue, 1, &submission, fence?.handle)
      }
    }
    try check(result, action())
  }

  func waitUntilIdle() { locked { _ = functions.vkDeviceWaitIdle(handle) } }

  /// Records commands, runs them once and waits.
  func runOnce(_ action: @autoclosure () -> String, _ commands: (VkCommandBuffer) throws -> Void) throws {
    try locked {
      let buffer = try record(commands)
      defer { free([buffer]) }
      try submit([[buffer]], action())
    }
  }

  /// Copies the bytes of a span to the beginning of another.
  func copy(_ source: BufferSpan, to target: BufferSpan, in buffer: VkCommandBuffer) {
    let byteCount = min(source.byteCount, target.byteCount)
    guard byteCount > 0 else { return }
    var region = VkBufferCopy(
      srcOffset: UInt64(source.offset), dstOffset: UInt64(target.offset), size: UInt64(byteCount))
    functions.vkCmdCopyBuffer(buffer, source.buffer.handle, target.buffer.handle, 1, &region)
  }

  /// Makes what shaders and copies wrote visible to whatever comes after.
  func barrier(_ buffer: VkCommandBuffer) {
    var memory = VkMemoryBarrier()
    memory.sType = VK_STRUCTURE_TYPE_MEMORY_BARRIER
    memory.srcAccessMask = VK_ACCESS_SHADER_WRITE_BIT.rawValue | VK_ACCESS_TRANSFER_WRITE_BIT.rawValue
    memory.dstAccessMask =
      VK_ACCESS_SHADER_READ_BIT.rawValue | VK_ACCESS_SHADER_WRITE_BIT.rawValue | VK_ACCESS_TRANSFER_READ_BIT.rawValue
      | VK_ACCESS_TRANSFER_WRITE_BIT.rawValue | VK_ACCESS_HOST_READ_BIT.rawValue
    let work = VK_PIPELINE_STAGE_COMPUTE_SHADER_BIT.rawValue | VK_PIPELINE_STAGE_TRANSFER_BIT.rawValue
    functions.vkCmdPipelineBarrier(
      buffer, work, work | VK_PIPELINE_STAGE_HOST_BIT.rawValue, 0, 1, &memory, 0, nil, 0, nil)
  }
}
