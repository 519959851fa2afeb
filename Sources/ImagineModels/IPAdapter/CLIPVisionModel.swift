package import ImagineGraph

/// CLIP's image encoder: a picture to one vector, and to a vector for each of its patches.
///
/// Structure and weight paths are those of transformers' `CLIPVisionModelWithProjection`.
package struct CLIPVisionModel {
  package struct Configuration: Sendable, Hashable {
    /// Pixels along one side of the picture, and of a patch.
    package var imageSize = 224
    package var patchSize = 14
    package var hiddenSize = 1280
    package var intermediateSize = 5120
    package var layers = 32
    package var heads = 16
    package var activation = Activation.gelu
    package var layerNormEpsilon: Float = 1e-5
    /// Width of the picture as one vector; nil for files without the projection.
    package var projectionWidth: Int? = 1024

    package init() {}

    /// Vectors of a picture: one for each patch, and one for all of it before them.
    package var tokens: Int { (imageSize / patchSize) * (imageSize / patchSize) + 1 }
  }

  package let configuration: Configuration
  let patchEmbedding: Conv2d
  let classEmbedding: Parameter
  let positionEmbedding: Parameter
  let preLayerNorm: LayerNorm, postLayerNorm: LayerNorm
  let layers: [CLIPEncoderLayer]
  let projection: Linear?

  /// - Parameter weights: the root, in which `vision_model` lies.
  package init(_ weights: Weights, _ configuration: Configuration) {
    self.configuration = configuration
    let width = configuration.hiddenSize, inner = weights["vision_model"]
    patchEmbedding = Conv2d(
      inner["embeddings.patch_embedding"], in: 3, out: width, kernel: configuration.patchSize,
      stride: configuration.patchSize, padding: .init(0), bias: false)
    classEmbedding = inner["embeddings"].parameter("class_embedding", [width])
    positionEmbedding = inner["embeddings.position_embedding"].parameter("weight", [configuration.tokens, width])
    // The name is misspelt in transformers, and so in every file.
    preLayerNorm = LayerNorm(inner["pre_layrnorm"], channels: width, epsilon: configuration.layerNormEpsilon)
    var text = CLIPTextModel.Configuration()
    text.hiddenSize = width
    text.intermediateSize = configuration.intermediateSize
    text.heads = configuration.heads
    text.activation = configuration.activation
    text.layerNormEpsilon = configuration.layerNormEpsilon
    layers = (0..<configuration.layers).map { CLIPEncoderLayer(inner["encoder.layers", $0], text) }
    postLayerNorm = LayerNorm(inner["post_layernorm"], channels: width, epsilon: configuration.layerNormEpsilon)
    projection = configuration.projectionWidth.map {
      Linear(weights["visual_projection"], in: width, out: $0, bias: false)
    }
  }

  /// pixels [1, S, S, 3], normalised as `CLIPPicture` does -> the vectors before the last layer `hidden` [1, T, C], and for
  /// a model with a projection the picture as one vector [1, P], both in 32-bit floats.
  package func callAsFunction(_ pixels: Tensor) -> (hidden: Tensor, embedding: Tensor?) {
    let builder = pixels.builder, width = configuration.hiddenSize
    let patches = patchEmbedding(pixels.asActivation()).asTokens()
    let first = builder.parameter(classEmbedding).asActivation().reshaped([1, 1, width])
    let positions = builder.parameter(positionEmbedding).asActivation()
    let embedded = first.concatenated(with: patches, axis: 1) + positions.reshaped([1, configuration.tokens, width])
    var hidden = preLayerNorm(embedded)
    for layer in layers.dropLast() { hidden = layer(hidden, causal: false) }
    let penultimate = hidden
    guard let projection, let last = layers.last else { return (penultimate.cast(to: .float32), nil) }
    let pooled = last(hidden, causal: false).sliced(axis: 1, start: 0, count: 1).reshaped([1, width])
    return (penultimate.cast(to: .float32), projection(postLayerNorm(pooled)).cast(to: .float32))
  }
}
