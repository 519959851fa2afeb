import CVulkan
import Foundation
package import ImagineGraph

/// A graph as recorded command buffers over the memory of its values, submitted again at each run.
package final class VulkanPlan: PoisonablePlan, @unchecked Sendable {
  /// Bytes of a value on their way between host and device.
  private struct Transfer {
    let value: Value
    /// In the buffer the host sees.
    let offset: Int
  }

  private let context: VulkanContext
  private let graph: Graph
  // Held, with the tables of the dispatches, because the commands use them.
  private let weights: VulkanWeights
  private let values: Arena
  private let steadyDispatches: [Dispatch]
  private let dispatches: [Dispatch]
  private let steadyDescriptors: DescriptorSets
  private let descriptors: DescriptorSets
  /// What depends on steady inputs alone, run when they change, and everything else.
  private var steadyCommands: CommandSequence
  private var commands: CommandSequence
  /// What the values kept since are of; nil before the first run, and after one that failed.
  private var keptBasis: SteadyBasis?
  /// How slow the device was thought to be when `commands` were recorded.
  private var recordedFactor: Double
  private let upload: DeviceBuffer
  private let readback: DeviceBuffer
  private let inputs: [String: Transfer]
  private let outputs: [Transfer]
  /// A word that a kernel sets if an output is not finite, and where it is read back to.
  private let flag: DeviceBuffer
  private let flagOffset: Int

  init(
    _ context: VulkanContext, _ graph: Graph, _ weights: VulkanWeights, _ values: Arena, steady: [Dispatch],
    _ dispatches: [Dispatch], inputs: [String: Value], outputs: [Value]
  ) throws {
    self.context = context
    self.graph = graph
    self.weights = weights
    self.values = values
    var uploadBytes = 0, readbackBytes = 0
    self.inputs = inputs.mapValues { value in
      defer { uploadBytes += context.aligned(value.type.byteCount) }
      return Transfer(value: value, offset: uploadBytes)
    }
    self.outputs = outputs.map { value in
      defer { readbackBytes += context.aligned(value.type.byteCount) }
      return Transfer(value: value, offset: readbackBytes)
    }
    flagOffset = readbackBytes
    upload = try DeviceBuffer(uploadBytes, .upload, for: "inputs", on: context.device)
    readback = try DeviceBuffer(readbackBytes + 4, .readback, for: "results", on: context.device)
    let flag = try DeviceBuffer(4, .device, for: "results", on: context.device)
    self.flag = flag
    steadyDispatches = steady
    self.dispatches =
      try dispatches
      + outputs.filter { $0.type.elementType != .int32 }.map { try findNonFinite(in: $0, flag: BufferSpan(flag)) }
    steadyDescriptors = try DescriptorSets(steady, context.pipelines, on: context.device)
    descriptors = try DescriptorSets(self.dispatches, context.pipelines, on: context.device)
    steadyCommands = CommandSequence(context.device)
    commands = CommandSequence(context.device)
    recordedFactor = context.pace.factor
    try record()
  }

  private func record() throws {
    recordedFactor = context.pace.factor
    steadyCommands = try context.record(steadyDispatches, steadyDescriptors) { copyInputs($0, steady: true) }
    commands = try context.record(dispatches, descriptors) {
      copyInputs($0, steady: false)
    } after: {
      copyOutputs($0)
    }
  }

  private func copyInputs(_ buffer: VkCommandBuffer, steady: Bool) {
    let device = context.device
    // The last run's reads come before this run's writes.
    device.barrier(buffer)
    device.functions.vkCmdFillBuffer(buffer, flag.handle, 0, UInt64(VK_WHOLE_SIZE), 0)
    for (name, input) in inputs where graph.steadyInputs.contains(name) == steady {
      device.copy(BufferSpan(upload, offset: input.offset), to: input.value.span, in: buffer)
    }
    device.barrier(buffer)
  }

  private func copyOutputs(_ buffer: VkCommandBuffer) {
    let device = context.device
    device.barrier(buffer)
    for output in outputs {
      device.copy(output.value.span, to: BufferSpan(readback, offset: output.offset), in: buffer)
    }
    device.copy(BufferSpan(flag), to: BufferSpan(readback, offset: flagOffset), in: buffer)
    device.barrier(buffer)
  }

  /// Bytes of device memory for values between operations.
  package var peakBytes: Int { values.byteCount }

  private var steadySubmissions: [[VkCommandBuffer]] {
    graph.steadyInputs.isEmpty ? [] : steadyCommands.submissions(context.pace)
  }

  /// What is run, in order.
  var kernels: [KernelVariant] { (steadyDispatches + dispatches).map(\.kernel) }

  /// How many times the queue is given commands in a run, at the pace of the moment, if steady inputs are those of the last
  /// run, or there was none.
  package var submissionCount: Int {
    context.device.locked { restSubmissionCount + (keptBasis == nil ? steadySubmissionCount : 0) }
  }
  var steadySubmissionCount: Int { context.device.locked { steadySubmissions.count } }
  var restSubmissionCount: Int { context.device.locked { commands.submissions(context.pace).count } }

  /// - Throws: `VulkanError` if an input is missing, unknown or of another type than traced, the device fails, or a result
  ///   is not finite.
  package func run(_ inputs: [String: HostTensor]) throws -> [HostTensor] {
    try run(inputs, poisoned: false)
  }

  /// Runs in memory filled with NaN, so that reading what was never written shows in the results. For tests.
  package func runInPoisonedMemory(_ inputs: [String: HostTensor]) throws -> [HostTensor] {
    try run(inputs, poisoned: true)
  }

  /// Runs the graph in command buffers that hold timestamps beside the operations, made for this run alone.
  package func profile(_ inputs: [String: HostTensor]) throws -> (results: [HostTensor], timings: [OpTiming]) {
    try context.device.locked {
      // What is steady runs in any case, so that a profile has all operations.
      keptBasis = nil
      let steady = try OperationTimer(steadyDispatches, context), timer = try OperationTimer(dispatches, context)
      func part(_ part: CommandSequence.Part?) -> [[VkCommandBuffer]] { part.map { [[$0.commands]] } ?? [] }
      let results = try run(
        inputs, poisoned: false,
        steady: part(steadyCommands.parts.first) + steady.submissions,
        rest: part(commands.parts.first) + timer.submissions + part(commands.parts.last))
      let durations = try steady.durations() + timer.durations()
      return (results, durations.map { OpTiming($0.operation, of: graph, duration: $0.duration) })
    }
  }

  /// - Parameters:
  ///   - steady: what is submitted instead of the plan's own commands if steady inputs have changed.
  ///   - rest: likewise, in any case.
  private func run(
    _ inputs: [String: HostTensor], poisoned: Bool, steady: [[VkCommandBuffer]]? = nil,
    rest: [[VkCommandBuffer]]? = nil
  ) throws -> [HostTensor] {
    if let complaint = graph.complaint(about: inputs) { throw VulkanError(.failed, complaint) }
    return try context.device.locked {
      if poisoned {
        keptBasis = nil
        try poison()
      }
      let basis = SteadyBasis(inputs, steady: graph.steadyInputs, weights: weights.generation)
      let isSteady = keptBasis == basis
      keptBasis = nil
      try write(inputs.filter { !isSteady || !graph.steadyInputs.contains($0.key) })
      let first = isSteady ? [] : steady ?? steadySubmissions
      let start = ContinuousClock.now
      for part in first + (rest ?? commands.submissions(context.pace)) {
        try Task.checkCancellation()
        try context.device.submit([part], "running \(graph.network)")
      }
      if rest == nil { try adjustPace(start.duration(to: .now) / .seconds(1), steady: !isSteady) }
      let results = try readResults()
      keptBasis = basis
      return results
    }
  }

  private func poison() throws {
    try context.device.runOnce("filling memory") { buffer in
      for block in values.blocks {
        context.device.functions.vkCmdFillBuffer(buffer, block.handle, 0, UInt64(VK_WHOLE_SIZE), 0xffff_ffff)
      }
      context.device.barrier(buffer)
    }
  }

  private func write(_ inputs: [String: HostTensor]) throws {
    guard let target = upload.address else { throw VulkanError(.failed, "Memory for inputs is not visible.") }
    for (name, value) in inputs {
      guard let transfer = self.inputs[name] else { continue }
      value.write(as: transfer.value.type.elementType, to: target + transfer.offset)
    }
  }

  private func readResults() throws -> [HostTensor] {
    guard let source = readback.address else { throw VulkanError(.failed, "Memory for results is not visible.") }
    guard (source + flagOffset).loadUnaligned(as: UInt32.self) == 0 else {
      throw VulkanError(.notFinite, "The result of \(graph.network) has values that are infinite or no numbers.")
    }
    return outputs.map { transfer in HostTensor(transfer.value.type, readFrom: source + transfer.offset) }
  }

  /// Learns from a run, and records the commands anew if their dispatches are longer than was thought.
  private func adjustPace(_ seconds: Double, steady: Bool) throws {
    let assumed = commands.assumedSeconds + (steady ? steadyCommands.assumedSeconds : 0)
    context.pace.learn(assumed: assumed, measured: seconds)
    if context.pace.factor > 2 * recordedFactor { try record() }
  }
}

extension Graph {
  /// The network's name: the first part of its weights' paths.
  var network: String { parameters.first.map { String($0.path.prefix { $0 != "." }) } ?? "a graph" }
}
