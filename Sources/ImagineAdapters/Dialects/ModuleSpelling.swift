/// How files write the way to a module: every spelling of one path.
///
/// Spellings are made from the model's own paths and looked up; nothing takes a name apart, as underscores between and
/// inside words cannot be told from each other.
enum ModuleSpelling {
  /// The spellings of a module of the UNet.
  ///
  /// - Parameters:
  ///   - path: diffusers' path inside the network, as `mid_block.attentions.0.proj_in`.
  ///   - original: the path in the original names, as `middle_block.1.proj_in`; nil where they have none.
  static func unet(_ path: String, original: String?) -> [String] {
    var spellings: [String] = []
    for name in [path, original].compactMap({ $0 }) {
      // diffusers and PEFT; ComfyUI; trainers that wrap the network.
      spellings += [
        "unet.", "diffusion_model.", "model.diffusion_model.", "base_model.model.", "base_model.model.unet.", "",
      ].map { $0 + name }
      // kohya's and OneTrainer's; LyCORIS' own and SimpleTuner's.
      spellings += ["lora_unet_", "lycoris_", "lycoris_unet_"].map { $0 + underscored(name) }
    }
    // diffusers up to 0.18 kept the low-rank layers in the attention's processor.
    if let processor = processor(path) { spellings += ["unet.", ""].map { $0 + processor } }
    return spellings
  }

  /// The spellings of a module of a text encoder.
  ///
  /// - Parameters:
  ///   - path: transformers' path inside the network, as `text_model.encoder.layers.0.mlp.fc1`.
  ///   - isSecond: whether it is the second encoder of Stable Diffusion XL.
  ///   - isOnly: whether the model has no other.
  static func textEncoder(_ path: String, isSecond: Bool, isOnly: Bool) -> [String] {
    // transformers 5 leaves `text_model.` out.
    let short = path.hasPrefix("text_model.") ? String(path.dropFirst("text_model.".count)) : nil
    let number = isSecond ? "2" : "1", network = isSecond ? "text_encoder_2" : "text_encoder"
    var dotted = ["\(network).", "te\(number).", "base_model.model.", "base_model.model.\(network).", ""]
    for clip in isSecond ? ["clip_g"] : ["clip_l", "clip_h"] {
      dotted += ["text_encoders.\(clip).transformer.", "\(clip).transformer.", "\(clip)."]
    }
    dotted += isSecond ? ["conditioner.embedders.1.transformer."] : ["conditioner.embedders.0.transformer."]
    dotted += isSecond ? [] : ["cond_stage_model.transformer."]
    var joined = ["lora_te\(number)_", "lycoris_te\(number)_", "lycoris_", "lycoris_\(network)_"]
    joined += isOnly || !isSecond ? ["lora_te_", "lycoris_te_"] : []
    var spellings: [String] = []
    for name in [path, short].compactMap({ $0 }) {
      spellings += dotted.map { $0 + name } + joined.map { $0 + underscored(name) }
      // diffusers up to 0.18 called the projections as the UNet's.
      if let other = projections.first(where: { name.hasSuffix(".self_attn.\($0.transformers)") }) {
        spellings.append("\(network).\(name.dropLast(other.transformers.count))\(other.diffusers)")
      }
    }
    return spellings
  }

  /// kohya's way to make a path the name of a Python attribute.
  static func underscored(_ path: String) -> String { path.replacing(".", with: "_") }

  /// The place in the attention's processor that belongs to a projection.
  private static func processor(_ path: String) -> String? {
    for projection in ["to_q", "to_k", "to_v", "to_out.0"] where path.hasSuffix(".\(projection)") {
      let name = projection == "to_out.0" ? "to_out" : projection
      return "\(path.dropLast(projection.count))processor.\(name)"
    }
    return nil
  }

  private static let projections: [(transformers: String, diffusers: String)] = [
    ("q_proj", "to_q"), ("k_proj", "to_k"), ("v_proj", "to_v"), ("out_proj", "to_out"),
  ]
}
