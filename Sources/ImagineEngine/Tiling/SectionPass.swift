internal import ImagineGraph
internal import ImagineModels

/// One section of a network on one image.
struct SectionPass {
  /// What is wanted of the section's graph.
  enum Output: Hashable {
    /// The values that a norm is about to see, by its position among the section's.
    case inputOfNorm(Int)
    case result
  }

  private struct Key: Hashable, CustomStringConvertible {
    let height: Int, width: Int, seamless: SeamlessAxes, output: Output

    var description: String {
      let purpose =
        switch output {
        case .inputOfNorm(let index): "statistics \(index)"
        case .result: "result"
        }
      return "\(purpose) of a window [1, \(height), \(width)]"
    }
  }

  private let section: NetworkSection
  private let size: ImageSize
  private let grid: TileGrid
  private let seamless: SeamlessAxes

  /// - Parameters:
  ///   - size: of the image that comes in.
  ///   - side: of a tile.
  init(_ section: NetworkSection, _ size: ImageSize, side: Int, seamless: SeamlessAxes) {
    self.section = section
    self.size = size
    self.seamless = seamless
    grid = TileGrid(
      height: size.height, width: size.width, side: side, reach: section.reach, wraps: seamless)
  }

  var tileCount: Int { grid.tiles.count }

  /// The norms whose statistics take a pass of their own.
  var countedNorms: [Int] { section.norms.indices.filter { $0 > 0 || !section.beginsWithNorm } }

  func graph(of output: Output, _ precision: Precision) throws -> Graph {
    let builder = GraphBuilder(precision: precision)
    return try builder.finish([trace(output, builder)])
  }

  /// Bytes of one window on the host, as it goes into a graph and as it comes out.
  func windowBytes(of graph: Graph) -> Int {
    let ends = graph.inputs.map(\.type) + graph.outputs.map { graph[$0].type }
    return ends.reduce(0) { $0 + $1.shape.count * 4 }
  }

  /// The size of the whole image that comes out.
  ///
  /// - Parameter channels: of a window's result.
  func resultSize(channels: Int) -> ImageSize {
    ImageSize(height: section.scale(size.height), width: section.scale(size.width), channels: channels)
  }

  func run(
    _ image: HostImage, _ component: PlannedNetwork, _ context: PlanningContext
  ) throws -> HostImage {
    var norms: [String: HostTensor] = [:]
    let counted = Set(countedNorms)
    for (index, norm) in section.norms.enumerated() {
      let weight = try context.weights.values(of: norm.weight), bias = try context.weights.values(of: norm.bias)
      var statistics = NormStatistics(channels: weight.count)
      if counted.contains(index) {
        try forEachTile(of: image, .inputOfNorm(index), norms, component, context) { tile, values in
          statistics.add(tile, of: values, scale: section.normScale)
        }
      } else {
        statistics.add(image)
      }
      let (scale, shift) = statistics.map(norm, weight: weight, bias: bias)
      norms["scale \(index)"] = HostTensor([1, 1, 1, weight.count], scale)
      norms["shift \(index)"] = HostTensor([1, 1, 1, weight.count], shift)
    }
    var result: HostImage?
    try forEachTile(of: image, .result, norms, component, context) { tile, values in
      if result == nil { result = try HostImage(resultSize(channels: values.shape[3])) }
      result?.keep(tile, of: values, scale: section.scale)
    }
    guard let result else { throw GraphError("an image of \(size.height)x\(size.width) has no tiles") }
    return result
  }

  private func forEachTile(
    of image: HostImage, _ output: Output, _ norms: [String: HostTensor], _ component: PlannedNetwork,
    _ context: PlanningContext, _ use: (TileGrid.Tile, HostTensor) throws -> Void
  ) throws {
    let key = Key(height: grid.height, width: grid.width, seamless: graphSeamless, output: output)
    let plan = try component.plan(for: key, context) { [trace(output, $0)] }
    for tile in grid.tiles {
      try Task.checkCancellation()
      var inputs = norms
      inputs["x"] = image.window(tile, height: grid.height, width: grid.width)
      if marksInside, output == .result { inputs["inside"] = inside(tile) }
      try use(tile, try plan.onlyResult(inputs))
    }
  }

  /// The section on one window, with what the norms do to each channel as inputs.
  ///
  /// That is computed in 32-bit floats, as whole norms are: 16-bit factors would shift a channel as a whole.
  func trace(_ output: Output, _ builder: GraphBuilder) -> Tensor {
    builder.wrappedAxes = graphSeamless.imageAxes
    var index = 0
    var wanted: Tensor?
    func halving(_ x: Tensor) -> Tensor {
      guard marksInside else { return x }
      return x * builder.input("inside", [1, grid.height, grid.width, 1]).asActivation()
    }
    let result = section(
      builder.input("x", [1, grid.height, grid.width, size.channels]), halving: halving
    ) { norm, x in
      defer { index += 1 }
      let exact = x.cast(to: .float32)
      if output == .inputOfNorm(index) { wanted = exact }
      let scale = builder.input("scale \(index)", [1, 1, 1, x.shape.last])
      let shift = builder.input("shift \(index)", [1, 1, 1, x.shape.last])
      return (exact * scale + shift).asActivation()
    }
    return wanted ?? result
  }

  // MARK: Seamless pictures

  /// The axes along which the section's own convolutions wrap: where a window is as long as the image. Along others the window
  /// itself goes on at the opposite edge.
  private var graphSeamless: SeamlessAxes {
    var axes = seamless
    if grid.width < size.width { axes.remove(.x) }
    if grid.height < size.height { axes.remove(.y) }
    return axes
  }

  /// Whether windows go on at the opposite edge, and the section halves the image: that step sees zeros beyond the edge all the
  /// same.
  private var marksInside: Bool { section.scale == .halved && graphSeamless != seamless }

  /// 1 for the positions of a window that are before the image's lower and right edges, 0 for those beyond: [1, h, w, 1].
  private func inside(_ tile: TileGrid.Tile) -> HostTensor {
    var values: [Float] = []
    for row in tile.rows.start..<tile.rows.start + grid.height {
      for column in tile.columns.start..<tile.columns.start + grid.width {
        values.append(row < size.height && column < size.width ? 1 : 0)
      }
    }
    return HostTensor([1, grid.height, grid.width, 1], values)
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
