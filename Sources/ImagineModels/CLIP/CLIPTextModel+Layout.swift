import ImagineCheckpoint
import ImagineGraph

/// The structure of a text encoder, read off its weights.
extension CLIPTextModel.Configuration {
  /// - Parameter component: whose weights and notes: `text_encoder` or `text_encoder_2`.
  init(_ layout: CheckpointLayout, component: String = "text_encoder") throws {
    self.init()
    let root = "\(component).text_model"
    let name = component == "text_encoder" ? "its text encoder" : "its second text encoder"
    vocabularySize = try layout.width("\(root).embeddings.token_embedding.weight", 0) ?? vocabularySize
    hiddenSize = try layout.width("\(root).embeddings.token_embedding.weight", 1) ?? hiddenSize
    maxPositions = try layout.width("\(root).embeddings.position_embedding.weight", 0) ?? maxPositions
    layers = try layout.count(atMost: 128, "layers in \(name)") { "\(root).encoder.layers.\($0).layer_norm1.weight" }
    intermediateSize = try layout.width("\(root).encoder.layers.0.mlp.fc1.weight", 0) ?? intermediateSize
    projectionWidth = try layout.width("\(component).text_projection.weight", 0)
    heads = try layout.integer(component, "num_attention_heads", in: CheckpointLayout.widths) ?? max(hiddenSize / 64, 1)
    layerNormEpsilon = try layout.number(component, "layer_norm_eps", in: 1e-12...1).map(Float.init) ?? layerNormEpsilon
    activation =
      try layout.choice(component, "hidden_act", among: Self.activations)
      ?? Self.activation(ofWidth: hiddenSize)

    try require(divides(heads, hiddenSize), "\(heads) heads do not divide \(hiddenSize) text channels")
    // Tokens of textual inversions may stand behind CLIP's own.
    try require(vocabularySize >= 49408, "\(name) knows \(vocabularySize) tokens, not CLIP's 49408")
    try require(maxPositions == 77, "\(name) has \(maxPositions) positions, not 77")
    try require(layers >= 1, "\(name) has no layers")
  }

  /// What no weight shows: OpenAI's CLIP, up to 768 channels wide, was trained with an approximation of gelu, and the
  /// wider ones of OpenCLIP with gelu itself.
  private static func activation(ofWidth width: Int) -> Activation { width <= 768 ? .quickGELU : .gelu }

  /// transformers' names of activations.
  private static let activations: [String: Activation] = ["quick_gelu": .quickGELU, "gelu": .gelu, "silu": .silu]
}
