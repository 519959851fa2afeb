import CVulkan

/// How large a device lets things be.
package struct VulkanLimits: Sendable, Hashable {
  /// Bytes of a value that a kernel can address at once.
  package var storageRange: Int
  /// Bytes of one allocation.
  package var allocation: Int
  /// Bytes of constants of a dispatch.
  package var pushConstants: Int
  /// Workgroups of a dispatch along x, y and z.
  package var workgroups: [Int]
  /// Of the offset at which a value begins, in bytes.
  package var alignment: Int
}

extension VulkanPhysicalDevice {
  /// What its driver says.
  package var allowed: VulkanLimits {
    let (x, y, z) = limits.maxComputeWorkGroupCount
    return VulkanLimits(
      storageRange: Int(limits.maxStorageBufferRange), allocation: Int(clamping: largestAllocation),
      pushConstants: Int(limits.maxPushConstantsSize), workgroups: [Int(x), Int(y), Int(z)],
      alignment: Int(limits.minStorageBufferOffsetAlignment))
  }
}

extension VulkanDevice {
  /// The error for something that a kernel could not address.
  func tooLarge(_ byteCount: Int, _ what: String) -> VulkanError {
    VulkanError(
      .unsupported,
      "\(what) takes \(megabytes(byteCount)), and \(physical.name) can address \(megabytes(limits.storageRange)) at "
        + "once.")
  }
}

/// Such as `134 MB`, of small sizes `5 kB`.
func megabytes(_ byteCount: Int) -> String {
  byteCount < 1_000_000 ? "\((byteCount + 999) / 1000) kB" : "\((byteCount + 999_999) / 1_000_000) MB"
}
