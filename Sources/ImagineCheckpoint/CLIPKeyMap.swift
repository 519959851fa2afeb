/// Names of CLIP text encoders: transformers (with and without `text_model.`) and OpenCLIP, to transformers.
enum CLIPKeyMap {
  /// The canonical tensors that a source tensor holds; nil when the name belongs to no CLIP text encoder.
  static func canonical(_ name: String) -> [(name: String, part: TensorPart)]? {
    // Programs that wrap an encoder put this before transformers' names; it begins OpenCLIP's own.
    if name.hasPrefix("transformer."), !name.hasPrefix(blocks) { return canonical(String(name.dropFirst(12))) }
    if name == "text_projection.weight" { return [(name, .whole)] }
    // transformers 5 and very old merges leave the prefix out.
    let inner = name.hasPrefix("text_model.") ? String(name.dropFirst("text_model.".count)) : name
    if let fused = fused(inner) { return fused }
    // OpenCLIP multiplies by this matrix from the right, a linear layer by its transpose.
    if inner == "text_projection" { return [("text_projection.weight", .transposed)] }
    if isTransformersName(inner) { return [("text_model.\(inner)", .whole)] }
    return openCLIP(name)
  }

  private static let blocks = "transformer.resblocks."

  /// stable-diffusion.cpp keeps OpenCLIP's joined matrices under transformers' names.
  private static func fused(_ name: String) -> [(name: String, part: TensorPart)]? {
    for kind in ["weight", "bias"]
    where name.hasPrefix("encoder.layers.") && name.hasSuffix(".self_attn.in_proj.\(kind)") {
      let layer = name.dropLast(".self_attn.in_proj.\(kind)".count)
      return thirds(of: "text_model.\(layer)", kind)
    }
    return nil
  }

  private static func thirds(of layer: String, _ kind: String) -> [(name: String, part: TensorPart)] {
    ["q", "k", "v"].enumerated().map { ("\(layer).self_attn.\($1)_proj.\(kind)", .third($0)) }
  }

  private static func isTransformersName(_ name: String) -> Bool {
    let path = name.split(separator: ".", omittingEmptySubsequences: false)
    switch path.first {
    case "embeddings":
      return name == "embeddings.token_embedding.weight" || name == "embeddings.position_embedding.weight"
    case "final_layer_norm": return path.count == 2
    case "encoder":
      return path.count >= 5 && path[1] == "layers" && path[2].nonNegativeInteger != nil
        && ["layer_norm1", "layer_norm2", "self_attn", "mlp"].contains(path[3])
    default: return false
    }
  }

  private static func openCLIP(_ name: String) -> [(name: String, part: TensorPart)]? {
    switch name {
    case "positional_embedding": return [("text_model.embeddings.position_embedding.weight", .whole)]
    case "token_embedding.weight": return [("text_model.embeddings.token_embedding.weight", .whole)]
    case "ln_final.weight": return [("text_model.final_layer_norm.weight", .whole)]
    case "ln_final.bias": return [("text_model.final_layer_norm.bias", .whole)]
    default: break
    }
    guard name.hasPrefix(blocks) else { return nil }
    let path = name.dropFirst(blocks.count).split(separator: ".", maxSplits: 1)
    guard path.count == 2, path[0].nonNegativeInteger != nil else { return nil }
    let layer = "text_model.encoder.layers.\(path[0])"
    for kind in ["weight", "bias"] where path[1] == "attn.in_proj_\(kind)" {
      return thirds(of: layer, kind)
    }
    guard let part = layerParts.first(where: { path[1].hasPrefix($0.openCLIP) }) else { return nil }
    return [("\(layer).\(part.canonical)\(path[1].dropFirst(part.openCLIP.count))", .whole)]
  }

  static let layerParts: [(openCLIP: String, canonical: String)] = [
    ("ln_1.", "layer_norm1."), ("ln_2.", "layer_norm2."), ("attn.out_proj.", "self_attn.out_proj."),
    ("mlp.c_fc.", "mlp.fc1."), ("mlp.c_proj.", "mlp.fc2."),
  ]
}
