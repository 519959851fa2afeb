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

    package init() {}
  }

  package let configuration: Configuration
  let tokenEmbedding: Parameter
  let positionEmbedding: Parameter
  let layers: [CLIPEncoderLayer]
  let finalLayerNorm: LayerNorm

  /// - Parameter weights: those inside `text_model`.
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
  }

  /// ids [N, T], T being `maxPositions` -> [N, T, C] in 32-bit floats: the last hidden state, normalised.
  package func callAsFunction(_ ids: Tensor) -> Tensor {
    let positions = ids.builder.parameter(positionEmbedding).asActivation()
    var h = ids.embedded(in: tokenEmbedding) + positions.reshaped([1, positions.shape[0], positions.shape[1]])
    for layer in layers { h = layer(h) }
    return finalLayerNorm(h).cast(to: .float32)
  }
}

/// Causal self-attention and a two-layer network, each normalised and added.
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

  func callAsFunction(_ x: Tensor) -> Tensor {
    let normalised = layerNorm1(x)
    let attended = queries(normalised).attention(
      keys: keys(normalised), values: values(normalised), heads: heads, causal: true)
    let h = output(attended) + x
    return fc2(fc1(layerNorm2(h)).activation(activation)) + h
  }
}
