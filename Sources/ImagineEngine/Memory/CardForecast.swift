internal import ImagineGraph
internal import ImagineModels

/// What a picture takes of a graphics card's own memory, from the very plans that will draw it; no weight is read for it.
package struct CardForecast: Sendable {
  /// How it would be drawn, as far as memory decides that.
  package enum Way: Sendable, Hashable {
    /// All networks stay on the card.
    case together
    /// Each makes room for the next.
    case inTurn
    /// Weights of some have no room even so: they stay in the machine's memory and are copied over at each use.
    case passingWeights
    /// Something does not fit at all: it is done in parts, or by the processor.
    case beyond
  }

  package let way: Way
  package let stages: [MemoryForecast.Stage]
  /// Bytes of weights that are copied over at each use, stage by stage.
  package let copiedBytes: [Int]
  /// Bytes that there are for all of it; nil where nobody knows.
  package let freeBytes: Int?

  package var peakBytes: Int { stages.reduce(0) { max($0, $1.peakBytes) } }

  init(_ workload: Workload, _ backend: any DeviceMemoryBackend, _ precision: Precision) throws {
    let graphs = try workload.entries.map { try $0.network.graph($0.shape, precision) }
    let needs = try graphs.map(backend.memoryNeeds)
    let free = backend.availableMemory
    freeBytes = free
    let together = Self.stages(workload, graphs, needs, stay: true)
    guard let free, together.contains(where: { $0.peakBytes > free }) else {
      (way, stages, copiedBytes) = (.together, together, together.map { _ in 0 })
      return
    }
    var stages = Self.stages(workload, graphs, needs, stay: false)
    guard stages.contains(where: { $0.peakBytes > free }) else {
      (way, self.stages, copiedBytes) = (.inTurn, stages, stages.map { _ in 0 })
      return
    }
    var copied = stages.map { _ in 0 }, isBeyond = false
    for (index, stage) in stages.enumerated() where stage.peakBytes > free {
      guard let least = try backend.passingWeights?.memoryNeeds(of: graphs[index]), least.peakBytes <= free else {
        isBeyond = true
        continue
      }
      // What is left for large weights beside all that has to be there, and a sixteenth that is left to others.
      let room = max(0, free - free / 16 - least.loadingBytes)
      copied[index] = max(0, stage.weightBytes - least.weightBytes - room)
      stages[index] = MemoryForecast.Stage(
        name: stage.name, role: stage.role, weightBytes: stage.weightBytes - copied[index],
        workingBytes: least.passingBytes + least.workingBytes,
        peakBytes: least.loadingBytes + min(room, stage.weightBytes),
        flops: stage.flops)
    }
    way = isBeyond ? .beyond : .passingWeights
    self.stages = stages
    copiedBytes = copied
  }

  /// - Parameter stay: whether what a network has taken stays for those after it.
  private static func stages(
    _ workload: Workload, _ graphs: [Graph], _ needs: [MemoryNeeds], stay: Bool
  ) -> [MemoryForecast.Stage] {
    var held = 0, loaded: [Workload.Entry.Identity: Int] = [:]
    return workload.entries.indices.map { index in
      let entry = workload.entries[index], needs = needs[index]
      let new = max(0, needs.weightBytes - (loaded[entry.identity] ?? 0))
      let passing = new > 0 ? needs.loadingBytes - needs.weightBytes - needs.workingBytes : 0
      let stage = MemoryForecast.Stage(
        name: entry.network.name, role: entry.network.role, weightBytes: needs.weightBytes,
        workingBytes: needs.workingBytes, peakBytes: held + new + needs.workingBytes + passing,
        flops: graphs[index].cost.flops)
      if stay {
        held += new + needs.workingBytes
        loaded[entry.identity, default: 0] += new
      }
      return stage
    }
  }
}
