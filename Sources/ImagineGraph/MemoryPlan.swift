/// Where each value of a graph lies in one block of memory, reused as values die.
///
/// Lifetimes come from the order of the nodes; the largest buffers are placed first, each at the lowest offset where
/// it meets no buffer alive at the same time. What an operation needs for itself lives as long as it runs. Reshapes and parts
/// of a value as it lies share their operand's buffer, and so does what is computed element by element from an operand that
/// nothing reads any more; weights are not placed.
package struct MemoryPlan: Sendable {
  /// For each node, its offset in bytes; nil for weights.
  package let offsets: [Int?]
  /// For each node, whether its value is all or part of an operand's as that lies: nothing is computed.
  package let isView: [Bool]
  /// For each node, the offset of what its computation needs for itself; nil where it needs nothing.
  package let scratchOffsets: [Int?]
  /// Bytes of the whole block.
  package let byteCount: Int
  /// Bytes at its beginning in which the values that stay from run to run lie. Nothing else does, where the memory is one
  /// block.
  package let keptByteCount: Int
  /// What the values would need side by side.
  package let unsharedByteCount: Int

  /// - Parameters:
  ///   - alignment: of every offset, in bytes.
  ///   - block: bytes of one allocation, where the memory is to be made of several: no buffer lies across a multiple of
  ///     it, unless it is longer itself.
  ///   - keepsSteady: whether steady values stay where they are from run to run. What computes them then comes before all
  ///     else of a run, in its own order, and before inputs that are not steady.
  ///   - deferred: nodes that are computed on the way into their readers: they have no place, and what they read lives
  ///     until these have run.
  ///   - scratch: bytes that an operation needs while it is computed.
  package init(
    _ graph: Graph, alignment: Int = 64, block: Int = .max, keepsSteady: Bool = false, deferred: Set<NodeID> = [],
    scratch: (Node) -> Int = { _ in 0 }
  ) {
    let views = graph.viewOffsets(alignment: alignment)
    isView = views.map { $0 != nil }
    let sharing = BufferSharing(graph, views, keepsSteady: keepsSteady, deferred: deferred)
    let storage = sharing.storage, isKept = sharing.isKept, lastUse = sharing.lastUse

    var buffers: [Buffer] = []
    for id in graph.ids where !isView[id.index] && !deferred.contains(id) {
      let index = id.index, node = graph[id]
      if case .parameter = node.op { continue }
      func aligned(_ size: Int) -> Int { (size + alignment - 1) / alignment * alignment }
      let scratchSize = aligned(scratch(node))
      if scratchSize > 0 {
        buffers.append(Buffer(node: index, size: scratchSize, birth: index, death: index, isScratch: true))
      }
      guard storage[index] == index else { continue }
      // Inputs are all there before the first operation runs.
      let birth = if case .input = node.op { 0 } else { isKept[index] ? 0 : index }
      let death = isKept[index] ? graph.nodes.count : lastUse[index]
      buffers.append(
        Buffer(node: index, size: aligned(node.type.byteCount), birth: birth, death: death, stays: isKept[index]))
    }
    // What stays is in nobody's way at the beginning.
    buffers.sort { ($0.stays ? 1 : 0, $0.size, $1.birth) > ($1.stays ? 1 : 0, $1.size, $0.birth) }

    var placed: [Buffer] = []
    for var buffer in buffers {
      let living = placed.filter { $0.overlapsInTime(buffer) }.sorted { $0.offset < $1.offset }
      for other in living {
        if buffer.offset + buffer.size <= other.offset { break }
        buffer.offset = max(buffer.offset, other.end)
        buffer.moveIntoBlock(of: block)
      }
      placed.append(buffer)
    }

    var offsets = [Int?](repeating: nil, count: graph.nodes.count)
    var scratchOffsets = offsets
    for buffer in placed {
      if buffer.isScratch { scratchOffsets[buffer.node] = buffer.offset } else { offsets[buffer.node] = buffer.offset }
    }
    for (index, view) in views.enumerated() {
      if let view {
        offsets[index] = offsets[graph.nodes[index].operands[0].index].map { $0 + view }
      } else if storage[index] != index {
        offsets[index] = offsets[storage[index]]
      }
    }
    self.offsets = offsets
    self.scratchOffsets = scratchOffsets
    byteCount = placed.map(\.end).max() ?? 0
    keptByteCount = placed.filter(\.stays).map(\.end).max() ?? 0
    unsharedByteCount = placed.reduce(0) { $0 + $1.size }
  }

  private struct Buffer {
    let node: Int, size: Int, birth: Int, death: Int
    var isScratch = false, stays = false
    var offset = 0

    var end: Int { offset + size }

    func overlapsInTime(_ other: Buffer) -> Bool { birth <= other.death && other.birth <= death }

    /// Goes on to the next block where this one has not enough left.
    mutating func moveIntoBlock(of bytes: Int) {
      let rest = bytes - offset % bytes
      if size > rest, size <= bytes { offset += rest }
    }
  }
}
