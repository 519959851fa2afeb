internal import ImagineGraph
internal import Logging

/// What networks are run with, whatever runs them.
struct RunnerSettings: Sendable {
  let weights: any WeightSource
  let tiling: VAETiling
  var lowMemory = LowMemory.automatic
  /// Bytes that one network should not exceed with little memory.
  var networkBytes = LowMemory.networkBytes
  /// Whether requests are drawn without looking at what is free.
  var ignoresMemory = false
  let log: Logger
  /// Bytes of the processor's memory that can be had; nil where that is not known.
  let freeMemory: @Sendable () -> Int?
  /// Bytes of it that the process has; nil where that is not known.
  let residentMemory: @Sendable () -> Int?
}

/// What the pipeline finds wrong with a network's run itself.
struct StageFailure: BackendFailure, CustomStringConvertible {
  let failure: BackendFailureKind
  let description: String

  init(_ failure: BackendFailureKind, _ description: String) {
    self.failure = failure
    self.description = description
  }
}
