import ImagineCPU
import ImagineGraph
import Synchronization

@testable import ImagineEngine

/// The processor in a machine with so much memory and nothing else in it, of which every byte is counted as an engine
/// reckons with it: what `SystemMemory` would say there, without what tests beside this one take.
final class MeteredProcessor: Sendable {
  /// What the process has before it draws.
  static let program = 40_000_000

  private struct Held {
    weak var weights: (any DeviceWeights)?
    weak var plan: (any Plan)?
    var operations = 0
  }

  private let processor: CPUBackend
  private let held = Mutex<[Held]>([])
  private let capacityBytes = Mutex(1 << 50)
  private let most = Mutex(0)

  init() throws { processor = try CPUBackend(threads: 2) }

  /// Bytes of the machine.
  var capacity: Int {
    get { capacityBytes.withLock { $0 } }
    set { capacityBytes.withLock { $0 = newValue } }
  }

  /// Bytes of the process at the moment.
  var resident: Int {
    let (bytes, hasPlanned) = held.withLock { held in
      let operations = held.reduce(0) { $0 + ($1.plan == nil ? 0 : $1.operations) }
      let weights = held.reduce(0) { $0 + ($1.weights?.byteCount ?? 0) + ($1.plan?.keptBytes ?? 0) }
      return (weights + operations * ProcessMemory.bytesPerOperation, held.contains { $0.operations > 0 })
    }
    return Self.program + bytes + processor.heldWorkingBytes + (hasPlanned ? ProcessMemory.bytesOfDrawing : 0)
  }

  /// The most bytes that the process had when a plan was made.
  var peak: Int { most.withLock { $0 } }

  /// Networks whose weights are in memory.
  var loadedNetworks: Int { held.withLock { $0.count { $0.weights != nil } } }
  /// Plans that were made.
  var planned: Int { held.withLock { $0.count { $0.operations > 0 } } }

  func engine(_ change: (inout MemorySettings) -> Void = { _ in }) throws -> ModelEngine {
    var settings = EngineSettings()
    settings.precision = .float32
    settings.memory.free = { max(self.capacity - self.resident, 0) }
    settings.memory.resident = { self.resident }
    change(&settings.memory)
    let backend = Backend(base: processor, meter: self)
    return try ModelEngine(settings, on: OpenedDevice(backend, name: "the processor", preferredPrecision: .float32))
  }

  private struct Backend: MemoryAwareBackend {
    let base: any MemoryAwareBackend
    let meter: MeteredProcessor

    var heldWorkingBytes: Int { base.heldWorkingBytes }

    func supports(_ op: Op, _ operands: [TensorType]) -> Bool { base.supports(op, operands) }

    func upload(_ weights: any WeightSource, for graph: Graph) throws -> any DeviceWeights {
      let weights = try base.upload(weights, for: graph)
      meter.held.withLock { $0.append(Held(weights: weights)) }
      return weights
    }

    func plan(_ graph: Graph, weights: any DeviceWeights) throws -> any Plan {
      let plan = try base.plan(graph, weights: weights)
      meter.held.withLock { $0.append(Held(plan: plan, operations: graph.nodes.count)) }
      let resident = meter.resident
      meter.most.withLock { $0 = max($0, resident) }
      return plan
    }

    func memoryNeeds(of graph: Graph, weights: any WeightSource) throws -> MemoryNeeds {
      try base.memoryNeeds(of: graph, weights: weights)
    }

    func limited(to bytes: Int) -> any MemoryAwareBackend { Backend(base: base.limited(to: bytes), meter: meter) }
  }
}
