import CVulkan

/// Brings bytes to a device through a ring of buffers: while the device takes one, the host fills the next.
///
/// Host memory stays at the ring's size, whatever the tensors' sizes. Nothing is there before `finish` returned.
final class WeightStream {
  static let slotCount = 3
  /// Bytes of a buffer of the ring, at most.
  static let slotBytes = 32 << 20

  private enum Step {
    case copy(BufferSpan, to: BufferSpan)
    case dispatch(Dispatch)
  }

  /// A buffer of the ring, with what the device is to do with what is in it.
  private final class Slot {
    let buffer: DeviceBuffer
    var used = 0
    var steps: [Step] = []
    /// Until the device is done: what it uses.
    var pending: (commands: VkCommandBuffer, descriptors: DescriptorSets, fence: Fence)?

    init(_ buffer: DeviceBuffer) { self.buffer = buffer }
  }

  private let context: VulkanContext
  private let slots: [Slot]
  private var current = 0
  /// Bytes that one `write` takes at most.
  let pieceBytes: Int

  /// - Parameter byteCount: of all that will be written, so that little takes little memory.
  init(_ byteCount: Int, _ context: VulkanContext) throws(VulkanError) {
    self.context = context
    pieceBytes = min(Self.slotBytes, context.blockBytes, max(context.aligned(byteCount), context.alignment))
    var slots: [Slot] = []
    for _ in 0..<max(1, min(Self.slotCount, (byteCount + pieceBytes - 1) / pieceBytes)) {
      slots.append(Slot(try DeviceBuffer(pieceBytes, .upload, for: "loading weights", on: context.device)))
    }
    self.slots = slots
  }

  /// Bytes of the ring for so many bytes in all.
  static func ringBytes(for byteCount: Int) -> Int { min(byteCount, slotCount * slotBytes) }

  deinit {
    guard slots.contains(where: { $0.pending != nil }) else { return }
    // An error cut the work short; the device may still be at it.
    context.device.waitUntilIdle()
    context.device.free(slots.compactMap { $0.pending?.commands })
  }

  /// Has `fill` write bytes, `pieceBytes` at most, that go to `target`.
  func write(to target: BufferSpan, _ fill: (UnsafeMutableRawBufferPointer) throws -> Void) throws {
    if slots[current].used + target.byteCount > pieceBytes { try flush() }
    let slot = slots[current]
    try wait(for: slot)
    guard let address = slot.buffer.address else { throw VulkanError(.failed, "Memory for uploads is not visible.") }
    try fill(UnsafeMutableRawBufferPointer(start: address + slot.used, count: target.byteCount))
    slot.steps.append(
      .copy(BufferSpan(slot.buffer, offset: slot.used, byteCount: target.byteCount), to: target))
    slot.used += context.aligned(target.byteCount)
  }

  /// Runs a dispatch after all that was written so far is in its place, and before anything that comes.
  func run(_ dispatch: Dispatch) { slots[current].steps.append(.dispatch(dispatch)) }

  /// Waits until everything is in its place.
  func finish() throws {
    try flush()
    for slot in slots { try wait(for: slot) }
  }

  private func flush() throws {
    let slot = slots[current], device = context.device
    guard !slot.steps.isEmpty else { return }
    try wait(for: slot)
    let dispatches = slot.steps.compactMap { if case .dispatch(let dispatch) = $0 { dispatch } else { nil } }
    let descriptors = try DescriptorSets(dispatches, context.pipelines, on: device)
    var sets = descriptors.sets.makeIterator()
    var recorder = DispatchRecorder(device, context.pipelines)
    let commands = try device.record { buffer in
      for step in slot.steps {
        switch step {
        case .copy(let source, let target): device.copy(source, to: target, in: buffer)
        case .dispatch(let dispatch):
          guard let set = sets.next() else { continue }
          device.barrier(buffer)
          for (index, piece) in try dispatch.pieces(device, context.pace).enumerated() {
            try recorder.record(dispatch, piece, set, continued: index > 0, into: buffer)
          }
          device.barrier(buffer)
        }
      }
      device.barrier(buffer)
    }
    do {
      let fence = try Fence(on: device)
      try device.enqueue([commands], fence: fence, "loading weights")
      slot.pending = (commands, descriptors, fence)
    } catch {
      device.free([commands])
      throw error
    }
    current = (current + 1) % slots.count
  }

  /// Makes a slot free to be filled.
  private func wait(for slot: Slot) throws {
    guard let pending = slot.pending else { return }
    try pending.fence.wait("loading weights")
    context.device.free([pending.commands])
    slot.pending = nil
    slot.used = 0
    slot.steps = []
  }
}
