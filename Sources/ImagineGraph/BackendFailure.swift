/// An error of a backend, with what a caller can do about it.
package protocol BackendFailure: Error {
  var failure: BackendFailureKind { get }
}

/// What kept a backend from planning or running a graph.
package enum BackendFailureKind: Sendable, Hashable {
  /// Less memory would have been enough: a smaller batch, tiles, another device.
  case outOfMemory
  /// A value exceeds a limit of the device, or is of a type it does not compute with.
  case unsupported
  /// Everything on the device is gone. It has to be opened anew, or another to be used.
  case deviceLost
  /// A result holds NaN or infinity: a wider format would help, or the weights are broken.
  case notFinite
  /// The device or its driver is not there, or failed in a way that nothing here can mend.
  case other
}
