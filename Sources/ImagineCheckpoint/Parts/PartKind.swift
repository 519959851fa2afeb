/// What a network beside a model is for.
///
/// The raw value is the name that its configuration goes by in the metadata of a single file.
package enum PartKind: String, Sendable, Hashable, CaseIterable {
  case controlNet = "controlnet"
  case t2iAdapter = "t2i_adapter"
  case ipAdapter = "ip_adapter"
  case imageEncoder = "image_encoder"

  /// How the canonical names of its tensors begin.
  package var root: String { rawValue }

  /// In words that fit after "no" and "of".
  package var description: String {
    switch self {
    case .controlNet: "ControlNet"
    case .t2iAdapter: "T2I-Adapter"
    case .ipAdapter: "IP-Adapter"
    case .imageEncoder: "image encoder (CLIP vision)"
    }
  }

  /// Whether there is what a file of the kind has in any case.
  ///
  /// - Parameter shapes: by canonical name.
  func isRecognised(by shapes: [String: [Int]], _ markers: Set<String>) -> Bool {
    switch self {
    case .controlNet: shapes.keys.contains { $0.hasPrefix("controlnet.controlnet_") }
    case .t2iAdapter: shapes.keys.contains { $0.hasPrefix("t2i_adapter.adapter.body.0.resnets.") }
    case .ipAdapter: shapes.keys.contains { $0.hasPrefix("ip_adapter.attentions.") }
    case .imageEncoder: shapes["image_encoder.vision_model.embeddings.patch_embedding.weight"] != nil
    }
  }

  /// What a file is, in words that fit after "is", if it is of a variant of the kind that is built otherwise.
  ///
  /// - Parameter shapes: by source name.
  func refusedVariant(of shapes: [String: [Int]]) -> String? {
    func has(_ fragments: String...) -> Bool {
      shapes.keys.contains { name in fragments.contains { ".\(name)".containsASCII($0) } }
    }
    switch self {
    case .controlNet:
      if has(".lllite_") { return "a ControlNet-LLLite" }
      if has(".task_embedding", ".control_add_embedding.", ".transformer_layes.") { return "a union ControlNet" }
      if has(".controlnet_x_embedder.", ".controlnet_blocks.", ".control_all_x_embedder.") {
        return "a ControlNet of a transformer, such as FLUX or Stable Diffusion 3"
      }
      return nil
    case .t2iAdapter: return has(".ln_pre.") && has(".style_embedding") ? "a style adapter" : nil
    case .ipAdapter:
      if has(".perceiver_resampler.", ".to_q_lora.", ".to_k_lora.") || hasFaceProjection(shapes) {
        return "an IP-Adapter FaceID, which needs InsightFace"
      }
      if has(".ip_adapter_double_stream_", ".ip_adapter_proj_model.") { return "an IP-Adapter of FLUX" }
      return nil
    case .imageEncoder: return nil
    }
  }

  /// Whether pictures come as identities of faces: a network of two layers, and a norm of its own.
  private func hasFaceProjection(_ shapes: [String: [Int]]) -> Bool {
    shapes["image_proj.proj.0.weight"] != nil && shapes["image_proj.norm.weight"] != nil
  }
}
