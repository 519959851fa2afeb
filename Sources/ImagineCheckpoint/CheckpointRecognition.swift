extension CheckpointKind {
  /// Recognises what the tensors make up.
  ///
  /// - Parameters:
  ///   - shapes: all tensors by source name.
  ///   - unrecognised: those of them that are no part of a pipeline.
  ///   - canonical: shapes of the others by canonical name.
  ///   - pipeline: the class that a diffusers model_index.json or config.json names.
  ///   - configs: see `Checkpoint.configs`.
  init(
    shapes: [String: [Int]], unrecognised: [String], canonical: [String: [Int]], pipeline: String?,
    configs: [String: JSONValue]
  ) {
    let unet = UNetClues(canonical, shapes, configs)
    if let pipeline, let kind = Self.ofClass(pipeline) {
      self = kind
    } else if canonical["unet.conv_out.weight"] != nil, let kind = unet?.kind {
      // A whole UNet, which stray tensors of other kinds do not change. A ControlNet is half of one.
      self = kind
    } else if let kind = Self.ofTypicalNames(unrecognised) ?? unet?.kind {
      self = kind
    } else if canonical.keys.contains(where: {
      $0.hasPrefix("vae.encoder.layers.") || $0.hasPrefix("vae.decoder.layers.")
    }) {
      self = .tinyVAE
    } else if canonical.keys.contains(where: { $0.hasPrefix("vae.") }) {
      self = .vae
    } else if canonical.keys.contains(where: { $0.hasPrefix("text_encoder") }) {
      self = .textEncoder
    } else if let pipeline, pipeline.hasSuffix("Pipeline") {
      self = .otherPipeline(pipeline)
    } else {
      self = Self.isEmbedding(shapes) ? .embedding : .unknown
    }
  }

  /// Classes that settle the matter before any tensor is looked at; the UNets' families are told by shapes.
  private static func ofClass(_ name: String) -> CheckpointKind? {
    if name.hasPrefix("StableDiffusion3") || name == "SD3Transformer2DModel" { return .stableDiffusion3 }
    if name.hasPrefix("Flux") { return .flux }
    if name.hasPrefix("ControlNet") { return .controlNet }
    // Their UNets have the names of SDXL's, and read other encoders.
    if name.hasPrefix("Kolors") || name.hasPrefix("Kandinsky") { return .otherPipeline(name) }
    switch name {
    case "T2IAdapter": return .t2iAdapter
    case "AutoencoderTiny": return .tinyVAE
    case "MotionAdapter": return .motionModule
    case "CLIPVisionModelWithProjection", "CLIPVisionModel": return .imageEncoder
    default: return nil
    }
  }

  private static func ofTypicalNames(_ names: [String]) -> CheckpointKind? {
    typicalNames.first { (_, fragments) in
      names.contains { name in fragments.contains { ".\(name)".containsASCII($0) } }
    }?.0
  }

  /// Names that only one kind has, in an order in which the first hit is right. A name is tried with a dot before it, so
  /// that ".x" stands for a whole part of the path.
  private static let typicalNames: [(CheckpointKind, [String])] = [
    // Both have parts with the names of LoRAs' in them.
    (.ipAdapter, [".ip_adapter.", ".image_proj.", ".ip_adapter_proj_model."]),
    (.controlNet, [".lora_controlnet", ".lllite_"]),
    (
      .lora,
      [
        ".lora_unet_", ".lora_te", ".lora_transformer_", ".lycoris_", ".lora_down.", ".lora_up.", ".lora_mid.",
        ".lora_A.", ".lora_B.", ".lora.down.", ".lora.up.", "_lora.down.", "_lora.up.", ".lora_linear_layer.",
        ".lora_magnitude_vector", ".hada_w1_a", ".lokr_w1", ".lokr_w2", ".oft_blocks", ".oft_diag", ".oft_R.", ".ia3_l",
        ".dora_scale",
        ".diff_b", ".w_norm",
      ]
    ),
    (
      .controlNet,
      [
        ".control_model.", ".controlnet_cond_embedding.", ".input_hint_block.", ".zero_convs.",
        ".controlnet_down_blocks.",
      ]
    ),
    (.motionModule, [".motion_modules."]),
    (.t2iAdapter, [".adapter.body.", ".body.0.resnets.", ".body.0.block1."]),
    (.flux, [".double_blocks.0.img_attn", ".single_transformer_blocks.0."]),
    (.stableDiffusion3, [".joint_blocks.0.", ".transformer_blocks.0.attn.add_q_proj."]),
    (
      .upscaler,
      [
        ".conv_first.weight", ".body.0.rdb1.", ".RRDB_trunk.", ".model.1.sub.", ".params_ema.", ".params.body.",
        ".layers.0.residual_group.", ".before_RG.",
        // Compact networks (realesr-general) are one sequence; the last, RealPLKSR, too.
        ".body.0.weight", ".feats.0.weight",
      ]
    ),
    (.embedding, [".emb_params", ".string_to_param"]),
    (.imageEncoder, [".vision_model.", ".visual.transformer."]),
    // T5, which later families read prompts with.
    (.textEncoder, [".encoder.block.0.layer.0.SelfAttention."]),
  ]

  /// An embedding is a few vectors as wide as a text encoder, for one or for up to three of them.
  private static func isEmbedding(_ shapes: [String: [Int]]) -> Bool {
    let widths: Set<Int> = [768, 1024, 1280, 4096]
    return (1...3).contains(shapes.count)
      && shapes.values.allSatisfy { (1...2).contains($0.count) && widths.contains($0.last ?? 0) }
  }
}
