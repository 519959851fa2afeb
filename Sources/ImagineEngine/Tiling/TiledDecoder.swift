internal import ImagineGraph
internal import ImagineModels

/// Decodes a picture tile by tile, and to the same picture as decoding it whole.
///
/// The decoder's beginning, with its attention over all positions, is small and runs on the whole. Its way up runs
/// section by section in windows that reach as far beyond their tile as the section's convolutions see, so that nothing
/// has to be blended. What tiles usually get wrong are the group norms, whose statistics belong to the whole image and
/// differ from tile to tile: here each norm's are collected over all tiles first, in one pass for each norm that stops
/// where that norm begins. Decoding takes about three times as long for it, and there are no seams.
///
/// Between sections the values of the whole picture stand on the host, at most 256 bytes a pixel in SD 1.x and half as
/// many beside them for the section before.
struct TiledDecoder {
  private let vae: AutoencoderKL
  private let sections: [DecoderSection]
  private let beginning: PlannedNetwork
  private let components: [PlannedNetwork]

  init(_ vae: AutoencoderKL, among residents: ResidentNetworks) {
    self.vae = vae
    sections = vae.decoder.sections
    beginning = PlannedNetwork("decoder's beginning", for: .decoding, among: residents)
    components = sections.indices.map { PlannedNetwork("decoder's section \($0)", for: .decoding, among: residents) }
  }

  /// What of it may be in memory.
  var networks: [PlannedNetwork] { [beginning] + components }

  func drop() {
    for network in networks { network.drop() }
  }

  /// latents [1, h, w, latent] -> pixels [1, H, W, 3].
  ///
  /// - Parameter tile: latent positions along one side of a tile.
  /// - Throws: `CancellationError` between two tiles, and what the backend throws.
  func decode(_ latents: HostTensor, tile: Int, _ context: PlanningContext) throws -> HostTensor {
    let vae = vae
    let plan = try beginning.plan(for: latents.shape, context) { builder in
      [vae.beginDecoding(builder.input("latents", latents.shape))]
    }
    defer {
      for network in networks { network.dropPlans() }
    }
    var image = HostImage(try plan.onlyResult(["latents": latents]))
    if context.savesMemory { beginning.drop() } else { beginning.dropPlans() }
    var side = tile
    for (index, section) in sections.enumerated() {
      let pass = SectionPass(
        section, height: image.height, width: image.width, channels: image.channels, side: side)
      try components[index].prepareWeights(context) { [pass.trace(.result, $0)] }
      image = try pass.run(image, components[index], context)
      if context.savesMemory { components[index].drop() } else { components[index].dropPlans() }
      side *= section.scale
    }
    return image.tensor
  }
}

extension AutoencoderKL {
  /// What decoding in tiles takes, without reading a weight.
  ///
  /// - Parameters:
  ///   - latents, tile: as for decoding.
  ///   - dropsSections: whether the weights of a section are let go before the next.
  /// - Returns: what the backend needs, the bytes of values on the host beside it, both where they are most together, and the
  ///   operations of all tiles.
  func tiledNeeds(
    _ latents: Shape, tile: Int, _ weights: any WeightSource, _ backend: any MemoryAwareBackend,
    _ precision: Precision, dropsSections: Bool
  ) throws -> (needs: MemoryNeeds, hostBytes: Int, flops: Double) {
    let start = GraphBuilder(precision: precision)
    let beginning = try start.finish([beginDecoding(start.input("latents", latents))])
    guard var shape = beginning.outputs.first.map({ beginning[$0].type.shape }) else {
      throw GraphError("the decoder's beginning had no result")
    }
    var held = 0, side = tile
    var most = (
      needs: try backend.memoryNeeds(of: beginning, weights: weights), hostBytes: 0, flops: beginning.cost.flops
    )
    if !dropsSections { held = most.needs.weightBytes }
    for section in decoder.sections {
      let pass = SectionPass(section, height: shape[1], width: shape[2], channels: shape[3], side: side)
      let result = try pass.graph(of: .result, precision)
      var needs = try backend.memoryNeeds(of: result, weights: weights)
      var widest = pass.windowBytes(of: result)
      most.flops += result.cost.flops * Double(pass.tileCount)
      for index in section.norms.indices where index > 0 || section.scale > 1 {
        let graph = try pass.graph(of: .inputOfNorm(index), precision)
        widest = max(widest, pass.windowBytes(of: graph))
        most.flops += graph.cost.flops * Double(pass.tileCount)
      }
      let next = pass.shape(of: result)
      // The section's image and what it makes of it are on the host while its windows are computed.
      let hostBytes = (shape.count + next.count) * 4 + widest
      needs.weightBytes += held
      needs.loadingBytes += held
      if !dropsSections { held = needs.weightBytes }
      if needs.peakBytes + hostBytes > most.needs.peakBytes + most.hostBytes {
        (most.needs, most.hostBytes) = (needs, hostBytes)
      }
      shape = next
      side *= section.scale
    }
    if !dropsSections { most.needs.weightBytes = held }
    return most
  }
}

