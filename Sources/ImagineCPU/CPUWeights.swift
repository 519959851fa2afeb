import CKernels
import Foundation
import ImagineGraph

/// The weights of one model component, each in memory once, in the form its operations want.
package final class CPUWeights: DeviceWeights, @unchecked Sendable {
  let machine: Machine
  private let source: any WeightSource
  private let lock = NSLock()
  private var stored: [String: StoredWeight] = [:]

  init(_ source: any WeightSource, _ machine: Machine) {
    self.source = source
    self.machine = machine
  }

  package var byteCount: Int { lock.withLock { stored.values.reduce(0) { $0 + $1.byteCount } } }

  /// The weight of this name; it is not read yet.
  func weight(_ path: String, _ type: TensorType) throws -> StoredWeight {
    try lock.withLock {
      if let weight = stored[path] {
        guard weight.type == type else {
          throw CPUBackendError(
            "Weight \(path) is held as \(weight.type) and asked for as \(type); upload the weights again.")
        }
        return weight
      }
      let weight = StoredWeight(path, type, source, machine)
      stored[path] = weight
      return weight
    }
  }
}

/// One weight: read when it is first needed, kept in one form at a time.
final class StoredWeight: @unchecked Sendable {
  /// How the elements lie in memory.
  enum Form: Equatable {
    /// Row-major, as in the checkpoint.
    case plain
    /// As a product wants them; `plain` describes the row-major form in the same number format.
    case packed(WeightLayout, plain: WeightLayout)

    static func == (left: Form, right: Form) -> Bool {
      switch (left, right) {
      case (.plain, .plain): true
      case (.packed(let a, _), .packed(let b, _)): a == b
      case (.plain, .packed), (.packed, .plain): false
      }
    }
  }

  let path: String
  let type: TensorType
  private let source: any WeightSource
  private let machine: Machine
  private let lock = NSLock()
  private var content: (form: Form, block: MemoryBlock)?

  init(_ path: String, _ type: TensorType, _ source: any WeightSource, _ machine: Machine) {
    self.path = path
    self.type = type
    self.source = source
    self.machine = machine
  }

  var byteCount: Int { lock.withLock { content?.block.byteCount ?? 0 } }
  /// The layout the weight is packed in, if it has been read and packed.
  var layout: WeightLayout? {
    lock.withLock {
      if case .packed(let layout, _) = content?.form { layout } else { nil }
    }
  }

  /// The elements in a form; brings them into it if another plan has wanted another one.
  ///
  /// The memory stays valid until the next call with another form.
  func address(in form: Form) throws -> UnsafeRawPointer {
    try lock.withLock {
      if let content, content.form == form { return UnsafeRawPointer(content.block.address) }
      let block = try content.map { try repacked($0.block, from: $0.form, to: form) } ?? read(in: form)
      content = (form, block)
      return UnsafeRawPointer(block.address)
    }
  }

  private func read(in form: Form) throws -> MemoryBlock {
    switch form {
    case .plain:
      return try read(as: type.elementType)
    case .packed(let layout, let plain):
      // A bfloat16 weight of a 32-bit product is packed in 32 bits, then narrowed.
      let isNarrowed = type.elementType == .bfloat16 && plain.byteCount == 4 * type.shape.count
      let raw = try read(as: isNarrowed ? .float32 : type.elementType)
      let packed = try block(layout.byteCount)
      try machine.engine.repack(raw.address, from: plain, into: packed.address, as: layout)
      return isNarrowed ? try narrowed(packed) : packed
    }
  }

  private func repacked(_ old: MemoryBlock, from: Form, to: Form) throws -> MemoryBlock {
    let plainLayout: WeightLayout
    let source: WeightLayout, target: WeightLayout
    switch (from, to) {
    case (.plain, .plain): return old
    case (.plain, .packed(let layout, let plain)): (source, target, plainLayout) = (plain, layout, plain)
    case (.packed(let layout, let plain), .plain): (source, target, plainLayout) = (layout, plain, plain)
    case (.packed(let a, let plain), .packed(let b, _)): (source, target, plainLayout) = (a, b, plain)
    }
    let isNarrowed = type.elementType == .bfloat16 && plainLayout.byteCount == 4 * type.shape.count
    let input = isNarrowed ? try widened(old) : old
    let result = try block(target.byteCount)
    try machine.engine.repack(input.address, from: source, into: result.address, as: target)
    return isNarrowed ? try narrowed(result) : result
  }

  private func read(as elementType: ElementType) throws -> MemoryBlock {
    let block = try block(type.shape.count * elementType.size)
    try source.read(path, as: elementType, into: block.bytes)
    return block
  }

  private func narrowed(_ floats: MemoryBlock) throws -> MemoryBlock {
    let count = floats.byteCount / 4
    let result = try block(2 * count)
    ck_narrow(
      machine.device, floats.address.assumingMemoryBound(to: Float.self),
      result.address.assumingMemoryBound(to: UInt16.self), count)
    return result
  }

  private func widened(_ halves: MemoryBlock) throws -> MemoryBlock {
    let count = halves.byteCount / 2
    let result = try block(4 * count)
    ck_widen(
      machine.device, halves.address.assumingMemoryBound(to: UInt16.self),
      result.address.assumingMemoryBound(to: Float.self), count)
    return result
  }

  private func block(_ byteCount: Int) throws -> MemoryBlock {
    try MemoryBlock(byteCount: byteCount, for: "the weight \(path)")
  }
}
