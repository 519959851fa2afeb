import CVulkan
import Foundation
import ImagineGraph

/// The weights of one model component in the device's memory.
package final class VulkanWeights: DeviceWeights, @unchecked Sendable {
  /// How a weight's elements lie in memory.
  enum Form: Hashable {
    /// Row-major, as in the checkpoint.
    case plain
    /// A convolution's [out, in, kh, kw] as [out, kh, kw, in]: the order in which its products are summed.
    case channelsLast
    /// A gated layer's [2 C, ...] as [C, 2, ...]: the weights of each value beside those of its gate.
    case gated
  }

  private struct Key: Hashable {
    let path: String, type: TensorType, form: Form
  }

  let context: VulkanContext
  private let source: any WeightSource
  private let lock = NSLock()
  private var spans: [Key: BufferSpan] = [:]
  private var blocks: [DeviceBuffer] = []
  private var used = 0
  private var staging: DeviceBuffer?

  /// Weights share blocks of this size, as devices allow only some thousands of allocations.
  private static let blockBytes = 64 << 20

  init(_ source: any WeightSource, _ context: VulkanContext) {
    self.source = source
    self.context = context
  }

  package var byteCount: Int { lock.withLock { blocks.reduce(0) { $0 + $1.byteCount } } }

  /// The weight, read and brought to the device when it is first asked for.
  func span(_ path: String, _ type: TensorType, _ form: Form) throws -> BufferSpan {
    try lock.withLock {
      let key = Key(path: path, type: type, form: form)
      if let span = spans[key] { return span }
      let staging = try stagingBuffer(type.byteCount)
      guard let address = staging.address else { throw VulkanError(.failed, "Memory for uploads is not visible.") }
      try source.read(
        path, as: type.elementType, into: UnsafeMutableRawBufferPointer(start: address, count: type.byteCount))
      let span = try place(type.byteCount)
      try bring(BufferSpan(staging, byteCount: type.byteCount), to: span, type, form)
      spans[key] = span
      return span
    }
  }

  /// Lets go of the memory that uploads went through.
  func releaseStaging() { lock.withLock { staging = nil } }

  private func stagingBuffer(_ byteCount: Int) throws -> DeviceBuffer {
    if let staging, staging.byteCount >= byteCount { return staging }
    staging = nil
    let made = try DeviceBuffer(max(byteCount, 32 << 20), .upload, for: "loading weights", on: context.device)
    staging = made
    return made
  }

  private func place(_ byteCount: Int) throws -> BufferSpan {
    let size = context.aligned(byteCount)
    if let block = blocks.last, used + size <= block.byteCount {
      defer { used += size }
      return BufferSpan(block, offset: used, byteCount: byteCount)
    }
    let block = try DeviceBuffer(max(size, Self.blockBytes), .device, for: "the weights", on: context.device)
    // A weight that fills a block leaves the one before open.
    if size >= Self.blockBytes, !blocks.isEmpty {
      blocks.insert(block, at: blocks.count - 1)
    } else {
      blocks.append(block)
      used = size
    }
    return BufferSpan(block, offset: 0, byteCount: byteCount)
  }

  private func bring(_ staged: BufferSpan, to span: BufferSpan, _ type: TensorType, _ form: Form) throws {
    switch form {
    case .plain:
      try context.device.runOnce("loading weights") { buffer in
        var region = VkBufferCopy(
          srcOffset: UInt64(staged.offset), dstOffset: UInt64(span.offset), size: UInt64(type.byteCount))
        if type.byteCount > 0 {
          context.device.functions.vkCmdCopyBuffer(buffer, staged.buffer.handle, span.buffer.handle, 1, &region)
        }
        context.device.barrier(buffer)
      }
    case .gated:
      let halves = Shape([2, type.shape[0] / 2, type.shape.count / max(type.shape[0], 1)])
      let dispatch = try permutation(
        of: Value(type: TensorType(halves, type.elementType), span: staged), axes: [1, 0, 2], into: span,
        type.elementType)
      try context.run([dispatch], "loading weights")
    case .channelsLast:
      let dispatch = try permutation(
        of: Value(type: type, span: staged), axes: [0, 2, 3, 1], into: span, type.elementType)
      try context.run([dispatch], "loading weights")
    }
  }
}
