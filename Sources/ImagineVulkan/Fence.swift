import CVulkan

/// Tells when commands given to a device are done.
final class Fence {
  let handle: VkFence
  private let device: VulkanDevice

  init(on device: VulkanDevice) throws(VulkanError) {
    var info = VkFenceCreateInfo()
    info.sType = VK_STRUCTURE_TYPE_FENCE_CREATE_INFO
    var fence: VkFence?
    try check(device.functions.vkCreateFence(device.handle, &info, nil, &fence), "preparing to wait")
    guard let fence else { throw VulkanError(.failed, "The device gave nothing to wait for.") }
    handle = fence
    self.device = device
  }

  deinit { device.functions.vkDestroyFence(device.handle, handle, nil) }

  func wait(_ action: @autoclosure () -> String) throws(VulkanError) {
    var fence = Optional(handle)
    try check(device.functions.vkWaitForFences(device.handle, 1, &fence, VkBool32(VK_TRUE), UInt64.max), action())
  }
}
