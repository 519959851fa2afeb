/// Names of CLIP's image encoders: transformers' and OpenCLIP's, to transformers'.
struct CLIPVisionKeyMap: PartKeyMap {
  func place(_ name: String) -> PartNames.Placement {
    if IgnorableNames.contains(name) { return .elsewhere }
    for kind in ["weight", "bias"] where name == "visual_projection.\(kind)" { return .whole(name) }
    if name.hasPrefix("vision_model.") { return .whole(name) }
    if name.hasPrefix("visual.") { return openCLIP(String(name.dropFirst("visual.".count))) }
    // The other half of CLIP.
    let isText = [
      "text_model.", "text_projection", "transformer.", "token_embedding.", "positional_embedding", "ln_final.",
    ]
    .contains { name.hasPrefix($0) }
    return isText ? .elsewhere : .unrecognised
  }

  private func openCLIP(_ name: String) -> PartNames.Placement {
    if let known = Self.names[name] { return .whole(known) }
    if name == "proj" { return .tensors([("visual_projection.weight", .transposed)]) }
    let blocks = "transformer.resblocks."
    let path = name.dropFirst(blocks.count).split(separator: ".", maxSplits: 1)
    guard name.hasPrefix(blocks), path.count == 2, path[0].nonNegativeInteger != nil else { return .unrecognised }
    let layer = "vision_model.encoder.layers.\(path[0])"
    for kind in ["weight", "bias"] where path[1] == "attn.in_proj_\(kind)" {
      return .tensors(["q", "k", "v"].enumerated().map { ("\(layer).self_attn.\($1)_proj.\(kind)", .third($0)) })
    }
    guard let part = CLIPKeyMap.layerParts.first(where: { path[1].hasPrefix($0.openCLIP) }) else {
      return .unrecognised
    }
    return .whole("\(layer).\(part.canonical)\(path[1].dropFirst(part.openCLIP.count))")
  }

  private static let names = [
    "conv1.weight": "vision_model.embeddings.patch_embedding.weight",
    "class_embedding": "vision_model.embeddings.class_embedding",
    "positional_embedding": "vision_model.embeddings.position_embedding.weight",
    "ln_pre.weight": "vision_model.pre_layrnorm.weight", "ln_pre.bias": "vision_model.pre_layrnorm.bias",
    "ln_post.weight": "vision_model.post_layernorm.weight", "ln_post.bias": "vision_model.post_layernorm.bias",
  ]
}
