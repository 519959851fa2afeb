import CVulkan

/// Descriptor sets of the pipelines' layout, one a dispatch, freed together.
final class DescriptorSets {
  private let device: VulkanDevice
  private let pool: VkDescriptorPool
  let sets: [VkDescriptorSet]

  init(_ dispatches: [Dispatch], _ pipelines: PipelineStore, on device: VulkanDevice) throws(VulkanError) {
    let functions = device.functions, count = dispatches.count
    for dispatch in dispatches { try device.checkLimits(of: dispatch) }
    var size = VkDescriptorPoolSize()
    size.type = VK_DESCRIPTOR_TYPE_STORAGE_BUFFER
    size.descriptorCount = UInt32(max(count, 1) * PipelineStore.bindingCount)
    var pool: VkDescriptorPool?
    let result = withUnsafePointer(to: &size) { size in
      var info = VkDescriptorPoolCreateInfo()
      info.sType = VK_STRUCTURE_TYPE_DESCRIPTOR_POOL_CREATE_INFO
      info.maxSets = UInt32(max(count, 1))
      info.poolSizeCount = 1
      info.pPoolSizes = size
      return functions.vkCreateDescriptorPool(device.handle, &info, nil, &pool)
    }
    try check(result, "preparing \(count) operations")
    guard let pool else { throw VulkanError(.failed, "The device gave no descriptor pool.") }
    var sets = [VkDescriptorSet?](repeating: nil, count: count)
    let layouts = [VkDescriptorSetLayout?](repeating: pipelines.setLayout, count: count)
    if count > 0 {
      let result = layouts.withUnsafeBufferPointer { layouts in
        var info = VkDescriptorSetAllocateInfo()
        info.sType = VK_STRUCTURE_TYPE_DESCRIPTOR_SET_ALLOCATE_INFO
        info.descriptorPool = pool
        info.descriptorSetCount = UInt32(count)
        info.pSetLayouts = layouts.baseAddress
        return functions.vkAllocateDescriptorSets(device.handle, &info, &sets)
      }
      do throws(VulkanError) {
        try check(result, "preparing \(count) operations")
      } catch {
        functions.vkDestroyDescriptorPool(device.handle, pool, nil)
        throw error
      }
    }
    self.device = device
    self.pool = pool
    self.sets = sets.compactMap { $0 }
    for (dispatch, set) in zip(dispatches, self.sets) { fill(set, dispatch) }
  }

  deinit { device.functions.vkDestroyDescriptorPool(device.handle, pool, nil) }

  private func fill(_ set: VkDescriptorSet, _ dispatch: Dispatch) {
    let spans = (0..<PipelineStore.bindingCount).map { dispatch.operands[$0] ?? dispatch.result }
    let infos = spans.map { span in
      VkDescriptorBufferInfo(
        buffer: span.buffer.handle, offset: UInt64(span.offset), range: UInt64(max(span.byteCount, 4) + 3) / 4 * 4)
    }
    infos.withUnsafeBufferPointer { infos in
      let writes = spans.indices.map { index in
        var write = VkWriteDescriptorSet()
        write.sType = VK_STRUCTURE_TYPE_WRITE_DESCRIPTOR_SET
        write.dstSet = set
        write.dstBinding = UInt32(index)
        write.descriptorCount = 1
        write.descriptorType = VK_DESCRIPTOR_TYPE_STORAGE_BUFFER
        write.pBufferInfo = infos.baseAddress.map { $0 + index }
        return write
      }
      device.functions.vkUpdateDescriptorSets(device.handle, UInt32(writes.count), writes, 0, nil)
    }
  }
}

extension VulkanDevice {
  /// - Throws: `VulkanError` for a value or constants beyond the device's limits.
  fileprivate func checkLimits(of dispatch: Dispatch) throws(VulkanError) {
    for span in [dispatch.result] + dispatch.operands.values where span.byteCount > limits.storageRange {
      throw tooLarge(span.byteCount, "A value of \(dispatch.kernel.name)")
    }
    guard dispatch.constants.count * 4 <= min(limits.pushConstants, PipelineStore.constantBytes) else {
      throw VulkanError(.failed, "\(dispatch.kernel.name) has more constants than devices take.")
    }
  }
}
