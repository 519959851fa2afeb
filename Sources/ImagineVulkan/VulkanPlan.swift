import CVulkan
package import ImagineGraph

/// A graph as recorded command buffers over one block of memory, submitted again at each run.
package final class VulkanPlan: Plan, @unchecked Sendable {
  /// Bytes of a value on their way between host and device.
  struct Transfer {
    let value: Value
    /// In the buffer the host sees.
    let offset: Int
  }

  private let context: VulkanContext
  private let graph: Graph
  // Held, with the tables of the dispatches, because the commands use them.
  private let weights: VulkanWeights
  private let values: DeviceBuffer
  private let dispatches: [Dispatch]
  private let descriptors: DescriptorSets
  private let commands: [VkCommandBuffer]
  private let upload: DeviceBuffer
  private let readback: DeviceBuffer
  private let inputs: [String: Transfer]
  private let outputs: [Transfer]

  /// So that one submission does not run so long that a watchdog takes the device for hung.
  private static let dispatchesPerSubmission = 64

  init(
    _ context: VulkanContext, _ graph: Graph, _ weights: VulkanWeights, _ values: DeviceBuffer,
    _ dispatches: [Dispatch], inputs: [String: Value], outputs: [Value]
  ) throws {
    self.context = context
    self.graph = graph
    self.weights = weights
    self.values = values
    self.dispatches = dispatches
    var uploadBytes = 0, readbackBytes = 0
    self.inputs = inputs.mapValues { value in
      defer { uploadBytes += context.aligned(value.type.byteCount) }
      return Transfer(value: value, offset: uploadBytes)
    }
    self.outputs = outputs.map { value in
      defer { readbackBytes += context.aligned(value.type.byteCount) }
      return Transfer(value: value, offset: readbackBytes)
    }
    upload = try DeviceBuffer(uploadBytes, .upload, for: "inputs", on: context.device)
    readback = try DeviceBuffer(readbackBytes, .readback, for: "results", on: context.device)
    let descriptors = try DescriptorSets(dispatches.count, context.pipelines, on: context.device)
    self.descriptors = descriptors
    var commands: [VkCommandBuffer] = []
    do {
      commands.append(try context.device.record(copyInputs(from: upload, Array(self.inputs.values), context)))
      var recorder = DispatchRecorder(context.device, context.pipelines)
      for first in stride(from: 0, to: dispatches.count, by: Self.dispatchesPerSubmission) {
        let last = min(first + Self.dispatchesPerSubmission, dispatches.count)
        let buffer = try context.device.record { buffer in
          for index in first..<last { try recorder.record(dispatches[index], descriptors.sets[index], into: buffer) }
        }
        commands.append(buffer)
      }
      commands.append(try context.device.record(copyOutputs(self.outputs, to: readback, context)))
    } catch {
      context.device.free(commands)
      throw error
    }
    self.commands = commands
  }

  deinit { context.device.free(commands) }

  /// Bytes of device memory for values between operations.
  package var peakBytes: Int { values.byteCount }

  /// What is run, in order.
  var kernels: [KernelVariant] { dispatches.map(\.kernel) }

  /// - Throws: `VulkanError` if an input is missing, unknown or of another type than traced, or the device fails.
  package func run(_ inputs: [String: HostTensor]) throws -> [HostTensor] {
    try run(inputs, poisoned: false)
  }

  /// Runs in memory filled with NaN, so that reading what was never written shows in the results. For tests.
  package func runInPoisonedMemory(_ inputs: [String: HostTensor]) throws -> [HostTensor] {
    try run(inputs, poisoned: true)
  }

  private func run(_ inputs: [String: HostTensor], poisoned: Bool) throws -> [HostTensor] {
    if let complaint = graph.complaint(about: inputs) { throw VulkanError(.failed, complaint) }
    return try context.device.locked {
      if poisoned {
        try context.device.runOnce("filling memory") { buffer in
          context.device.functions.vkCmdFillBuffer(buffer, values.handle, 0, UInt64(VK_WHOLE_SIZE), 0xffff_ffff)
          context.device.barrier(buffer)
        }
      }
      guard let source = upload.address, let target = readback.address else {
        throw VulkanError(.failed, "Memory for inputs and results is not visible.")
      }
      for (name, transfer) in self.inputs {
        inputs[name]?.write(as: transfer.value.type.elementType, to: source + transfer.offset)
      }
      try context.device.submit(commands, "running \(graph.nodes.first?.scope ?? "a graph")")
      return outputs.map { transfer in HostTensor(transfer.value.type, readFrom: target + transfer.offset) }
    }
  }
}

private func copyInputs(
  from upload: DeviceBuffer, _ inputs: [VulkanPlan.Transfer], _ context: VulkanContext
) -> (VkCommandBuffer) -> Void {
  { buffer in
    // The last run's reads come before this run's writes.
    context.device.barrier(buffer)
    for input in inputs where input.value.type.byteCount > 0 {
      var region = VkBufferCopy(
        srcOffset: UInt64(input.offset), dstOffset: UInt64(input.value.span.offset),
        size: UInt64(input.value.type.byteCount))
      context.device.functions.vkCmdCopyBuffer(
        buffer, upload.handle, input.value.span.buffer.handle, 1, &region)
    }
    context.device.barrier(buffer)
  }
}

private func copyOutputs(
  _ outputs: [VulkanPlan.Transfer], to readback: DeviceBuffer, _ context: VulkanContext
) -> (VkCommandBuffer) -> Void {
  { buffer in
    context.device.barrier(buffer)
    for output in outputs where output.value.type.byteCount > 0 {
      var region = VkBufferCopy(
        srcOffset: UInt64(output.value.span.offset), dstOffset: UInt64(output.offset),
        size: UInt64(output.value.type.byteCount))
      context.device.functions.vkCmdCopyBuffer(
        buffer, output.value.span.buffer.handle, readback.handle, 1, &region)
    }
    context.device.barrier(buffer)
  }
}
