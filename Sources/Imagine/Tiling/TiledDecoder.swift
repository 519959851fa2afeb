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
  private var beginning = PlannedComponent("decoder's beginning")
  private var components: [PlannedComponent]

  init(_ vae: AutoencoderKL) {
    self.vae = vae
    sections = vae.decoder.sections
    components = sections.indices.map { PlannedComponent("decoder's section \($0)") }
  }

  /// Whether it holds memory of a device.
  var isLoaded: Bool { beginning.isLoaded || components.contains(where: \.isLoaded) }

  mutating func drop() {
    beginning.drop()
    for index in components.indices { components[index].drop() }
  }

  /// latents [1, h, w, latent] -> pixels [1, H, W, 3].
  ///
  /// - Parameter tile: latent positions along one side of a tile.
  /// - Throws: `CancellationError` between two tiles, and what the backend throws.
  mutating func decode(_ latents: HostTensor, tile: Int, _ context: PlanningContext) throws -> HostTensor {
    let vae = vae
    let plan = try beginning.plan(for: latents.shape, context) { builder in
      vae.beginDecoding(builder.input("latents", latents.shape))
    }
    defer {
      beginning.dropPlan()
      for index in components.indices { components[index].dropPlan() }
    }
    var image = HostImage(try plan.onlyResult(["latents": latents]))
    beginning.dropPlan()
    var side = tile
    for (index, section) in sections.enumerated() {
      let pass = SectionPass(section, image, side: side)
      try components[index].prepareWeights(context) { pass.trace(.result, $0) }
      image = try pass.run(&components[index], context)
      components[index].dropPlan()
      side *= section.scale
    }
    return image.tensor
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
  private let image: HostImage
  private let grid: TileGrid

  init(_ section: DecoderSection, _ image: HostImage, side: Int) {
    self.section = section
    self.image = image
    grid = TileGrid(height: image.height, width: image.width, side: side, reach: section.reach)
  }

  func run(_ component: inout PlannedComponent, _ context: PlanningContext) throws -> HostImage {
    var norms: [String: HostTensor] = [:]
    for (index, norm) in section.norms.enumerated() {
      let weight = try context.weights.values(of: norm.weight), bias = try context.weights.values(of: norm.bias)
      var statistics = NormStatistics(channels: weight.count)
      if index == 0, section.scale == 1 {
        statistics.add(image)
      } else {
        try forEachTile(.inputOfNorm(index), norms, &component, context) { tile, values in
          statistics.add(tile, of: values, scale: section.scale)
        }
      }
      let (scale, shift) = statistics.map(norm, weight: weight, bias: bias)
      norms["scale \(index)"] = HostTensor([1, 1, 1, weight.count], scale)
      norms["shift \(index)"] = HostTensor([1, 1, 1, weight.count], shift)
    }
    var result: HostImage?
    try forEachTile(.result, norms, &component, context) { tile, values in
      if result == nil {
        result = HostImage(
          height: image.height * section.scale, width: image.width * section.scale, channels: values.shape[3])
      }
      result?.keep(tile, of: values, scale: section.scale)
    }
    guard let result else { throw GraphError("a section of the decoder had no tiles") }
    return result
  }

  private func forEachTile(
    _ output: Output, _ norms: [String: HostTensor], _ component: inout PlannedComponent, _ context: PlanningContext,
    _ use: (TileGrid.Tile, HostTensor) -> Void
  ) throws {
    let plan = try component.plan(for: Key(height: grid.height, width: grid.width, output: output), context) {
      trace(output, $0)
    }
    for tile in grid.tiles {
      try Task.checkCancellation()
      var inputs = norms
      inputs["x"] = image.window(tile, height: grid.height, width: grid.width)
      use(tile, try plan.onlyResult(inputs))
    }
  }

  /// The section on one window, with what the norms do to each channel as inputs.
  ///
  /// That is computed in 32-bit floats, as whole norms are: 16-bit factors would shift a channel as a whole.
  func trace(_ output: Output, _ builder: GraphBuilder) -> Tensor {
    var index = 0
    var wanted: Tensor?
    let result = section(builder.input("x", [1, grid.height, grid.width, image.channels])) { norm, x in
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
