import CVulkan
import ImagineGraph

/// Command buffers that can be submitted again and again, with what they are thought to cost.
final class CommandSequence {
  struct Part {
    let commands: VkCommandBuffer
    /// Seconds, as `WorkPace` first assumes them.
    let assumedSeconds: Double
  }

  private(set) var parts: [Part] = []
  private let device: VulkanDevice

  init(_ device: VulkanDevice) { self.device = device }

  deinit { device.free(parts.map(\.commands)) }

  func append(assumedSeconds: Double = 0, _ commands: (VkCommandBuffer) throws -> Void) throws {
    parts.append(Part(commands: try device.record(commands), assumedSeconds: assumedSeconds))
  }

  var assumedSeconds: Double { parts.reduce(0) { $0 + $1.assumedSeconds } }

  /// Consecutive command buffers for one submission each: as many as stay within `seconds`, at least one.
  ///
  /// - Parameter factor: what assumed seconds are to be multiplied by.
  static func submissions(_ seconds: [Double], factor: Double, within limit: Double) -> [Range<Int>] {
    var groups: [Range<Int>] = [], start = 0, sum = 0.0
    for (index, part) in seconds.enumerated() {
      if index > start, sum + part * factor > limit {
        groups.append(start..<index)
        (start, sum) = (index, 0)
      }
      sum += part * factor
    }
    if start < seconds.count { groups.append(start..<seconds.count) }
    return groups
  }

  func submissions(_ pace: WorkPace) -> [[VkCommandBuffer]] {
    Self.submissions(parts.map(\.assumedSeconds), factor: pace.factor, within: pace.submission).map { range in
      parts[range].map(\.commands)
    }
  }
}

extension VulkanContext {
  /// Records dispatches into command buffers of the pace's length; one that would be longer is divided.
  ///
  /// - Parameters:
  ///   - before: recorded first, such as the copies of inputs.
  ///   - after: recorded last.
  func record(
    _ dispatches: [Dispatch], _ descriptors: DescriptorSets, before: (VkCommandBuffer) -> Void = { _ in },
    after: (VkCommandBuffer) -> Void = { _ in }
  ) throws -> CommandSequence {
    let pieces = try dispatches.map { try $0.pieces(device, pace) }
    try pipelines.prepare(
      zip(dispatches, pieces).flatMap { dispatch, pieces in
        pieces.map { PipelineKey(dispatch.kernel, $0) }
      })
    var queue: [(dispatch: Int, piece: Int, seconds: Double)] = []
    for (index, dispatch) in dispatches.enumerated() {
      let seconds = pace.assumedSeconds(dispatch.work) / Double(max(pieces[index].count, 1))
      queue += pieces[index].indices.map { (index, $0, seconds) }
    }
    let groups = CommandSequence.submissions(queue.map(\.seconds), factor: pace.factor, within: pace.commands)
    let sequence = CommandSequence(device)
    var recorder = DispatchRecorder(device, pipelines)
    try sequence.append(before)
    for group in groups {
      try sequence.append(assumedSeconds: queue[group].reduce(0) { $0 + $1.seconds }) { buffer in
        for (dispatch, piece, _) in queue[group] {
          try recorder.record(
            dispatches[dispatch], pieces[dispatch][piece], descriptors.sets[dispatch], continued: piece > 0,
            into: buffer)
        }
      }
    }
    try sequence.append(after)
    return sequence
  }
}
