import ImagineCheckpoint
import ImagineGraph

/// The structure of a text encoder, read off its weights.
extension CLIPTextModel.Configuration {
  init(_ layout: CheckpointLayout) throws {
    self.init()
    let root = "text_encoder.text_model"
    vocabularySize = try layout.width("\(root).embeddings.token_embedding.weight", 0) ?? vocabularySize
    hiddenSize = try layout.width("\(root).embeddings.token_embedding.weight", 1) ?? hiddenSize
    maxPositions = try layout.width("\(root).embeddings.position_embedding.weight", 0) ?? maxPositions
    layers = try layout.count(atMost: 128, "layers in its text encoder") {
      "\(root).encoder.layers.\($0).layer_norm1.weight"
    }
    intermediateSize = try layout.width("\(root).encoder.layers.0.mlp.fc1.weight", 0) ?? intermediateSize
    heads =
      try layout.integer("text_encoder", "num_attention_heads", in: CheckpointLayout.widths) ?? max(hiddenSize / 64, 1)
    layerNormEpsilon =
      try layout.number("text_encoder", "layer_norm_eps", in: 1e-12...1).map(Float.init) ?? layerNormEpsilon
    activation = try layout.choice("text_encoder", "hidden_act", among: Self.activations) ?? activation

    try require(divides(heads, hiddenSize), "\(heads) heads do not divide \(hiddenSize) text channels")
    try require(vocabularySize == 49408, "its vocabulary has \(vocabularySize) tokens, not CLIP's 49408")
    try require(maxPositions == 77, "its text encoder has \(maxPositions) positions, not 77")
    try require(layers >= 1, "its text encoder has no layers")
  }

  /// transformers' names of activations.
  private static let activations: [String: Activation] = ["quick_gelu": .quickGELU, "gelu": .gelu, "silu": .silu]
}
