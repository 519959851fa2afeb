package import ImagineGraph

/// Why the CPU backend cannot do what it was asked for, in a sentence that says what would help.
package struct CPUBackendError: BackendFailure, Hashable, CustomStringConvertible {
  package let description: String
  package let failure: BackendFailureKind

  /// Whether less memory, as for a smaller picture, would have been enough.
  package var isOutOfMemory: Bool { failure == .outOfMemory }

  init(_ description: String, isOutOfMemory: Bool = false) {
    self.init(description, isOutOfMemory ? .outOfMemory : .other)
  }

  init(_ description: String, _ failure: BackendFailureKind) {
    self.description = description
    self.failure = failure
  }

  /// The same with the layer or weight it happened at.
  func within(_ path: String) -> CPUBackendError {
    CPUBackendError("\(path): \(description)", failure)
  }
}
