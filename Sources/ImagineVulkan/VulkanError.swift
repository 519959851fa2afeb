import CVulkan
package import ImagineGraph

/// Why something could not be done with Vulkan, as a sentence.
package struct VulkanError: BackendFailure, Hashable, CustomStringConvertible {
  /// What a caller can do about it.
  package enum Kind: Sendable, Hashable {
    /// There is no Vulkan library, driver or fitting device on this machine.
    case unavailable
    /// A value is too large for the device, or of a type it cannot compute with.
    case unsupported
    case outOfMemory
    /// Everything on the device is gone; it has to be opened anew.
    case deviceLost
    /// A result holds NaN or infinity.
    case notFinite
    case failed
  }

  package let kind: Kind
  package let description: String

  package var failure: BackendFailureKind {
    switch kind {
    case .outOfMemory: .outOfMemory
    case .unsupported: .unsupported
    case .deviceLost: .deviceLost
    case .notFinite: .notFinite
    case .unavailable, .failed: .other
    }
  }

  init(_ kind: Kind, _ description: String) {
    self.kind = kind
    self.description = description
  }
}

/// Throws what a function of Vulkan reports, saying what was being done.
func check(_ result: VkResult, _ action: @autoclosure () -> String) throws(VulkanError) {
  switch result {
  case VK_SUCCESS: return
  case VK_ERROR_OUT_OF_DEVICE_MEMORY, VK_ERROR_OUT_OF_HOST_MEMORY, VK_ERROR_OUT_OF_POOL_MEMORY:
    throw VulkanError(.outOfMemory, "There is not enough graphics memory for \(action()).")
  case VK_ERROR_DEVICE_LOST:
    throw VulkanError(.deviceLost, "The graphics device was lost during \(action()).")
  default:
    throw VulkanError(.failed, "Vulkan failed at \(action()) (error \(result.rawValue)).")
  }
}
