/// How a device is made to multiply. Values are stored in 16 or 32 bits and summed in 32 in all of them.
package enum VulkanTier: String, Sendable, Hashable, CaseIterable, Comparable {
  /// Small tiles, one element at a time: software drivers, and devices with little shared memory.
  case t0
  /// Large tiles in registers, loaded in vectors: graphics cards without matrix units.
  case t1
  /// Matrix units, through `VK_KHR_cooperative_matrix`.
  case t2

  package static func < (left: VulkanTier, right: VulkanTier) -> Bool { left.rawValue < right.rawValue }
}
