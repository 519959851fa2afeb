internal import ImagineGraph
package import ImagineModels

/// What a picture takes of the processor's memory, from the very plans that will draw it; no weight is read for it.
///
/// It follows a `MemoryPolicy`, as the run does: which networks are in memory together, and how much room the working
/// memory has been given.
package struct MemoryForecast: Sendable {
  /// One network at work.
  package struct Stage: Sendable, Hashable {
    /// The network's, for people to read.
    package let name: String
    package let role: Network.Role
    /// Bytes of the network's weights in memory. What passes through from the file at each use is not among them.
    package let weightBytes: Int
    /// Bytes for everything between the weights and the result, what passes through included.
    package let workingBytes: Int
    /// The most memory of the process while the stage is at work, in bytes.
    package let peakBytes: Int
    /// Floating-point operations of one run.
    package let flops: Double
  }

  package let policy: MemoryPolicy
  package private(set) var stages: [Stage] = []

  /// The most memory of the process at any time, in bytes.
  package var peakBytes: Int { stages.reduce(0) { max($0, $1.peakBytes) } }

  /// The same while prompts are read.
  var textPeakBytes: Int {
    stages.reduce(0) { peak, stage in
      if case .textEncoder = stage.role { max(peak, stage.peakBytes) } else { peak }
    }
  }

  private let backend: any MemoryAwareBackend
  private let precision: Precision
  /// Bytes that the process has without networks.
  private let program: Int
  /// Weights in memory, with what plans keep from run to run, and those of them that read prompts.
  private var held = 0, heldByTexts = 0
  /// Those of each network: run at another size, it has them already.
  private var loaded: [Workload.Entry.Identity: Int] = [:]
  /// Working memory that the backend has at the moment.
  private var workspace = 0
  /// Planned so far.
  private var operations = 0

  /// - Parameters:
  ///   - backend: without a limit of its own.
  ///   - program: bytes that the process has without networks.
  init(
    _ workload: Workload, _ policy: MemoryPolicy, _ backend: any MemoryAwareBackend, _ precision: Precision,
    program: Int
  ) throws {
    self.policy = policy
    self.backend = policy.networkBytes.map { backend.limited(to: $0) } ?? backend
    self.precision = precision
    self.program = program
    for entry in workload.entries { try add(entry) }
  }

  private mutating func add(_ entry: Workload.Entry) throws {
    let graph = try entry.network.graph(entry.shape, precision)
    operations += graph.nodes.count
    var host = 0
    if entry.network.role == .encoder {
      host = graph.inputs.reduce(0) { $0 + $1.type.shape.count / 3 } * ProcessMemory.bytesPerPixel
    }
    if entry.network.role == .decoder {
      host = graph.outputs.reduce(0) { $0 + graph[$1].type.shape.count / 3 } * ProcessMemory.bytesPerPixel
    }
    if entry.network.role == .control {
      // What it tells, on its way to the denoiser.
      host = graph.outputs.reduce(0) { $0 + graph[$1].type.shape.count } * 2 * ElementType.float32.size
    }
    if let tile = policy.tiles[entry.network.role], let tiling = entry.network.tiling {
      let tiled = try tiling.tiledNeeds(
        entry.shape, tile: tile, entry.weights, backend, precision, dropsSections: policy.savesMemory)
      return add(entry, tiled.needs, host: host + tiled.hostBytes, flops: tiled.flops)
    }
    add(
      entry, try backend.memoryNeeds(of: graph, weights: entry.weights), host: host, flops: graph.cost.flops)
  }

  /// - Parameter host: bytes of values on the host meanwhile.
  private mutating func add(_ entry: Workload.Entry, _ needs: MemoryNeeds, host: Int, flops: Double) {
    let network = entry.network
    if policy.takesTurns { (held, heldByTexts, workspace, loaded) = (0, 0, 0, [:]) }
    if policy.releasesTexts, network.role == .denoiser {
      held -= heldByTexts
      heldByTexts = 0
    }
    let own = loaded.updateValue(needs.weightBytes, forKey: entry.identity)
    held -= own ?? 0
    let program = program + ProcessMemory.bytesOfDrawing + operations * ProcessMemory.bytesPerOperation
    let loading = own == nil ? needs.loadingBytes + workspace : 0
    workspace = max(workspace, needs.workingBytes)
    let running = needs.weightBytes + needs.passingBytes + workspace + needs.keptBytes + host
    stages.append(
      Stage(
        name: network.name, role: network.role, weightBytes: needs.weightBytes,
        workingBytes: needs.passingBytes + needs.workingBytes + needs.keptBytes + host,
        peakBytes: program + held + max(loading, running), flops: flops))
    held += needs.weightBytes + needs.keptBytes
    if case .textEncoder = network.role { heldByTexts += needs.weightBytes }
  }
}

/// What a process that draws takes beside weights and working memory, as measured: see `Tests/Benchmarks/memory-check`. A
/// process may be much larger before it draws: the drivers that an automatic choice looks at take 50 MB and more.
package enum ProcessMemory {
  /// The program with its libraries before it draws, where the system does not say.
  static let usualBytes = 40_000_000
  /// What comes to that by drawing: threads, code that was not needed before, and small things.
  static let bytesOfDrawing = 12_500_000
  /// One operation of a plan.
  static let bytesPerOperation = 5_000
  /// The picture as floats, as bytes and as a PNG file on its way.
  package static let bytesPerPixel = 24
}
