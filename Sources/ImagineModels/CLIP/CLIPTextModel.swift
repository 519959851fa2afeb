package import ImagineGraph

/// The text encoder: token ids to the vectors the denoiser attends to.
///
/// Structure and weight paths are those of transformers' `CLIPTextModel`.
package struct CLIPTextModel {
  package struct Configuration: Sendable, Hashable {
    package var vocabularySize = 49408
    package var maxPositions = 77
    package var hiddenSize = 768
    package var intermediateSize = 3072
    package var layers = 12
    package var heads = 12
    package var activation = Activation.quickGELU
    package var layerNormEpsilon: Float = 1e-5
    /// Width of a prompt as a single vector, where the model has a projection to one.
    package var projectionWidth: Int?

    package init() {}
  }

  /// What a model that was trained on this encoder takes from it.
  package struct Output: Sendable, Hashable {
    /// How many layers before the last one the prompt's vectors leave: 0 is after the last, 1 the penultimate.
    package var skippedLayers = 0
    /// Whether the vectors are normalised as the last layer's are.
    package var isNormalised = true
    /// Whether the prompt is wanted as a single vector, too.
    package var isPooled = false

    package init(skippedLayers: Int = 0, isNormalised: Bool = true, isPooled: Bool = false) {
      self.skippedLayers = skippedLayers
      self.isNormalised = isNormalised
      self.isPooled = isPooled
    }
  }

  package let configuration: Configuration
  let tokenEmbedding: Parameter
  let positionEmbedding: Parameter
  let layers: [CLIPEncoderLayer]
  let finalLayerNorm: LayerNorm
  let textProjection: Linear?

  /// - Parameter weights: those inside `text_model`; the projection lies beside it.
  package init(_ weights: Weights, _ configuration: Configuration) {
    self.configuration = configuration
    let width = configuration.hiddenSize
    tokenEmbedding = weights["embeddings.token_embedding"].parameter(
      "weight", [configuration.vocabularySize, width])
    positionEmbedding = weights["embeddings.position_embedding"].parameter(
      "weight", [configuration.maxPositions, width])
    layers = (0..<configuration.layers).map { CLIPEncoderLayer(weights["encoder.layers", $0], configuration) }
    finalLayerNorm = LayerNorm(
      weights["final_layer_norm"], channels: width, epsilon: configuration.layerNormEpsilon)
    textProjection = configuration.projectionWidth.map {
      Linear(weights.beside("text_projection"), in: width, out: $0, bias: false)
    }
  }

  /// ids [N, T], T being `maxPositions` -> the prompts' vectors `hidden` [N, T, C] and, where asked for, each prompt as a
  /// single vector `pooled` [N, P], in 32-bit floats.
  ///
  /// Layers behind everything that is asked for are not computed.
  ///
  /// - Parameters:
  ///   - inserted: vectors [N, T, C] in place of some tokens' own (textual inversion), zero elsewhere, and [N, T, 1], 0 at
  ///     those tokens and 1 elsewhere.
  ///   - pooling: [N, 1, T], 1 at the token that ends the prompt and 0 elsewhere, so that the product with it is the
  ///     last layer's vector of that token, in every precision. It is normalised, and projected if the model has a projection.
  package func callAsFunction(
    _ ids: Tensor, _ output: Output = Output(), inserted: (vectors: Tensor, kept: Tensor)? = nil, pooling: Tensor? = nil
  ) -> (hidden: Tensor, pooled: Tensor?) {
    if !(0...layers.count).contains(output.skippedLayers) {
      ids.builder.note(
        GraphError("of \(layers.count) layers of a text encoder \(output.skippedLayers) cannot be left out"))
    }
    let positions = ids.builder.parameter(positionEmbedding).asActivation()
    var tokens = ids.embedded(in: tokenEmbedding)
    if let inserted { tokens = tokens * inserted.kept.asActivation() + inserted.vectors.asActivation() }
    let embedded = tokens + positions.reshaped([1, positions.shape[0], positions.shape[1]])
    let count = layers.count - min(max(output.skippedLayers, 0), layers.count)
    let hidden = layers.prefix(count).reduce(embedded) { $1($0) }
    let normalised = output.isNormalised ? finalLayerNorm(hidden) : hidden
    guard output.isPooled else { return (normalised.cast(to: .float32), nil) }
    guard let pooling else {
      ids.builder.note(GraphError("the text encoder was not told which token ends the prompt"))
      return (normalised.cast(to: .float32), hidden)
    }
    let last = layers.dropFirst(count).reduce(hidden) { $1($0) }
    let ending = finalLayerNorm(pooling.asActivation().matmul(last)).reshaped([ids.shape[0], last.shape.last])
    return (normalised.cast(to: .float32), (textProjection?(ending) ?? ending).cast(to: .float32))
  }
}

/// Self-attention, causal unless told otherwise, and a two-layer network, each normalised and added.
package struct CLIPEncoderLayer {
  let layerNorm1: LayerNorm, layerNorm2: LayerNorm
  let queries: Linear, keys: Linear, values: Linear, output: Linear
  let fc1: Linear, fc2: Linear
  let heads: Int
  let activation: Activation

  init(_ weights: Weights, _ configuration: CLIPTextModel.Configuration) {
    let width = configuration.hiddenSize
    let attention = weights["self_attn"]
    layerNorm1 = LayerNorm(weights["layer_norm1"], channels: width, epsilon: configuration.layerNormEpsilon)
    queries = Linear(attention["q_proj"], in: width, out: width)
    keys = Linear(attention["k_proj"], in: width, out: width)
    values = Linear(attention["v_proj"], in: width, out: width)
    output = Linear(attention["out_proj"], in: width, out: width)
    layerNorm2 = LayerNorm(weights["layer_norm2"], channels: width, epsilon: configuration.layerNormEpsilon)
    fc1 = Linear(weights["mlp.fc1"], in: width, out: configuration.intermediateSize)
    fc2 = Linear(weights["mlp.fc2"], in: configuration.intermediateSize, out: width)
    heads = configuration.heads
    activation = configuration.activation
  }

  func callAsFunction(_ x: Tensor, causal: Bool = true) -> Tensor {
    let normalised = layerNorm1(x)
    let attended = queries(normalised).attention(
      keys: keys(normalised), values: values(normalised), heads: heads, causal: causal)
    let h = output(attended) + x
    return fc2(fc1(layerNorm2(h)).activation(activation)) + h
  }
}
