import CVulkan
import Foundation
package import ImagineGraph

/// The weights of one model component in the device's memory.
package final class VulkanWeights: DeviceWeights, @unchecked Sendable {
  /// How a weight's elements lie in memory.
  enum Form: Hashable {
    /// Row-major, as in the checkpoint.
    case plain
    /// A convolution's [out, in, kh, kw] as [out, kh, kw, in]: the order in which its products are summed.
    case channelsLast
    /// A convolution's [out, in, 3, 3] as [4, out, 2, 2, in], for a picture of twice the size (`doubled.glsl`).
    case doubled
    /// A gated layer's [2 C, ...] as [C, 2, ...]: the weights of each value beside those of its gate.
    case gated
  }

  /// A weight as an operation reads it, or several of one type, one after the other.
  struct Request: Hashable {
    let paths: [String], type: TensorType, form: Form

    /// Of all, in the form that is asked for.
    var byteCount: Int { paths.count * (form == .doubled ? type.byteCount / 9 * 16 : type.byteCount) }

    /// Whether it may stay in the host's memory: the small ones are most of all, and hardly take any.
    var mayPass: Bool { byteCount >= 1 << 17 }
  }

  /// Memory that several weights share, filled from its beginning.
  private struct Block {
    let buffer: DeviceBuffer
    var used: Int

    func hasRoom(for size: Int) -> Bool { used + size <= buffer.byteCount }
  }

  let context: VulkanContext
  /// Whether weights that have no room stay in the host's memory.
  let passes: Bool
  private var source: any WeightSource
  private let lock = NSLock()
  private var spans: [Request: BufferSpan] = [:]
  /// By where they are.
  private var blocks: [DeviceBuffer.Use: [Block]] = [:]
  private var changes = 0
  /// Where those that are in the host's memory come to; all plans share them.
  private var passingPlaces: [DeviceBuffer] = []

  /// Weights share blocks of this size, as devices allow only some thousands of allocations; of a smaller one where room counts,
  /// since a block is seldom filled to its end.
  private var sharedBytes: Int { min(passes ? 4 << 20 : 64 << 20, context.blockBytes) }

  init(_ source: any WeightSource, _ context: VulkanContext, passes: Bool = false) {
    self.source = source
    self.context = context
    self.passes = passes
  }

  package var byteCount: Int {
    lock.withLock { blocks.values.reduce(0) { $0 + $1.reduce(0) { $0 + $1.buffer.byteCount } } }
  }

  /// Bytes that have no room on the device and stay in the host's memory.
  var passingBytes: Int {
    lock.withLock { blocks[.upload, default: []].reduce(0) { $0 + $1.used } }
  }

  /// How often weights were read anew: what was computed from them before is of no use then.
  var generation: Int { lock.withLock { changes } }

  package func reload(_ changed: Set<String>, from source: any WeightSource) throws {
    try lock.withLock {
      self.source = source
      changes += 1
      try write(spans.filter { !changed.isDisjoint(with: $0.key.paths) }.map { ($0.key, $0.value) })
    }
  }

  /// A weight that was loaded; one that passes is in the host's memory.
  func span(_ request: Request) throws -> BufferSpan {
    guard let span = lock.withLock({ spans[request] }) else {
      throw VulkanError(.failed, "The weight \(request.paths.joined(separator: ", ")) was not loaded.")
    }
    return span
  }

  /// Two places for weights that pass, each with room for so many bytes.
  func places(for byteCount: Int) throws -> [DeviceBuffer] {
    try lock.withLock {
      if let first = passingPlaces.first, first.byteCount >= byteCount { return passingPlaces }
      passingPlaces = try (0..<2).map { _ in
        try DeviceBuffer(byteCount, .device, for: "passing weights", on: context.device)
      }
      return passingPlaces
    }
  }

  /// Bytes of places that are there.
  var placeBytes: Int { lock.withLock { passingPlaces.reduce(0) { $0 + $1.byteCount } } }

  /// Bytes of the device's memory that loading these takes at least: for good, and on the way.
  func bytes(toLoad requests: [Request]) -> (kept: Int, passing: Int) {
    Self.bytes(toLoad: lock.withLock { missing(requests) }, passing: passes, context)
  }

  /// The same of weights of which none is there.
  static func bytes(
    toLoad requests: [Request], passing passes: Bool, _ context: VulkanContext
  ) -> (kept: Int, passing: Int) {
    let bytes = requests.reduce(0) { $0 + (passes && $1.mayPass ? 0 : context.aligned($1.byteCount)) }
    let ring = context.device.uploadsTakeDeviceMemory ? WeightStream.ringBytes(for: bytes) : 0
    return (bytes, ring + scratchBytes(requests))
  }

  /// Reads weights and brings them to the device, except those that are there; or leaves them in the host's memory where
  /// they may and have no room.
  ///
  /// - Parameter reserved: bytes of the device's memory that are to stay free.
  /// - Throws: what the source throws, and `VulkanError`; then none of them is there.
  func load(_ requests: [Request], reserving reserved: Int = 0) throws {
    try lock.withLock {
      let missing = missing(requests)
      if missing.isEmpty { return }
      let before = blocks
      do {
        spans.merge(try bring(missing, reserving: reserved)) { $1 }
      } catch {
        blocks = before
        throw error
      }
    }
  }

  private func missing(_ requests: [Request]) -> [Request] {
    var seen: Set<Request> = []
    return requests.filter { spans[$0] == nil && seen.insert($0).inserted }
  }

  /// Memory in which weights lie as they were read until they are packed; they pass one by one.
  private static func scratchBytes(_ requests: [Request]) -> Int {
    requests.filter { $0.form != .plain }.map(\.type.byteCount).max() ?? 0
  }

  private func bring(_ requests: [Request], reserving reserved: Int) throws -> [Request: BufferSpan] {
    let device = DeviceBuffer.Use.weights(visible: context.configuration.writesWeightsDirectly)
    let passing = passes ? withoutRoom(requests, reserving: reserved) : []
    var placed: [(request: Request, span: BufferSpan)] = []
    for (use, own) in [
      (device, requests.filter { !passing.contains($0) }), (.upload, requests.filter(passing.contains)),
    ] {
      var rest = own.reduce(0) { $0 + context.aligned($1.byteCount) }
      for request in own {
        placed.append((request, try place(request.byteCount, expecting: rest, use)))
        rest -= context.aligned(request.byteCount)
      }
    }
    try write(placed)
    return Dictionary(uniqueKeysWithValues: placed.map { ($0.request, $0.span) })
  }

  /// Those that have no room beside what is reserved and all that may not pass: the last ones in order of use.
  private func withoutRoom(_ requests: [Request], reserving reserved: Int) -> Set<Request> {
    guard let free = context.device.memory.free else { return [] }
    // Blocks are not filled to their ends, and other programs and the driver have their needs, too.
    var room = free - reserved - Self.scratchBytes(requests) - free / 16
    room -= requests.reduce(0) { $0 + ($1.mayPass ? 0 : context.aligned($1.byteCount)) }
    var passing: Set<Request> = []
    for request in requests where request.mayPass {
      let bytes = context.aligned(request.byteCount)
      if bytes <= room, passing.isEmpty { room -= bytes } else { passing.insert(request) }
    }
    return passing
  }

  /// Reads weights into their places on the device.
  private func write(_ placed: [(request: Request, span: BufferSpan)]) throws {
    let staged = placed.filter { $0.request.form != .plain || $0.span.address == nil }
    for (request, span) in placed where request.form == .plain && request.type.byteCount > 0 {
      guard let address = span.address else { continue }
      // The host sees the device's memory: nothing needs to be copied.
      for (index, path) in request.paths.enumerated() {
        let bytes = request.type.byteCount
        try source.read(
          path, as: request.type.elementType,
          into: UnsafeMutableRawBufferPointer(start: address + index * bytes, count: bytes))
      }
    }
    if !staged.isEmpty {
      let stream = try WeightStream(
        staged.reduce(0) { $0 + context.aligned($1.request.paths.count * $1.request.type.byteCount) }, context)
      let scratchBytes = Self.scratchBytes(placed.map(\.request))
      let scratch =
        scratchBytes > 0
        ? try DeviceBuffer(scratchBytes, .device, for: "packing weights", on: context.device) : nil
      for (request, span) in staged {
        for (index, path) in request.paths.enumerated() {
          let span = span.part(index, of: request.paths.count)
          if let packing = try scratch.flatMap({ try request.packing(from: $0, into: span) }) {
            try write(path, request.type, to: packing.operand, through: stream)
            stream.run(packing.dispatch)
          } else {
            try write(path, request.type, to: span, through: stream)
          }
        }
      }
      try stream.finish()
    }
  }

  /// Reads a weight in pieces that the stream takes.
  private func write(
    _ path: String, _ weight: TensorType, to span: BufferSpan, through stream: WeightStream
  ) throws {
    let type = weight.elementType, count = weight.shape.count
    let piece = stream.pieceBytes / type.size
    for start in stride(from: 0, to: count, by: piece) {
      let end = min(start + piece, count)
      let target = BufferSpan(
        span.buffer, offset: span.offset + start * type.size, byteCount: (end - start) * type.size)
      try stream.write(to: target) { memory in
        if end - start == count {
          try source.read(path, as: type, into: memory)
        } else {
          try source.read(path, as: type, elements: start..<end, of: count, into: memory)
        }
      }
    }
  }

  /// - Parameter rest: bytes still to be placed, this weight's included.
  private func place(_ byteCount: Int, expecting rest: Int, _ use: DeviceBuffer.Use) throws -> BufferSpan {
    let size = context.aligned(byteCount)
    // Small weights fill what large ones left of earlier blocks.
    if let index = blocks[use]?.firstIndex(where: { $0.hasRoom(for: size) }), let block = blocks[use]?[index] {
      blocks[use]?[index].used += size
      return BufferSpan(block.buffer, offset: block.used, byteCount: byteCount)
    }
    let block = try DeviceBuffer(max(size, min(sharedBytes, rest)), use, for: "the weights", on: context.device)
    blocks[use, default: []].append(Block(buffer: block, used: size))
    return BufferSpan(block, offset: 0, byteCount: byteCount)
  }
}

