import CKernels
import Foundation
package import ImagineGraph

/// The weights of one model component, each in memory once, in the form its operations want.
package final class CPUWeights: DeviceWeights, @unchecked Sendable {
  let machine: Machine
  let source: CurrentSource
  private let lock = NSLock()
  private var stored: [String: StoredWeight] = [:]

  init(_ source: any WeightSource, _ machine: Machine) {
    self.source = CurrentSource(source)
    self.machine = machine
  }

  package func reload(_ changed: Set<String>, from source: any WeightSource) throws {
    self.source.value = source
    var loading = WeightLoading()
    for weight in lock.withLock({ stored.values.filter { changed.contains($0.path) } }) { loading.addAgain(weight) }
    try loading.run(threads: machine.capabilities.threads)
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

/// What the weights of a component are read from at the moment.
final class CurrentSource: @unchecked Sendable {
  private let lock = NSLock()
  private var source: any WeightSource
  private var changes = 0

  init(_ source: any WeightSource) { self.source = source }

  var value: any WeightSource {
    get { lock.withLock { source } }
    set { lock.withLock { (source, changes) = (newValue, changes + 1) } }
  }

  /// Grows with each change: what was computed with weights of another generation may be out of date.
  var generation: Int { lock.withLock { changes } }
}

/// One weight: read when it is first needed, kept in one form at a time.
final class StoredWeight: @unchecked Sendable {
  /// How the elements lie in memory.
  enum Form: Equatable {
    /// Row-major, as in the checkpoint.
    case plain
    /// In panels, as the kernels of this package want them, in a format that they widen.
    case panels(ElementType)
    /// In panels of pairs, as products of bfloat16 by pairs want them.
    case pairs(PairedWeight)

    /// Of panels, what kernels are told.
    var format: ck_stored? {
      if case .panels(let format) = self { format.stored } else { nil }
    }
  }

  let path: String
  let type: TensorType
  private let current: CurrentSource
  private let machine: Machine
  private let lock = NSLock()
  private var content: (form: Form, block: MemoryBlock)?
  /// What reads the weight anew at each use, if it is not kept. Its plan holds it.
  private weak var stream: WeightStream?

  init(_ path: String, _ type: TensorType, _ source: CurrentSource, _ machine: Machine) {
    self.path = path
    self.type = type
    current = source
    self.machine = machine
  }

  private var source: any WeightSource { current.value }

  var byteCount: Int { lock.withLock { content?.block.byteCount ?? 0 } }

  /// Panels in the format with the fewest bits that lose nothing of what the source has: kernels that compute in 32 bits
  /// widen 16 as they go, in exactly the same values.
  var panels: Form {
    guard type.elementType.isArithmetic, let stored = source.storedType(path), stored.size == 2 else {
      return .panels(type.elementType)
    }
    return .panels(stored)
  }

  /// From now on it is kept once it was read.
  func stay() { lock.withLock { stream = nil } }

  /// Reads the elements anew into the memory that they have; of a weight that passes, at its next use.
  ///
  /// - Throws: what reading throws; then they are not in memory any more.
  func readAgain() throws {
    try lock.withLock {
      stream?.letGo()
      guard let (form, block) = content else { return }
      do { try fill(block, in: form, on: machine.loadingDevice) } catch {
        content = nil
        throw error
      }
    }
  }

  /// From now on it is read anew at each use.
  func pass(through stream: WeightStream) {
    lock.withLock {
      self.stream = stream
      content = nil
    }
  }

  /// The elements in a form. If another plan has wanted another form, that is let go and the weight read once more.
  ///
  /// The memory stays valid until the next call with another form; of a weight that passes, until another that passes is
  /// asked for.
  func address(in form: Form) throws -> UnsafeRawPointer {
    try lock.withLock {
      if let stream { return try stream.address(of: self, in: form) }
      if let content, content.form == form { return UnsafeRawPointer(content.block.address) }
      content = nil
      let block = try read(in: form, on: machine.loadingDevice)
      content = (form, block)
      return UnsafeRawPointer(block.address)
    }
  }

  /// A copy in a form, kept by nobody here.
  ///
  /// - Parameter device: whose threads convert and pack it.
  func read(in form: Form, on device: ck_device) throws -> MemoryBlock {
    let target = try within { try block(byteCount(in: form)) }
    try fill(target, in: form, on: device)
    return target
  }

  /// Reads, converts and packs the elements into memory of the form's size.
  private func fill(_ target: MemoryBlock, in form: Form, on device: ck_device) throws {
    try within {
      let isPacked = try source.lend(path, count: type.shape.count) { format, elements in
        try pack(elements, format, in: form, into: target, on: device)
      }
      if isPacked == true { return }
      if form == .plain { return try source.read(path, as: type.elementType, into: target.bytes) }
      let plain = try block(plainByteCount(in: form)), format = plainType(in: form)
      try source.read(path, as: format, into: plain.bytes)
      guard try pack(UnsafeRawBufferPointer(plain.bytes), format, in: form, into: target, on: device) else {
        throw CPUBackendError("It is stored as \(format), which no product takes.")
      }
    }
  }

  private func within<Result>(_ body: () throws -> Result) throws -> Result {
    do { return try body() } catch let error as CPUBackendError { throw error.within(path) }
  }

  /// The format in which a weight is read that comes to be in a form.
  private func plainType(in form: Form) -> ElementType {
    if case .panels(let format) = form { format } else { type.elementType }
  }

  /// Bytes of a weight as it is read, on its way to a form.
  func plainByteCount(in form: Form) -> Int { type.shape.count * plainType(in: form).size }

  /// Converts and packs row-major elements at once.
  ///
  /// - Returns: whether it could; not for formats that only move.
  private func pack(
    _ elements: UnsafeRawBufferPointer, _ format: ElementType, in form: Form, into target: MemoryBlock,
    on device: ck_device
  ) throws -> Bool {
    guard let stored = format.stored, type.elementType.isArithmetic, let address = elements.baseAddress else {
      return false
    }
    let plain = ck_plain_weights(type: stored, transposed: false, elements: address)
    switch form {
    case .plain:
      ck_convert(device, stored, address, try type.elementType.arithmetic, target.address, type.shape.count)
    case .panels(let format):
      guard let format = format.stored,
        ck_pack_weights(device, ck_product_shape(weight: type.shape), plain, format, target.address)
      else { throw CPUBackendError("It is stored as \(stored), and was to be packed as \(format).") }
    case .pairs(let kind):
      ck_pack_weight_pairs(device, ck_product_shape(weight: type.shape, kind), plain, target.address)
    }
    return true
  }

  /// Bytes in a form, whether or not it has been read.
  func byteCount(in form: Form) -> Int {
    switch form {
    case .plain: return type.byteCount
    case .panels(let format):
      return ck_packed_weight_count(machine.loadingDevice, ck_product_shape(weight: type.shape)) * format.size
    case .pairs(let kind):
      let shape = ck_product_shape(weight: type.shape, kind)
      return ck_packed_pair_count(machine.loadingDevice, shape) * type.elementType.size
    }
  }

  private func block(_ byteCount: Int) throws -> MemoryBlock {
    // In small pages: where a virtual machine gives its free memory back to the host, large pages are what the host has
    // to fetch and clear anew, which takes many times what small pages from the machine's own stock do.
    try MemoryBlock(byteCount: byteCount, for: "its elements")
  }
}
