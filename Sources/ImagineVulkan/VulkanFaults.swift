import CVulkan
import Foundation

/// Errors that calls of the driver are to report in tests of what happens then.
///
/// One value counts the calls of all devices opened with it, so that a device opened anew after its loss meets the next
/// fault and not the same again.
package final class VulkanFaults: @unchecked Sendable {
  package enum Call: Sendable, Hashable, CaseIterable {
    case allocateMemory, createBuffer, mapMemory, createComputePipelines, queueSubmit, waitForFences
  }

  /// What a call reports instead of doing its work.
  package enum Failure: Sendable, Hashable {
    case outOfDeviceMemory, outOfHostMemory
    /// The device stays lost: from then on every call it can be told by says so.
    case deviceLost
    case other
  }

  package struct Fault: Sendable, Hashable {
    package var call: Call
    package var failure: Failure
    /// Calls that go well before.
    package var after: Int
    /// Calls that fail then; the ones after those go well again.
    package var times: Int
    /// Only calls that ask for more bytes count (`allocateMemory`, `createBuffer`).
    package var above: Int

    package init(_ call: Call, _ failure: Failure, after: Int = 0, times: Int = .max, above: Int = 0) {
      self.call = call
      self.failure = failure
      self.after = after
      self.times = times
      self.above = above
    }
  }

  private let lock = NSLock()
  private var faults: [Fault]
  private var counts: [Call: Int] = [:]

  package init(_ faults: Fault...) { self.faults = faults }

  /// How often a call was made so far, the failed ones included.
  package func count(_ call: Call) -> Int { lock.withLock { counts[call, default: 0] } }

  /// Adds a fault, which counts the calls from now on.
  package func add(_ fault: Fault) { lock.withLock { faults.append(fault) } }

  /// Ends all faults; devices that were lost stay so.
  package func clear() { lock.withLock { faults = [] } }

  fileprivate func failure(of call: Call, bytes: Int) -> Failure? {
    lock.withLock {
      counts[call, default: 0] += 1
      var failure: Failure?
      for index in faults.indices where faults[index].call == call && bytes >= faults[index].above {
        if faults[index].after > 0 {
          faults[index].after -= 1
        } else if faults[index].times > 0 {
          faults[index].times -= 1
          failure = failure ?? faults[index].failure
        }
      }
      return failure
    }
  }
}

/// Stands between this program and the driver of one device: functions of the same signatures that ask the faults before
/// they call the driver.
final class FaultLayer: @unchecked Sendable {
  private let driver: cv_device
  private let faults: VulkanFaults
  private let lock = NSLock()
  private var isLost = false

  private init(_ driver: cv_device, _ faults: VulkanFaults) {
    self.driver = driver
    self.faults = faults
  }

  /// Functions of the device that fail as told; `queue` is the device's.
  static func functions(
    over driver: cv_device, _ device: VkDevice, _ queue: VkQueue, _ faults: VulkanFaults
  ) -> cv_device {
    let layer = FaultLayer(driver, faults)
    layerTable.insert(layer, for: [device, queue])
    var functions = driver
    functions.vkAllocateMemory = { device, info, allocator, memory in
      layered(device, .allocateMemory, bytes: info?.pointee.allocationSize ?? 0) {
        $0.vkAllocateMemory(device, info, allocator, memory)
      }
    }
    functions.vkCreateBuffer = { device, info, allocator, buffer in
      layered(device, .createBuffer, bytes: info?.pointee.size ?? 0) {
        $0.vkCreateBuffer(device, info, allocator, buffer)
      }
    }
    functions.vkMapMemory = { device, memory, offset, size, flags, address in
      layered(device, .mapMemory) { $0.vkMapMemory(device, memory, offset, size, flags, address) }
    }
    functions.vkCreateComputePipelines = { device, cache, count, infos, allocator, pipelines in
      layered(device, .createComputePipelines) {
        $0.vkCreateComputePipelines(device, cache, count, infos, allocator, pipelines)
      }
    }
    functions.vkQueueSubmit = { queue, count, submissions, fence in
      layered(queue, .queueSubmit) { $0.vkQueueSubmit(queue, count, submissions, fence) }
    }
    functions.vkWaitForFences = { device, count, fences, all, timeout in
      // The device works on whatever is reported, and its memory must not go before it is done.
      guard let layer = layerTable[device], !layer.isGone else { return VK_ERROR_DEVICE_LOST }
      let result = layer.driver.vkWaitForFences(device, count, fences, all, timeout)
      return layer.answer(.waitForFences) { _ in result }
    }
    functions.vkDestroyDevice = { device, allocator in
      guard let layer = layerTable[device] else { return }
      layerTable.remove(layer)
      layer.driver.vkDestroyDevice(device, allocator)
    }
    return functions
  }

  private var isGone: Bool { lock.withLock { isLost } }

  fileprivate func answer(
    _ call: VulkanFaults.Call, bytes: UInt64 = 0, _ body: (cv_device) -> VkResult
  ) -> VkResult {
    if isGone { return VK_ERROR_DEVICE_LOST }
    switch faults.failure(of: call, bytes: Int(clamping: bytes)) {
    case nil: return body(driver)
    case .outOfDeviceMemory: return VK_ERROR_OUT_OF_DEVICE_MEMORY
    case .outOfHostMemory: return VK_ERROR_OUT_OF_HOST_MEMORY
    case .deviceLost:
      lock.withLock { isLost = true }
      return VK_ERROR_DEVICE_LOST
    case .other: return VK_ERROR_UNKNOWN
    }
  }
}

// C functions carry no state, so the layer of a call is found by its device or queue.
private let layerTable = LayerTable()

private func layered(
  _ handle: OpaquePointer?, _ call: VulkanFaults.Call, bytes: UInt64 = 0, _ body: (cv_device) -> VkResult
) -> VkResult {
  layerTable[handle]?.answer(call, bytes: bytes, body) ?? VK_ERROR_UNKNOWN
}

private final class LayerTable: @unchecked Sendable {
  private let lock = NSLock()
  private var layers: [OpaquePointer: FaultLayer] = [:]

  subscript(_ handle: OpaquePointer?) -> FaultLayer? { lock.withLock { handle.flatMap { layers[$0] } } }

  func insert(_ layer: FaultLayer, for handles: [OpaquePointer]) {
    lock.withLock { for handle in handles { layers[handle] = layer } }
  }

  func remove(_ layer: FaultLayer) { lock.withLock { layers = layers.filter { $0.value !== layer } } }
}
