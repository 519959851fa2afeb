package import ImagineCheckpoint
package import ImagineGraph

/// The structure of an image encoder, read off its weights.
extension CLIPVisionModel.Configuration {
  /// - Parameters:
  ///   - shapes: by canonical path.
  ///   - own: the file's configuration; nil for none.
  package init(_ shapes: [String: Shape], own: JSONValue?) throws {
    self.init()
    let component = "image_encoder", root = "image_encoder.vision_model"
    // A whole CLIP describes both of its halves.
    let own = own?["vision_config"] ?? own
    if let own { try SettingTable.imageEncoder.check(own) }
    let layout = CheckpointLayout(shapes: shapes, configurations: own.map { [component: $0] } ?? [:])
    hiddenSize = try layout.width("\(root).embeddings.patch_embedding.weight", 0) ?? hiddenSize
    patchSize = try layout.width("\(root).embeddings.patch_embedding.weight", 2) ?? patchSize
    let tokens = try layout.width("\(root).embeddings.position_embedding.weight", 0) ?? 257
    let side = Int(Double(tokens - 1).squareRoot())
    try require(
      side >= 1 && side * side == tokens - 1, "the image encoder has \(tokens) positions, which are no square")
    let (size, overflows) = side.multipliedReportingOverflow(by: patchSize)
    try require(
      !overflows && size <= 4096, "the image encoder looks at pictures of \(side) patches of \(patchSize) pixels")
    imageSize = size
    layers = try layout.count(atMost: 128, "layers") { "\(root).encoder.layers.\($0).layer_norm1.weight" }
    intermediateSize = try layout.width("\(root).encoder.layers.0.mlp.fc1.weight", 0) ?? intermediateSize
    projectionWidth = try layout.width("\(component).visual_projection.weight", 0)
    heads =
      try layout.integer(component, "num_attention_heads", in: CheckpointLayout.widths) ?? Self.heads(of: hiddenSize)
    layerNormEpsilon = try layout.number(component, "layer_norm_eps", in: 1e-12...1).map(Float.init) ?? layerNormEpsilon
    activation =
      try layout.choice(component, "hidden_act", among: ["quick_gelu": .quickGELU, "gelu": .gelu])
      ?? (hiddenSize <= 1024 && patchSize == 14 ? .quickGELU : .gelu)
    try require(layers >= 2, "the image encoder has \(layers) layers")
    try require(divides(heads, hiddenSize), "\(heads) heads do not divide \(hiddenSize) channels")
  }

  /// What no shape shows: ViT-H/14 and ViT-bigG/14 have 16 heads of 80 and 104 channels; the smaller ones heads of 64.
  private static func heads(of width: Int) -> Int { width >= 1280 ? 16 : max(width / 64, 1) }
}

extension SettingTable {
  static let imageEncoder = SettingTable(
    place: "image_encoder",
    rules: SettingTable.textEncoder.rules.merging(
      [
        "model_type": .only(.words("clip_vision_model")), "image_size": .harmless, "patch_size": .harmless,
        "num_channels": .only([.int(3)]),
      ]) { $1 })
}

extension Network {
  /// Takes `pixels` [1, S, S, 3], normalised; gives the vectors before the last layer and the picture as one vector.
  package static func imageEncoder(_ model: CLIPVisionModel) -> Network {
    let size = model.configuration.imageSize
    return Network(role: .imageEncoder, name: "image encoder", prefixes: ["image_encoder."]) { _, builder in
      let (hidden, embedding) = model(builder.input("pixels", [1, size, size, 3]))
      return [hidden] + [embedding].compactMap { $0 }
    }
  }
}