extension BufferSpan {
  /// One of equal parts.
  fileprivate func part(_ index: Int, of count: Int) -> BufferSpan {
    BufferSpan(buffer, offset: offset + index * (byteCount / count), byteCount: byteCount / count)
  }
}

extension VulkanWeights.Request {
  /// How the weight comes from its plain order in memory of its size into its form; nil if it stays plain.
  fileprivate func packing(
    from scratch: DeviceBuffer, into span: BufferSpan
  ) throws -> (operand: BufferSpan, dispatch: Dispatch)? {
    let plain = Value(type: type, span: BufferSpan(scratch, byteCount: type.byteCount))
    switch form {
    case .plain: return nil
    case .gated:
      let halves = Shape([2, type.shape[0] / 2, type.shape.count / max(type.shape[0], 1)])
      let pairs = Value(type: TensorType(halves, type.elementType), span: plain.span)
      return (plain.span, try permutation(of: pairs, axes: [1, 0, 2], into: span, type.elementType))
    case .channelsLast:
      return (plain.span, try permutation(of: plain, axes: [0, 2, 3, 1], into: span, type.elementType))
    case .doubled:
      return (plain.span, try upsampledKernel(plain, into: span))
    }
  }
}

extension VulkanDevice {
  /// Whether buffers that the host writes lie in the device's own memory, as they do where both share one.
  var uploadsTakeDeviceMemory: Bool {
    DeviceBuffer.Use.upload.memoryTypes(physical.memoryProperties).first.map { memory.counts($0, for: .upload) }
      ?? false
  }
}
