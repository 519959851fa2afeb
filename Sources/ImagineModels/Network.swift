package import ImagineGraph

/// One network of a model: what it is for, and how it is traced.
///
/// Whatever runs, counts or measures networks goes by this alone; what a network is made of it does not see.
package struct Network: Sendable {
  /// What a network is for.
  package enum Role: Sendable, Hashable {
    /// Reads prompts. A model may have several, numbered from 0; each gives `context` and, if it is asked for, `pooled`.
    case textEncoder(Int)
    /// Predicts from noisy latents: run at every step.
    case denoiser
    /// Latents to a picture.
    case decoder
    /// A picture to latents.
    case encoder
    /// Residuals for the denoiser's skips, from noisy latents and a picture that guides them (ControlNet): run at steps.
    case control
    /// Features for the denoiser's levels, from a picture that guides it (T2I-Adapter): run once for a picture.
    case features
    /// What a picture shows, as vectors (CLIP vision).
    case imageEncoder
    /// Keys and values for the denoiser's attention, from such vectors (IP-Adapter).
    case imagePrompt
    /// A picture to a larger one.
    case upscaler
  }

  package let role: Role
  /// For people to read, such as `UNet`.
  package let name: String
  private let body: @Sendable (NetworkShape, GraphBuilder) -> [Tensor]
  /// How the paths of its weights begin.
  package let prefixes: [String]
  /// The shapes of the weights that it reads, by path.
  package fileprivate(set) var parameters: [String: Shape] = [:]
  /// How the network is run on a part of a picture at a time; nil where it has to be run on the whole.
  package var tiling: SectionedNetwork?
  /// Whether a run takes next to nothing beside a step of the denoiser.
  package var isQuick = false

  package init(
    role: Role, name: String, prefixes: [String], trace: @escaping @Sendable (NetworkShape, GraphBuilder) -> [Tensor]
  ) {
    self.role = role
    self.name = name
    self.prefixes = prefixes
    body = trace
  }

  /// The network on symbolic inputs of a shape. Inputs have the names and shapes that `NetworkShape` tells of.
  package func trace(_ shape: NetworkShape, _ builder: GraphBuilder) -> [Tensor] {
    builder.wrappedAxes = shape.seamless.imageAxes
    return body(shape, builder)
  }

  /// The network as a graph of its own.
  package func graph(_ shape: NetworkShape, _ precision: Precision) throws(GraphError) -> Graph {
    let builder = GraphBuilder(precision: precision)
    return try builder.finish(trace(shape, builder))
  }
}

extension Network {
  /// The same with those of a model's weights that are its own.
  func reading(_ parameters: [String: Shape]) -> Network {
    var network = self
    network.parameters = parameters.filter { path, _ in prefixes.contains { path.hasPrefix($0) } }
    return network
  }
}

/// Everything about a request that a network's graph depends on; each network looks at what concerns it.
///
/// - text encoders: `ids` [rows, 77] (and `pooling` [rows, 1, 77] where a pooled vector is asked for)
/// - denoiser: `latents` [rows, height, width, channels], `timestep` [rows], `context` [rows, tokens, D], and what the
///   model's `Conditioning` and the `additions` add
/// - decoder: `latents` [rows, height, width, channels]
/// - encoder: `pixels` [rows, height * reduction, width * reduction, 3]
/// - upscaler: `pixels` [rows, height, width, channels], and what its model's `steadyInputs` has
package struct NetworkShape: Sendable, Hashable {
  /// Pictures, or prompts, at once.
  package var rows = 1
  /// Rows of latent positions.
  package var height = 0
  /// Columns of latent positions.
  package var width = 0
  /// Tokens of a prompt, in sequences of 77.
  package var tokens = 77
  /// Layers at the end of a text encoder that are left out.
  package var skippedLayers = 0
  /// The axes along which every convolution goes on at the opposite edge.
  package var seamless: SeamlessAxes = []
  /// What a denoiser is given beside prompts.
  package var additions = DenoiserAdditions()

  package init(
    rows: Int = 1, height: Int = 0, width: Int = 0, tokens: Int = 77, skippedLayers: Int = 0,
    seamless: SeamlessAxes = []
  ) {
    self.rows = rows
    self.height = height
    self.width = width
    self.tokens = tokens
    self.skippedLayers = skippedLayers
    self.seamless = seamless
  }

  /// The same for another number of pictures or prompts.
  package func with(rows: Int) -> NetworkShape {
    var shape = self
    shape.rows = rows
    return shape
  }
}
