internal import ImagineGraph
internal import ImagineModels

/// What a picture takes of the processor's memory, from the very plans that will draw it; no weight is read for it.
///
/// It follows the runner: which networks are in memory together, and how much room the working memory has been given.
struct MemoryForecast {
  let model: StableDiffusionModel
  let weights: any WeightSource
  let backend: any MemoryAwareBackend
  let precision: ImagineGraph.Precision
  let tiling: VAETiling
  /// Whether networks keep to a budget and make room for each other.
  let isFrugal: Bool
  /// Bytes that one network should not exceed then.
  let budget: Int
  /// Bytes that the process could get before it began; nil where that is not known.
  let free: Int?

  private(set) var stages: [RequestEstimate.Stage] = []
  private(set) var usesTiles = false
  /// Weights in memory.
  private var held = 0
  /// Working memory that the backend has at the moment.
  private var workspace = 0
  /// Planned so far. What oneDNN made for an operation stays when its plan goes.
  private var operations = 0

  var peakBytes: Int { stages.reduce(0) { max($0, $1.peakBytes) } }

  /// - Parameters:
  ///   - latents: of one image: [1, h, w, 4].
  ///   - prompts: how many the UNet runs for at once.
  init(
    _ model: StableDiffusionModel, _ weights: any WeightSource, _ backend: any MemoryAwareBackend,
    _ precision: ImagineGraph.Precision, tiling: VAETiling, isFrugal: Bool, budget: Int, free: Int?, latents: Shape,
    prompts: Int
  ) throws {
    self.model = model
    self.weights = weights
    self.backend = isFrugal ? backend.limited(to: budget) : backend
    self.budget = budget
    self.precision = precision
    self.tiling = tiling
    self.isFrugal = isFrugal
    self.free = free
    try add(.text, model.textEncoderGraph(prompts: prompts, precision: precision))
    try add(
      .denoising, model.denoiserGraph(latents: latents.replacing(axis: 0, with: prompts), precision: precision))
    try addDecoder(latents)
  }

  private mutating func add(_ stage: Stage, _ graph: Graph) throws {
    operations += graph.nodes.count
    add(stage, try backend.memoryNeeds(of: graph, weights: weights), host: 0, flops: graph.cost.flops)
  }

  /// - Parameter host: bytes of values on the host meanwhile.
  private mutating func add(_ stage: Stage, _ needs: MemoryNeeds, host: Int, flops: Double) {
    if isFrugal { (held, workspace) = (0, 0) }
    let program = ProcessMemory.programBytes + operations * ProcessMemory.bytesPerOperation
    let loading = needs.loadingBytes + workspace
    workspace = max(workspace, needs.workingBytes)
    let running = needs.weightBytes + needs.passingBytes + workspace + host
    stages.append(
      RequestEstimate.Stage(
        name: stage.network, weightBytes: needs.weightBytes,
        workingBytes: needs.passingBytes + needs.workingBytes + host,
        peakBytes: program + held + max(loading, running), flops: flops))
    held += needs.weightBytes
  }

  private mutating func addDecoder(_ latents: Shape) throws {
    let graph = try model.decoderGraph(latents: latents, precision: precision)
    let whole = try backend.memoryNeeds(of: graph, weights: weights)
    operations += graph.nodes.count
    let pixels = graph.outputs.reduce(0) { $0 + graph[$1].type.shape.count / 3 }
    guard let tile = try tile(whole, latents) else {
      return add(.decoding, whole, host: pixels * ProcessMemory.bytesPerPixel, flops: graph.cost.flops)
    }
    usesTiles = true
    let tiled = try TiledDecoder(model.vae)
      .needs(latents, tile: tile, weights, backend, precision, dropsSections: isFrugal)
    add(.decoding, tiled.needs, host: tiled.hostBytes + pixels * ProcessMemory.bytesPerPixel, flops: tiled.flops)
  }

  /// Latent positions along a side of a tile, if the picture is decoded in tiles.
  private func tile(_ whole: MemoryNeeds, _ latents: Shape) throws -> Int? {
    switch tiling {
    case .never: return nil
    case .always: return Ladder.modestTile
    case .automatic where isFrugal:
      return try model.frugalTile(latents, weights, backend, precision, budget: budget)
    case .automatic:
      guard let free, whole.workingBytes > free - held - whole.weightBytes else { return nil }
      let ladder = Ladder(stage: .decoding, tileableSide: max(latents[1], latents[2]))
      if case .tiles(let size) = ladder.rung(after: .outOfMemory, at: Footing()) { return size }
      return nil
    }
  }
}

extension StableDiffusionModel {
  /// The largest tiles whose decoding keeps to a budget, in latent positions; nil if the whole picture does, which is
  /// much faster.
  ///
  /// - Parameters:
  ///   - latents: [1, h, w, 4].
  ///   - backend: as it is limited then.
  func frugalTile(
    _ latents: Shape, _ weights: any WeightSource, _ backend: any MemoryAwareBackend,
    _ precision: ImagineGraph.Precision, budget: Int
  ) throws -> Int? {
    let whole = try backend.memoryNeeds(of: decoderGraph(latents: latents, precision: precision), weights: weights)
    if whole.peakBytes <= budget { return nil }
    let decoder = TiledDecoder(vae)
    for tile in Ladder.tileSizes where tile > Ladder.modestTile && tile < max(latents[1], latents[2]) {
      let tiled = try decoder.needs(latents, tile: tile, weights, backend, precision, dropsSections: true)
      if tiled.needs.peakBytes + tiled.hostBytes <= budget { return tile }
    }
    return Ladder.modestTile
  }
}

/// What a process that draws takes beside weights and working memory, as measured: see `Tests/Benchmarks/memory-check`.
enum ProcessMemory {
  /// The program with its libraries and threads.
  static let programBytes = 48_000_000
  /// One operation of a plan: its kernel, and the code that oneDNN makes for it.
  static let bytesPerOperation = 19_000
  /// The picture as floats, as bytes and as a PNG file on its way.
  static let bytesPerPixel = 24
}
