import CVulkan
import ImagineGraph

/// The dispatches of a plan recorded anew, operation by operation, with the device's clock read before and after each.
///
/// An operation begins when the one before is done, however little they have to do with each other: its time is its own.
final class OperationTimer {
  /// Consecutive dispatches of one operation, or of none.
  private struct Section {
    let operation: NodeID?
    var dispatches: Range<Int>
  }

  private let sections: [Section]
  // Held because the commands use them.
  private let descriptors: DescriptorSets
  private let queries: TimestampQueries
  private let commands: CommandSequence

  /// As many sections at once as a plan's own commands would be, so that the device is as busy as then.
  let submissions: [[VkCommandBuffer]]

  /// - Throws: `ProfilingUnavailable` if the device has no clock.
  init(_ dispatches: [Dispatch], _ context: VulkanContext) throws {
    let device = context.device
    var sections: [Section] = []
    for (index, dispatch) in dispatches.enumerated() {
      let operation = dispatch.operation
      if let last = sections.last, last.operation == operation, last.dispatches.upperBound == index {
        sections[sections.count - 1].dispatches = last.dispatches.lowerBound..<index + 1
      } else {
        sections.append(Section(operation: operation, dispatches: index..<index + 1))
      }
    }
    let queries = try TimestampQueries(2 * sections.count, on: device)
    // Sets of its own: filling the plan's would invalidate the plan's commands.
    let descriptors = try DescriptorSets(dispatches, context.pipelines, on: device)
    let commands = CommandSequence(device)
    let seconds = sections.map { section in
      dispatches[section.dispatches].reduce(0) { $0 + context.pace.assumedSeconds($1.work) }
    }
    let groups = CommandSequence.submissions(seconds, factor: context.pace.factor, within: context.pace.commands)
    for group in groups {
      try commands.append(assumedSeconds: seconds[group].reduce(0, +)) { buffer in
        for index in group {
          queries.write(2 * index, into: buffer)
          var recorder = DispatchRecorder(device, context.pipelines)
          for part in sections[index].dispatches {
            for (number, piece) in try dispatches[part].pieces(device, context.pace).enumerated() {
              try recorder.record(
                dispatches[part], piece, descriptors.sets[part], continued: number > 0, into: buffer)
            }
          }
          device.barrier(buffer)
          queries.write(2 * index + 1, into: buffer)
        }
      }
    }
    self.sections = sections
    self.queries = queries
    self.descriptors = descriptors
    self.commands = commands
    submissions = commands.submissions(context.pace)
  }

  /// What the clock showed, once the commands have run; several parts of an operation are summed.
  func durations() throws -> [(operation: NodeID, duration: Duration)] {
    let times = try queries.values()
    var order: [NodeID] = [], sums: [NodeID: Duration] = [:]
    for (index, section) in sections.enumerated() {
      guard let operation = section.operation else { continue }
      if sums[operation] == nil { order.append(operation) }
      sums[operation, default: .zero] += queries.duration(from: times[2 * index], to: times[2 * index + 1])
    }
    return order.map { ($0, sums[$0] ?? .zero) }
  }
}

/// Readings of the device's clock.
final class TimestampQueries {
  private let device: VulkanDevice
  private let pool: VkQueryPool
  private let count: Int

  init(_ count: Int, on device: VulkanDevice) throws {
    guard device.physical.timestampBits > 0, device.physical.limits.timestampPeriod > 0 else {
      throw ProfilingUnavailable("\(device.physical.name) has no clock that kernels could be timed with.")
    }
    var info = VkQueryPoolCreateInfo()
    info.sType = VK_STRUCTURE_TYPE_QUERY_POOL_CREATE_INFO
    info.queryType = VK_QUERY_TYPE_TIMESTAMP
    info.queryCount = UInt32(max(count, 1))
    var pool: VkQueryPool?
    try check(device.functions.vkCreateQueryPool(device.handle, &info, nil, &pool), "measuring operations")
    guard let pool else { throw VulkanError(.failed, "The device gave no query pool.") }
    self.device = device
    self.pool = pool
    self.count = count
  }

  deinit { device.functions.vkDestroyQueryPool(device.handle, pool, nil) }

  /// Notes the time when all commands before are done.
  func write(_ index: Int, into buffer: VkCommandBuffer) {
    device.functions.vkCmdResetQueryPool(buffer, pool, UInt32(index), 1)
    device.functions.vkCmdWriteTimestamp(buffer, VK_PIPELINE_STAGE_BOTTOM_OF_PIPE_BIT, pool, UInt32(index))
  }

  /// All readings, in ticks.
  func values() throws -> [UInt64] {
    var ticks = [UInt64](repeating: 0, count: count)
    guard count > 0 else { return ticks }
    let stride = MemoryLayout<UInt64>.stride
    let flags = VK_QUERY_RESULT_64_BIT.rawValue | VK_QUERY_RESULT_WAIT_BIT.rawValue
    let result = device.functions.vkGetQueryPoolResults(
      device.handle, pool, 0, UInt32(count), count * stride, &ticks, UInt64(stride), flags)
    try check(result, "measuring operations")
    return ticks
  }

  /// The clock may have run over once in between: only its meaningful bits count.
  func duration(from start: UInt64, to end: UInt64) -> Duration {
    let bits = device.physical.timestampBits
    let ticks = (end &- start) & (bits >= 64 ? .max : (1 << bits) - 1)
    return .nanoseconds(Int64(Double(ticks) * Double(device.physical.limits.timestampPeriod)))
  }
}
