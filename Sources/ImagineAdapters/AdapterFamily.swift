internal import ImagineCheckpoint

/// The models that an adapter was made for, as far as its names, shapes and notes tell.
package enum AdapterFamily: String, Sendable, Hashable, CaseIterable {
  case stableDiffusion1 = "Stable Diffusion 1"
  case stableDiffusion2 = "Stable Diffusion 2"
  case stableDiffusionXL = "Stable Diffusion XL"
  case stableDiffusionXLRefiner = "Stable Diffusion XL's refiner"
  case stableDiffusion3 = "Stable Diffusion 3"
  case flux = "FLUX"
  case qwenImage = "Qwen-Image"
  case zImage = "Z-Image"
  case wan = "Wan"

  /// Nil where nothing tells.
  package init?(_ file: AdapterFile) {
    let names = file.tensors.map(\.name)
    guard let family = Self.byNames(names) ?? Self.byContext(file.tensors) ?? Self.byNotes(file.notes) else {
      return nil
    }
    self = family
  }

  /// Words that the names of one family's modules alone have.
  private static func byNames(_ names: [String]) -> AdapterFamily? {
    func any(_ words: String...) -> Bool { names.contains { name in words.contains { name.contains($0) } } }
    if any("double_blocks", "single_blocks", "single_transformer_blocks") { return .flux }
    if any("joint_blocks", "context_block") { return .stableDiffusion3 }
    if any("img_mlp", "txt_mlp") { return .qwenImage }
    if any("attn.add_q_proj", "attn_add_q_proj") { return .stableDiffusion3 }
    if any("noise_refiner", "layers_0_attention_to_q", "layers.0.attention.") { return .zImage }
    if any("blocks_0_cross_attn", "blocks.0.cross_attn") { return .wan }
    if any("lora_te2_", "text_encoder_2.", "clip_g.", "lycoris_te2_") { return .stableDiffusionXL }
    return nil
  }

  /// By the width of what a UNet attends to.
  private static func byContext(_ tensors: [AdapterTensor]) -> AdapterFamily? {
    for tensor in tensors where tensor.name.contains("attn2") && tensor.name.contains("to_k") {
      guard tensor.shape.count > 1, isDown(tensor.name) else { continue }
      switch tensor.shape[1] {
      case 768: return .stableDiffusion1
      case 1024: return .stableDiffusion2
      case 2048: return .stableDiffusionXL
      case 1280: return .stableDiffusionXLRefiner
      default: continue
      }
    }
    return nil
  }

  private static func isDown(_ name: String) -> Bool {
    ["down.weight", "lora_A.weight", "lora_A.default.weight", "hada_w1_b", ".diff"].contains { name.hasSuffix($0) }
  }

  private static func byNotes(_ notes: AdapterNotes) -> AdapterFamily? {
    for key in ["ss_base_model_version", "modelspec.architecture", "baseModel", "base_model"] {
      guard let note = notes[key]?.lowercased(), note.utf8.count < 200 else { continue }
      let words: [(String, AdapterFamily)] = [
        ("sdxl", .stableDiffusionXL), ("stable-diffusion-xl", .stableDiffusionXL), ("xl", .stableDiffusionXL),
        ("flux", .flux), ("sd3", .stableDiffusion3), ("stable-diffusion-3", .stableDiffusion3), ("qwen", .qwenImage),
        ("sd_v2", .stableDiffusion2), ("stable-diffusion-v2", .stableDiffusion2), ("sd_v1", .stableDiffusion1),
        ("stable-diffusion-v1", .stableDiffusion1), ("wan", .wan),
      ]
      if let word = words.first(where: { note.contains($0.0) }) { return word.1 }
    }
    return notes["ss_v2"] == "True" ? .stableDiffusion2 : nil
  }
}
