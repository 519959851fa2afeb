/// Memory for the values of a plan: one block, or several where a device gives no such large one.
final class Arena {
  let blocks: [DeviceBuffer]
  let byteCount: Int
  private let blockBytes: Int

  /// - Parameter blockBytes: of each block but the last; no value lies across its end.
  init(_ byteCount: Int, blockBytes: Int, on device: VulkanDevice) throws(VulkanError) {
    self.byteCount = byteCount
    self.blockBytes = blockBytes
    var blocks: [DeviceBuffer] = [], rest = byteCount
    repeat {
      let size = min(rest, blockBytes)
      blocks.append(try DeviceBuffer(size, .device, for: "values between operations", on: device))
      rest -= size
    } while rest > 0
    self.blocks = blocks
  }

  func span(_ offset: Int, _ byteCount: Int) -> BufferSpan {
    // Nothing needs no place, and there may be none left at the end.
    if byteCount == 0 { return BufferSpan(blocks[0], offset: 0, byteCount: 0) }
    return BufferSpan(blocks[offset / blockBytes], offset: offset % blockBytes, byteCount: byteCount)
  }
}
