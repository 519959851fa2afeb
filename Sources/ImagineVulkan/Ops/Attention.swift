import CVulkan

/// How the attention kernel divides its work for a width of heads.
struct AttentionTile {
  /// Queries of a workgroup (`QUERIES` of the kernel).
  static let queries = 16
  private static let lanes = 4

  let channels: Int

  /// Keys that are in shared memory at a time.
  var keys: Int { channels <= 128 ? 32 : 16 }

  private var sharedBytes: Int {
    (Self.queries * channels + keys * channels + Self.queries * keys + Self.queries * Self.lanes) * 4
  }

  func fits(_ device: VulkanDevice) -> Bool {
    // Each invocation holds a quarter of a result in registers.
    channels <= 160 && sharedBytes <= Int(device.physical.limits.maxComputeSharedMemorySize)
  }
}
