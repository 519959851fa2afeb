import CVulkan

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
  /// What it costs the device, as far as it is known.
  var work = Work()

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

  /// Workgroups of a size for a number of elements, in several rows where one would be too long; kernels count with
  /// `element()` or `workgroup_row()`.
  static func workgroups(for count: Int, size: Int = 1) -> (x: Int, y: Int, z: Int) {
    let groups = (count + size - 1) / size, x = min(groups, 65535)
    return (x, x == 0 ? 0 : (groups + x - 1) / x, 1)
  }
}

extension Dispatch {
  var workgroupCount: Int { workgroups.x * workgroups.y * workgroups.z }

  /// The parts it is started in: several where a device's limits or the pace ask for them.
  ///
  /// - Throws: `VulkanError` if it is beyond the device's limits even so.
  func pieces(_ device: VulkanDevice, _ pace: WorkPace) throws(VulkanError) -> [DispatchPiece] {
    let workgroups = [workgroups.x, workgroups.y, workgroups.z], limits = device.limits.workgroups
    if !kernel.readsWorkgroupCount {
      let parts = (pace.assumedSeconds(work) * pace.factor / pace.dispatch).rounded(.up)
      return DispatchPiece.pieces(of: workgroups, limits: limits, parts: Int(min(parts, 1e6)))
    }
    guard zip(workgroups, limits).allSatisfy({ $0 <= $1 }) else {
      throw VulkanError(.unsupported, "\(kernel.name): \(device.physical.name) cannot run so many workgroups.")
    }
    return workgroupCount == 0 ? [] : [DispatchPiece(first: [0, 0, 0], count: workgroups)]
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

  /// Records a dispatch whose descriptor set is filled; pieces of one after its first need no barrier.
  mutating func record(
    _ dispatch: Dispatch, _ piece: DispatchPiece, _ set: VkDescriptorSet, continued: Bool, into buffer: VkCommandBuffer
  ) throws {
    let pipeline = try pipelines.pipeline(PipelineKey(dispatch.kernel, piece))
    if !continued {
      if needsBarrier(dispatch) {
        device.barrier(buffer)
        (written, read) = ([], [])
      }
      written.append(dispatch.result)
      read += dispatch.operands.values
    }
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
    let first = piece.first.map(UInt32.init), count = piece.count.map(UInt32.init)
    if piece.isAtOrigin {
      functions.vkCmdDispatch(buffer, count[0], count[1], count[2])
    } else {
      functions.vkCmdDispatchBase(buffer, first[0], first[1], first[2], count[0], count[1], count[2])
    }
  }

  private func needsBarrier(_ dispatch: Dispatch) -> Bool {
    let result = dispatch.result
    return written.contains { span in span.overlaps(result) || dispatch.operands.values.contains(where: span.overlaps) }
      || read.contains { $0.overlaps(result) }
  }
}
