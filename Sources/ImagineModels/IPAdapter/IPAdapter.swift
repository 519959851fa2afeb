import ImagineCheckpoint
package import ImagineGraph

/// Pictures as a prompt: what the cross-attentions of a UNet look at beside the words (Ye et al. 2023, IP-Adapter).
///
/// The keys and values of each attention depend on the pictures alone, so they are one network, run once.
package struct IPAdapter {
  package struct Configuration: Sendable, Hashable {
    /// What the projection is of.
    package enum Kind: Sendable, Hashable {
      case plain
      case resampler(ResamplerStructure)
      case full
    }

    package struct ResamplerStructure: Sendable, Hashable {
      package var tokens = 16
      package var width = 768
      package var layers = 4
      package var heads = 12
      /// Channels of a head.
      package var headWidth = 64
      /// Width of the networks after attention.
      package var hidden = 3072
    }

    package var kind = Kind.plain
    /// Width of what the image encoder gives.
    package var pictureWidth = 1024
    /// Width of the tokens, which is that of the prompt's.
    package var tokenWidth = 768
    /// Tokens of a picture as one vector.
    package var plainTokens = 4
    /// Width of the keys and values of each attention: down blocks, up blocks, middle.
    package var attentionWidths: [Int] = []

    package init() {}

    /// Whether it looks at the picture as one vector, rather than at the vectors before the encoder's last layer.
    package var takesEmbedding: Bool { kind == .plain }

    /// Tokens of one picture.
    ///
    /// - Parameter patches: vectors that the image encoder gives.
    package func tokens(patches: Int) -> Int {
      switch kind {
      case .plain: plainTokens
      case .resampler(let structure): structure.tokens
      case .full: patches
      }
    }
  }

  package let configuration: Configuration
  let projection: ImageProjection
  let keys: [Linear], values: [Linear]

  package init(_ weights: Weights, _ configuration: Configuration) {
    self.configuration = configuration
    let inner = weights["image_proj"], inputs = configuration.pictureWidth, outputs = configuration.tokenWidth
    projection =
      switch configuration.kind {
      case .plain: .plain(PlainProjection(inner, in: inputs, out: outputs, tokens: configuration.plainTokens))
      case .resampler(let structure): .resampler(Resampler(inner, structure, in: inputs, out: outputs))
      case .full: .full(FullProjection(inner, in: inputs, out: outputs))
      }
    keys = configuration.attentionWidths.enumerated().map { index, width in
      Linear(weights["attentions", index]["to_k_ip"], in: outputs, out: width, bias: false)
    }
    values = configuration.attentionWidths.enumerated().map { index, width in
      Linear(weights["attentions", index]["to_v_ip"], in: outputs, out: width, bias: false)
    }
  }

  /// pictures [N, E] or [N, T, C] -> the tokens of all [N, tokens, D].
  package func tokens(_ pictures: Tensor) -> Tensor { projection(pictures) }

  /// -> for each attention the keys and then the values of all pictures together, [1, N * tokens, width] in 32-bit floats.
  package func callAsFunction(_ pictures: Tensor) -> [Tensor] {
    let tokens = projection(pictures)
    let all = tokens.reshaped([1, tokens.shape[0] * tokens.shape[1], tokens.shape[2]])
    return zip(keys, values).flatMap { [$0(all).cast(to: .float32), $1(all).cast(to: .float32)] }
  }
}

/// The structure of an IP-Adapter, read off its weights.
extension IPAdapter.Configuration {
  /// - Parameter shapes: by canonical path.
  package init(_ shapes: [String: Shape]) throws {
    self.init()
    let layout = CheckpointLayout(shapes: shapes, configurations: [:]), root = "ip_adapter.image_proj"
    let count = try layout.count(atMost: 256, "attentions") { "ip_adapter.attentions.\($0).to_k_ip.weight" }
    attentionWidths = try (0..<count).compactMap { try layout.width("ip_adapter.attentions.\($0).to_k_ip.weight", 0) }
    tokenWidth = try layout.width("ip_adapter.attentions.0.to_k_ip.weight", 1) ?? tokenWidth
    try require(count > 0 && attentionWidths.count == count, "it has no keys for the first attention of a UNet")
    if shapes["\(root).latents"] != nil {
      var structure = ResamplerStructure()
      structure.tokens = try layout.width("\(root).latents", 1) ?? structure.tokens
      structure.width = try layout.width("\(root).latents", 2) ?? structure.width
      structure.layers = try layout.count(atMost: 64, "layers") { "\(root).layers.\($0).attn.to_q.weight" }
      let inner = try layout.width("\(root).layers.0.attn.to_q.weight", 0) ?? structure.heads * structure.headWidth
      // As diffusers reads it: heads of 64.
      structure.headWidth = min(64, inner)
      structure.heads = inner / structure.headWidth
      try require(
        structure.heads * structure.headWidth == inner, "its resampler has \(inner) channels, which are no heads of 64")
      structure.hidden = try layout.width("\(root).layers.0.ff.1.net.0.proj.weight", 0) ?? structure.hidden
      pictureWidth = try layout.width("\(root).proj_in.weight", 1) ?? pictureWidth
      kind = .resampler(structure)
    } else if shapes["\(root).ff.net.0.proj.weight"] != nil {
      kind = .full
      pictureWidth = try layout.width("\(root).ff.net.0.proj.weight", 1) ?? pictureWidth
    } else {
      pictureWidth = try layout.width("\(root).image_embeds.weight", 1) ?? pictureWidth
      let numbers = try layout.width("\(root).image_embeds.weight", 0) ?? plainTokens * tokenWidth
      try require(
        divides(tokenWidth, numbers), "its projection gives \(numbers) numbers, which are no tokens of \(tokenWidth)")
      plainTokens = numbers / tokenWidth
    }
  }

  /// - Parameter name: of its file.
  /// - Throws: `ModelError` if it was not made for such a UNet.
  package func requireFit(_ base: PartBase, name: String) throws {
    guard tokenWidth == base.context, attentionWidths == base.crossAttentions.map(\.channels) else {
      throw base.misfit("IP-Adapter", name, PartBase.family(tokenWidth))
    }
  }
}

extension Network {
  /// Takes `pictures` [rows, E] or [rows, T, C] of the image encoder; gives keys and values; see `IPAdapter`.
  ///
  /// - Parameter patches: vectors that the image encoder gives of a picture.
  package static func ipAdapter(_ model: IPAdapter, patches: Int) -> Network {
    let configuration = model.configuration
    return Network(role: .imagePrompt, name: "IP-Adapter", prefixes: ["ip_adapter."]) { shape, builder in
      let pictures: Shape =
        configuration.takesEmbedding
        ? [shape.rows, configuration.pictureWidth] : [shape.rows, patches, configuration.pictureWidth]
      return model(builder.input("pictures", pictures))
    }
  }
}
