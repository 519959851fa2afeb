package import ImagineGraph

/// The network of an image upscaler as a value, and how pictures go through it.
package struct UpscalerNetwork: Sendable {
  /// What the network is called, for people.
  package let architecture: String
  /// Channels of pictures on both sides: 3, or 1 for grey ones.
  package let channels: Int
  /// How much larger the result is than the picture.
  package let scale: Int
  /// What height and width of a picture have to be multiples of.
  package let multiple: Int
  /// Positions around a tile that its result depends on noticeably, a multiple of `multiple`. What lies further away changes
  /// less than pictures of 8 bits show.
  package let overlap: Int
  /// What weights are multiplied by as they are read, by path: see `ScaledWeights`.
  package let factors: [String: Float]
  /// What of the file fits, by name.
  package let report: WeightReport
  /// The shapes of all weights that the network reads, by path.
  package let parameters: [String: Shape]
  private let body: @Sendable (Tensor) -> Tensor
  private let steadyValues: @Sendable (_ height: Int, _ width: Int) -> [String: HostTensor]

  /// The name of the picture among the network's inputs.
  package static let input = "pixels"

  init(
    _ architecture: String, channels: Int, scale: Int, multiple: Int, overlap: Int, factors: [String: Float] = [:],
    _ inventory: WeightInventory,
    steadyValues: @escaping @Sendable (_ height: Int, _ width: Int) -> [String: HostTensor] = { _, _ in [:] },
    body: @escaping @Sendable (Tensor) -> Tensor
  ) {
    self.architecture = architecture
    self.channels = channels
    self.scale = scale
    self.multiple = multiple
    self.overlap = overlap
    self.factors = factors
    report = inventory.report
    parameters = inventory.requested
    self.steadyValues = steadyValues
    self.body = body
  }

  /// pixels [rows, height, width, channels] in 0...1 -> [rows, height * scale, width * scale, channels], in 32-bit floats and
  /// not clamped.
  package func trace(rows: Int = 1, height: Int, width: Int, _ builder: GraphBuilder) -> Tensor {
    body(builder.input(Self.input, [rows, height, width, channels]))
  }

  /// The values of all inputs but the picture.
  package func steadyInputs(height: Int, width: Int) -> [String: HostTensor] { steadyValues(height, width) }
}

extension UpscalerNetwork {
  /// As it is run, of pictures of `NetworkShape`'s rows, height and width in pixels.
  package var network: Network {
    Network(role: .upscaler, name: "upscaler", prefixes: ["upscaler."]) { shape, builder in
      [trace(rows: shape.rows, height: shape.height, width: shape.width, builder)]
    }.reading(parameters)
  }
}
