import CVulkan
import Testing

@testable import ImagineVulkan

extension VulkanTestDevice {
  /// Whether tests run under the validation layers, so that no message means no mistake.
  static let isValidated = instance?.isValidated ?? false
}

/// All other tests of Vulkan expect that the layers say nothing: worth something only where they are there and heard.
@Suite(
  .enabled(if: VulkanTestDevice.backend != nil, "no Vulkan device (Debian: mesa-vulkan-drivers has one in software)"),
  .enabled(
    if: VulkanTestDevice.isValidated,
    "no validation layers (Debian: vulkan-validationlayers): wrong uses of Vulkan go unseen in all tests"))
struct VulkanValidationTests {
  @Test("A wrong use of Vulkan is heard of")
  func aMistakeIsReported() throws {
    let instance = try VulkanInstance(validation: true)
    let device = try VulkanBackend(in: instance).context.device
    try #require(instance.validationMessages == [])
    var info = VkBufferCreateInfo()
    info.sType = VK_STRUCTURE_TYPE_BUFFER_CREATE_INFO
    info.usage = VK_BUFFER_USAGE_STORAGE_BUFFER_BIT.rawValue
    var buffer: VkBuffer?
    // An empty buffer is not allowed.
    _ = device.functions.vkCreateBuffer(device.handle, &info, nil, &buffer)
    device.functions.vkDestroyBuffer(device.handle, buffer, nil)
    #expect(instance.validationMessages.contains { $0.contains("VkBufferCreateInfo") })
  }
}
