import CVulkan
import ImagineGraph

/// One start of a kernel, with all that is constant about it.
struct Dispatch {
  var kernel: KernelVariant
  /// By binding. The result is at every other one: a kernel may name a buffer that its specialisation never touches, and
  /// even such a binding has to be valid.
  var operands: [Int: BufferSpan]
  var result: BufferSpan
  /// Push constants: 32-bit words in the order of the kernel's block.
  var constants: [UInt32]
  /// Workgroups along x, y and z.
  var workgroups: (x: Int, y: Int, z: Int)
  /// The operation of the graph that this is a part of; nil for what belongs to none.
  var operation: NodeID?

  init(
    _ kernel: String, _ specialisation: [UInt32: UInt32] = [:], _ operands: [BufferSpan], result: BufferSpan,
    constants: [UInt32], workgroups: (x: Int, y: Int, z: Int)
  ) {
    self.kernel = KernelVariant(name: kernel, constants: specialisation)
    self.operands = Dictionary(uniqueKeysWithValues: zip(0..., operands))
    self.result = result
    self.constants = constants
    self.workgroups = workgroups
  }

  func of(_ operation: NodeID) -> Dispatch {
    var copy = self
    copy.operation = operation
    return copy
  }

  /// Workgroups of a size for a number of elements, in several rows where one would be too long; kernels count with
  /// `element()` or `workgroup_row()`.
  static func workgroups(for count: Int, size: Int = 1) -> (x: Int, y: Int, z: Int) {
    let groups = (count + size - 1) / size, x = min(groups, 65535)
    return (x, x == 0 ? 0 : (groups + x - 1) / x, 1)
  }
}

/// Records dispatches, with a barrier only where one needs what another since the last barrier wrote, or writes what it read.
struct DispatchRecorder {
  private let device: VulkanDevice
  private let pipelines: PipelineStore
  private var written: [BufferSpan] = []
  private var read: [BufferSpan] = []

  init(_ device: VulkanDevice, _ pipelines: PipelineStore) {
    self.device = device
    self.pipelines = pipelines
  }

  /// - Parameter set: a descriptor set of the pipelines' layout, which is filled here.
  mutating func record(_ dispatch: Dispatch, _ set: VkDescriptorSet, into buffer: VkCommandBuffer) throws {
    // A dispatch of nothing is allowed, and does nothing.
    if dispatch.workgroups.x * dispatch.workgroups.y * dispatch.workgroups.z == 0 { return }
    try checkLimits(of: dispatch)
    let pipeline = try pipelines.pipeline(dispatch.kernel)
    fill(set, dispatch)
    if needsBarrier(dispatch) {
      device.barrier(buffer)
      (written, read) = ([], [])
    }
    written.append(dispatch.result)
    read += dispatch.operands.values
    let functions = device.functions
    var sets: [VkDescriptorSet?] = [set]
    functions.vkCmdBindPipeline(buffer, VK_PIPELINE_BIND_POINT_COMPUTE, pipeline)
    functions.vkCmdBindDescriptorSets(
      buffer, VK_PIPELINE_BIND_POINT_COMPUTE, pipelines.layout, 0, 1, &sets, 0, nil)
    dispatch.constants.withUnsafeBytes { constants in
      functions.vkCmdPushConstants(
        buffer, pipelines.layout, VK_SHADER_STAGE_COMPUTE_BIT.rawValue, 0, UInt32(constants.count),
        constants.baseAddress)
    }
    functions.vkCmdDispatch(
      buffer, UInt32(dispatch.workgroups.x), UInt32(dispatch.workgroups.y), UInt32(dispatch.workgroups.z))
  }

  private func needsBarrier(_ dispatch: Dispatch) -> Bool {
    let result = dispatch.result
    return written.contains { span in span.overlaps(result) || dispatch.operands.values.contains(where: span.overlaps) }
      || read.contains { $0.overlaps(result) }
  }

  private func checkLimits(of dispatch: Dispatch) throws(VulkanError) {
    let limits = device.limits
    for span in [dispatch.result] + dispatch.operands.values where span.byteCount > limits.storageRange {
      throw device.tooLarge(span.byteCount, "A value of \(dispatch.kernel.name)")
    }
    guard dispatch.constants.count * 4 <= min(limits.pushConstants, PipelineStore.constantBytes) else {
      throw VulkanError(.failed, "\(dispatch.kernel.name) has more constants than devices take.")
    }
    let workgroups = dispatch.workgroups
    guard zip([workgroups.x, workgroups.y, workgroups.z], limits.workgroups).allSatisfy({ $0 <= $1 }) else {
      throw VulkanError(.unsupported, "\(dispatch.kernel.name): \(device.physical.name) cannot run so many workgroups.")
    }
  }

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

/// Descriptor sets of the pipelines' layout, freed together.
final class DescriptorSets {
  private let device: VulkanDevice
  private let pool: VkDescriptorPool
  let sets: [VkDescriptorSet]

  init(_ count: Int, _ pipelines: PipelineStore, on device: VulkanDevice) throws(VulkanError) {
    let functions = device.functions
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
  }

  deinit { device.functions.vkDestroyDescriptorPool(device.handle, pool, nil) }
}
