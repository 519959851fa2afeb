internal import ImagineGraph
internal import ImagineModels

/// Runs an autoencoder's decoder or encoder tile by tile, to the same result as running it whole.
///
/// What looks at all positions at once, the attention among it, is small and runs on the whole. The sections run one after
/// another in windows that reach as far beyond their tile as the section's convolutions see, so that nothing has to be
/// blended. What tiles usually get wrong are the group norms, whose statistics belong to the whole image and differ from
/// tile to tile: here each norm's are collected over all tiles first, in one pass for each norm that stops where that norm
/// begins. It takes about three times as long, and there are no seams. Where the picture goes on at the opposite edge, so do
/// the windows.
///
/// Between sections the values of the whole picture stand on the host: of a decoder at most 256 bytes a pixel in SD 1.x and
/// half as many beside them for the section before, of an encoder half of that.
struct TiledNetwork {
  private let parts: SectionedNetwork
  private let beginning: PlannedNetwork?
  private let components: [PlannedNetwork]
  private let end: PlannedNetwork?

  /// - Parameter name: the network's, for people.
  init(_ parts: SectionedNetwork, _ name: String, for stage: EngineStage, among residents: ResidentNetworks) {
    func part(_ part: String) -> PlannedNetwork { PlannedNetwork("\(name)'s \(part)", for: stage, among: residents) }
    self.parts = parts
    beginning = parts.beginning.map { _ in part("beginning") }
    components = parts.sections.indices.map { part("section \($0)") }
    end = parts.end.map { _ in part("end") }
  }

  /// What of it may be in memory.
  var networks: [PlannedNetwork] { [beginning].compactMap { $0 } + components + [end].compactMap { $0 } }

  func drop() {
    for network in networks { network.drop() }
  }

  /// The network's result for one picture.
  ///
  /// - Parameters:
  ///   - inputs: one of them is the network's own, [1, H, W, C].
  ///   - tile: latent positions along one side of a tile.
  /// - Throws: `CancellationError` between two tiles, and what the backend throws.
  func run(
    _ inputs: [String: HostTensor], tile: Int, seamless: SeamlessAxes, _ context: PlanningContext
  ) throws -> HostTensor {
    guard let input = inputs[parts.input] else { throw GraphError("a network in tiles was not given \(parts.input)") }
    defer {
      for network in networks { network.dropPlans() }
    }
    func release(_ network: PlannedNetwork) {
      if context.savesMemory { network.drop() } else { network.dropPlans() }
    }
    func whole(
      _ network: PlannedNetwork?, _ part: WholePart?, _ x: HostTensor
    ) throws -> HostTensor {
      guard let network, let part else { return x }
      let plan = try network.plan(for: WholeKey(shape: x.shape, seamless: seamless), context) { builder in
        [part.trace(x.shape, seamless, builder)]
      }
      defer { release(network) }
      return try plan.onlyResult([part.input: x])
    }

    var image = HostImage(try whole(beginning, parts.wholeBeginning, input))
    var side = tile * parts.inputReduction
    for (section, component) in zip(parts.sections, components) {
      let pass = SectionPass(section, image.size, side: side, seamless: seamless)
      try component.prepareWeights(context) { [pass.trace(.result, $0)] }
      image = try pass.run(image, component, context)
      release(component)
      side = section.scale(side)
    }
    return try whole(end, parts.wholeEnd, image.tensor)
  }

  /// What makes the plan of a part that runs on the whole another one.
  private struct WholeKey: Hashable, CustomStringConvertible {
    let shape: Shape, seamless: SeamlessAxes
    var description: String { "\(shape)" }
  }
}

/// A part of a network that runs on the whole image.
struct WholePart {
  let input: String
  let part: @Sendable (Tensor) -> Tensor

  func trace(_ shape: Shape, _ seamless: SeamlessAxes, _ builder: GraphBuilder) -> Tensor {
    builder.wrappedAxes = seamless.imageAxes
    return part(builder.input(input, shape))
  }
}

extension SectionedNetwork {
  var wholeBeginning: WholePart? { beginning.map { WholePart(input: input, part: $0) } }
  var wholeEnd: WholePart? { end.map { WholePart(input: "x", part: $0) } }
}
