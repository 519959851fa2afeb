package import ImagineGraph

/// Why the CPU backend cannot do what it was asked for, in a sentence that says what would help.
package struct CPUBackendError: BackendFailure, Hashable, CustomStringConvertible {
  package let description: String
  /// Whether less memory, as for a smaller picture, would have been enough.
  package let isOutOfMemory: Bool

  package var failure: BackendFailureKind { isOutOfMemory ? .outOfMemory : .other }

  init(_ description: String, isOutOfMemory: Bool = false) {
    self.description = description
    self.isOutOfMemory = isOutOfMemory
  }

  /// The same with the layer or weight it happened at.
  func within(_ path: String) -> CPUBackendError {
    CPUBackendError("\(path): \(description)", isOutOfMemory: isOutOfMemory)
  }
}
