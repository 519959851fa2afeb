/// Weights in the form a backend computes with, made once and shared by the plans of one model component.
package protocol DeviceWeights: AnyObject, Sendable {
  /// Bytes held for weights at the moment.
  var byteCount: Int { get }

  /// Reads from another source from now on. What of the `changed` paths is in memory is read anew, in its place, so that
  /// plans stay as they are; all other weights have to be the same in both sources. No plan may run meanwhile.
  ///
  /// - Throws: what the source throws. Then the weights are neither the one's nor the other's, and have to be let go.
  func reload(_ changed: Set<String>, from source: any WeightSource) throws
}

/// A graph made ready to run again and again: memory placed, kernels chosen, weights packed.
package protocol Plan: AnyObject, Sendable {
  /// Runs the graph.
  ///
  /// Blocks the calling thread until the result is there; callers own a thread for it. Once the task that calls is
  /// cancelled it stops with `CancellationError`, after the operations that the device has begun.
  /// - Parameter inputs: by the names given while tracing; each must have the traced shape.
  /// - Returns: the graph's outputs, in order, as floats.
  func run(_ inputs: [String: HostTensor]) throws -> [HostTensor]

  /// Runs the graph and measures each operation, in order. What takes no time of its own, such as a view, is left out.
  ///
  /// Measuring keeps operations apart that would else overlap, so their sum may be more than a run takes.
  /// - Throws: `ProfilingUnavailable` if the device has no clock for it, and what `run` throws.
  func profile(_ inputs: [String: HostTensor]) throws -> (results: [HostTensor], timings: [OpTiming])

  /// Bytes of working memory for values between operations, weights apart.
  var peakBytes: Int { get }

  /// Bytes of these that the plan has in the process's memory for itself, from its making on: what stays from run to run.
  var keptBytes: Int { get }
}

extension Plan {
  package var keptBytes: Int { 0 }
}

/// A plan that shows whether it reads what it never wrote.
package protocol PoisonablePlan: Plan {
  /// Runs in memory filled with NaN, so that reading what was never written shows in the results.
  func runInPoisonedMemory(_ inputs: [String: HostTensor]) throws -> [HostTensor]
}

/// A device that runs graphs. It knows operations, never models.
package protocol Backend: Sendable {
  /// Whether a fused operation is to be kept. What is refused here arrives decomposed into basic operations.
  func supports(_ op: Op, _ operands: [TensorType]) -> Bool

  /// Prepares the weights of a graph. `weights` is read as the plans need them, each tensor once.
  func upload(_ weights: any WeightSource, for graph: Graph) throws -> any DeviceWeights

  /// Plans a graph; `weights` come from `upload` on this backend, for a graph of the same parameters.
  func plan(_ graph: Graph, weights: any DeviceWeights) throws -> any Plan
}

/// A backend that can be asked what its driver made of its kernels.
package protocol KernelInspection: Backend {
  /// Compiled kernels that keep values in memory which should be in registers, each with how much; empty where nobody
  /// can tell.
  var kernelsInLocalMemory: [String] { get }
}
