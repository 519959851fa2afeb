import Foundation
package import ImagineGraph

/// The memory of a run.
struct Frame {
  /// Values between operations, at the offsets of the memory plan.
  let values: UnsafeMutableRawPointer
  /// What an operation needs for itself.
  let scratch: UnsafeMutableRawPointer
  let inputs: [String: HostTensor]
}

/// One operation made ready: reads and writes the frame.
typealias Kernel = (Frame) throws -> Void

/// A graph as a list of kernels over one block of memory.
package final class CPUPlan: PoisonablePlan, @unchecked Sendable {
  struct Step {
    let id: NodeID
    let kernel: Kernel
  }

  private let machine: Machine
  private let graph: Graph
  private let steps: [Step]
  private let outputs: [Value]
  /// Of the weights that are not kept, which know it weakly.
  private let stream: WeightStream?
  private let valueBytes: Int
  private let scratchBytes: Int

  init(
    _ machine: Machine, _ graph: Graph, _ steps: [Step], outputs: [Value], stream: WeightStream?, valueBytes: Int,
    scratchBytes: Int
  ) {
    self.stream = stream
    self.machine = machine
    self.graph = graph
    self.steps = steps
    self.outputs = outputs
    self.valueBytes = valueBytes
    self.scratchBytes = scratchBytes
  }

  deinit { machine.releaseWorkspace() }

  /// Bytes for values between operations and for the operations' own needs.
  package var peakBytes: Int { valueBytes + scratchBytes }

  /// - Throws: `CPUBackendError` if an input is missing, unknown or of another type than traced, or memory is lacking;
  ///   `CancellationError` before the next operation once the calling task is cancelled.
  package func run(_ inputs: [String: HostTensor]) throws -> [HostTensor] {
    try run(inputs) { step, frame in try step.kernel(frame) }
  }

  /// Runs the graph and measures each operation.
  package func profile(_ inputs: [String: HostTensor]) throws -> (results: [HostTensor], timings: [OpTiming]) {
    var timings: [OpTiming] = []
    let clock = ContinuousClock()
    let results = try run(inputs) { step, frame in
      let duration = try clock.measure { try step.kernel(frame) }
      timings.append(OpTiming(step.id, of: graph, duration: duration))
    }
    return (results, timings)
  }

  /// Runs in memory filled with NaN, so that reading what was never written shows in the results. For tests.
  package func runInPoisonedMemory(_ inputs: [String: HostTensor]) throws -> [HostTensor] {
    try machine.locked { workspace in
      memset(try workspace.memory(peakBytes), 0xff, peakBytes)
      return try run(inputs)
    }
  }

  /// - Parameter execute: runs one operation.
  func run(_ inputs: [String: HostTensor], _ execute: (Step, Frame) throws -> Void) throws -> [HostTensor] {
    if let complaint = graph.complaint(about: inputs) { throw CPUBackendError(complaint) }
    return try machine.locked { workspace in
      let memory = try workspace.memory(peakBytes)
      let frame = Frame(values: memory, scratch: memory + valueBytes, inputs: inputs)
      for step in steps {
        try Task.checkCancellation()
        try execute(step, frame)
      }
      return try outputs.map { try $0.hostTensor(in: frame) }
    }
  }
}
