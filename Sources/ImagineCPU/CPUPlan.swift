import Foundation
package import ImagineGraph

/// The memory of a run.
struct Frame {
  /// Values that outlive the run, at the first offsets of the memory plan.
  let kept: UnsafeMutableRawBufferPointer
  /// Other values between operations, at the offsets behind.
  let values: UnsafeMutableRawPointer
  /// What an operation needs for itself.
  let scratch: UnsafeMutableRawPointer
  let inputs: [String: HostTensor]

  /// Where a value lies.
  ///
  /// - Parameter offset: as the memory plan has it.
  func address(at offset: Int) -> UnsafeMutableRawPointer {
    if offset < kept.count, let kept = kept.baseAddress { return kept + offset }
    return values + (offset - kept.count)
  }
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
  /// What hangs on steady inputs and weights alone, run when these have changed, and everything else.
  private let steadySteps: [Step]
  private let steps: [Step]
  private let kept: KeptValues
  private let outputs: [Value]
  /// Of the weights that are not kept, which know it weakly.
  private let stream: WeightStream?
  /// Bytes of values that are not kept.
  private let valueBytes: Int
  private let scratchBytes: Int

  init(
    _ machine: Machine, _ graph: Graph, steady: [Step], _ steps: [Step], kept: KeptValues, outputs: [Value],
    stream: WeightStream?, valueBytes: Int, scratchBytes: Int
  ) {
    steadySteps = steady
    self.kept = kept
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
  package var peakBytes: Int { sharedBytes + keptBytes }

  package var keptBytes: Int { kept.byteCount }

  /// Bytes of the memory that plans use in turn.
  private var sharedBytes: Int { valueBytes + scratchBytes }

  /// - Throws: `CPUBackendError` if an input is missing, unknown or of another type than traced, or memory is lacking;
  ///   `CancellationError` before the next operation once the calling task is cancelled.
  package func run(_ inputs: [String: HostTensor]) throws -> [HostTensor] {
    try run(inputs) { step, frame in try step.kernel(frame) }
  }

  /// Runs the graph and measures each operation, those among them whose results were kept.
  package func profile(_ inputs: [String: HostTensor]) throws -> (results: [HostTensor], timings: [OpTiming]) {
    try machine.locked { _ in
      kept.forget()
      var timings: [OpTiming] = []
      let clock = ContinuousClock()
      let results = try run(inputs) { step, frame in
        let duration = try clock.measure { try step.kernel(frame) }
        timings.append(OpTiming(step.id, of: graph, duration: duration))
      }
      return (results, timings)
    }
  }

  /// Runs in memory filled with NaN, so that reading what was never written shows in the results. For tests.
  package func runInPoisonedMemory(_ inputs: [String: HostTensor]) throws -> [HostTensor] {
    try machine.locked { workspace in
      memset(try workspace.memory(sharedBytes), 0xff, sharedBytes)
      kept.forget()
      kept.bytes.initializeMemory(as: UInt8.self, repeating: 0xff)
      return try run(inputs)
    }
  }

  /// - Parameter execute: runs one operation.
  func run(_ inputs: [String: HostTensor], _ execute: (Step, Frame) throws -> Void) throws -> [HostTensor] {
    if let complaint = graph.complaint(about: inputs) { throw CPUBackendError(complaint) }
    return try machine.locked { workspace in
      let memory = try workspace.memory(sharedBytes)
      let frame = Frame(kept: kept.bytes, values: memory, scratch: memory + valueBytes, inputs: inputs)
      func compute(_ steps: [Step]) throws {
        for step in steps {
          try Task.checkCancellation()
          try execute(step, frame)
        }
      }
      try kept.renew(for: inputs) { try compute(steadySteps) }
      try compute(steps)
      return try outputs.map { try $0.hostTensor(in: frame) }
    }
  }
}