/// One section of the decoder on one image.
private struct SectionPass {
  /// What is wanted of the section's graph.
  enum Output: Hashable {
    /// The values that a norm is about to see, by its position among the section's.
    case inputOfNorm(Int)
    case result
  }

  private struct Key: Hashable, CustomStringConvertible {
    let height: Int, width: Int, output: Output

    var description: String {
      let purpose =
        switch output {
        case .inputOfNorm(let index): "statistics \(index)"
        case .result: "result"
        }
      return "\(purpose) of a window [1, \(height), \(width)]"
    }
  }

  private let section: DecoderSection
  private let height: Int, width: Int, channels: Int
  private let grid: TileGrid

  /// - Parameters:
  ///   - height, width, channels: of the image that comes in.
  ///   - side: of a tile.
  init(_ section: DecoderSection, height: Int, width: Int, channels: Int, side: Int) {
    self.section = section
    self.height = height
    self.width = width
    self.channels = channels
    grid = TileGrid(height: height, width: width, side: side, reach: section.reach)
  }

  var tileCount: Int { grid.tiles.count }

  func graph(of output: Output, _ precision: Precision) throws -> Graph {
    let builder = GraphBuilder(precision: precision)
    return try builder.finish([trace(output, builder)])
  }

  /// Bytes of one window on the host, as it goes into a graph and as it comes out.
  func windowBytes(of graph: Graph) -> Int {
    let ends = graph.inputs.map(\.type) + graph.outputs.map { graph[$0].type }
    return ends.reduce(0) { $0 + $1.shape.count * 4 }
  }

  /// The shape of the whole image that comes out, from that of a window.
  func shape(of result: Graph) -> Shape {
    let channels = result.outputs.first.map { result[$0].type.shape.last } ?? 0
    return [1, height * section.scale, width * section.scale, channels]
  }

  func run(
    _ image: HostImage, _ component: PlannedNetwork, _ context: PlanningContext
  ) throws -> HostImage {
    var norms: [String: HostTensor] = [:]
    for (index, norm) in section.norms.enumerated() {
      let weight = try context.weights.values(of: norm.weight), bias = try context.weights.values(of: norm.bias)
      var statistics = NormStatistics(channels: weight.count)
      if index == 0, section.scale == 1 {
        statistics.add(image)
      } else {
        try forEachTile(of: image, .inputOfNorm(index), norms, component, context) { tile, values in
          statistics.add(tile, of: values, scale: section.scale)
        }
      }
      let (scale, shift) = statistics.map(norm, weight: weight, bias: bias)
      norms["scale \(index)"] = HostTensor([1, 1, 1, weight.count], scale)
      norms["shift \(index)"] = HostTensor([1, 1, 1, weight.count], shift)
    }
    var result: HostImage?
    try forEachTile(of: image, .result, norms, component, context) { tile, values in
      if result == nil {
        result = try HostImage(
          height: image.height * section.scale, width: image.width * section.scale, channels: values.shape[3])
      }
      result?.keep(tile, of: values, scale: section.scale)
    }
    guard let result else { throw GraphError("a section of the decoder had no tiles") }
    return result
  }

  private func forEachTile(
    of image: HostImage, _ output: Output, _ norms: [String: HostTensor], _ component: PlannedNetwork,
    _ context: PlanningContext, _ use: (TileGrid.Tile, HostTensor) throws -> Void
  ) throws {
    let plan = try component.plan(for: Key(height: grid.height, width: grid.width, output: output), context) {
      [trace(output, $0)]
    }
    for tile in grid.tiles {
      try Task.checkCancellation()
      var inputs = norms
      inputs["x"] = image.window(tile, height: grid.height, width: grid.width)
      try use(tile, try plan.onlyResult(inputs))
    }
  }

  /// The section on one window, with what the norms do to each channel as inputs.
  ///
  /// That is computed in 32-bit floats, as whole norms are: 16-bit factors would shift a channel as a whole.
  func trace(_ output: Output, _ builder: GraphBuilder) -> Tensor {
    var index = 0
    var wanted: Tensor?
    let result = section(builder.input("x", [1, grid.height, grid.width, channels])) { norm, x in
      defer { index += 1 }
      let exact = x.cast(to: .float32)
      if output == .inputOfNorm(index) { wanted = exact }
      let scale = builder.input("scale \(index)", [1, 1, 1, x.shape.last])
      let shift = builder.input("shift \(index)", [1, 1, 1, x.shape.last])
      return (exact * scale + shift).asActivation()
    }
    return wanted ?? result
  }
}

extension WeightSource {
  /// The values of a vector.
  fileprivate func values(of parameter: Parameter) throws -> [Float] {
    var values = [Float](repeating: 0, count: parameter.shape.count)
    try values.withUnsafeMutableBytes { try read(parameter.path, as: .float32, into: $0) }
    return values
  }
}

extension Plan {
  /// The result of a graph that has one.
  func onlyResult(_ inputs: [String: HostTensor]) throws -> HostTensor {
    guard let output = try run(inputs).first else { throw GraphError("a network gave no result") }
    return output
  }
}
