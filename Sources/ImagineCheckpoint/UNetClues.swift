/// What tells the families of UNets apart.
///
/// The published widths would do for published models. Small models of the same structure, and models that were pruned, have
/// others, so each family is known by several signs: those that cannot mislead come first, and the first that says something
/// counts.
struct UNetClues {
  private let shapes: [String: [Int]]
  private let sources: [String: [Int]]
  private let configs: [String: JSONValue]
  private let input: CheckpointKind.UNetInput
  /// Channels of the vectors that the UNet attends to.
  private let context: Int?

  /// - Parameters:
  ///   - canonical: shapes by canonical name; nil comes out where there is no UNet among them.
  ///   - sources: shapes by the files' own names.
  init?(_ canonical: [String: [Int]], _ sources: [String: [Int]], _ configs: [String: JSONValue]) {
    guard let first = canonical["unet.conv_in.weight"], first.count == 4 else { return nil }
    shapes = canonical
    self.sources = sources
    self.configs = configs
    input = CheckpointKind.UNetInput(channels: first[1], latent: canonical["unet.conv_out.weight"]?.first ?? 4)
    context =
      canonical.filter { $0.key.hasPrefix("unet.") && $0.key.hasSuffix("attn2.to_k.weight") }
      .min { $0.key < $1.key }?.value.last
  }

  var kind: CheckpointKind {
    if shapes["unet.class_embedding.linear_1.weight"] != nil { return .stableDiffusion2(.imageVariation) }
    if shapes["unet.add_embedding.linear_1.weight"] != nil {
      return isRefiner ? .stableDiffusionXLRefiner : .stableDiffusionXL(input)
    }
    return isSecond ? .stableDiffusion2(input) : .stableDiffusion1(input)
  }

  private func hasSource(_ prefix: String) -> Bool { sources.keys.contains { $0.hasPrefix(prefix) } }
  private func hasTensor(_ prefix: String) -> Bool { shapes.keys.contains { $0.hasPrefix(prefix) } }

  // MARK: SDXL's refiner or its base

  private var isRefiner: Bool {
    if hasTensor("text_encoder.") { return false }
    return isRefinerByNote ?? isRefinerByNumbers ?? isRefinerByWidth ?? isRefinerByLevels
  }

  /// The pipeline asks for the score of a picture's beauty, which only the refiner is told.
  private var isRefinerByNote: Bool? {
    configs["model_index"]?["requires_aesthetics_score"]?.bool.flatMap { $0 ? true : nil }
  }

  /// The numbers that are embedded beside the pooled prompt: five, where the base takes six.
  private var isRefinerByNumbers: Bool? {
    guard let width = shapes["unet.add_embedding.linear_1.weight"]?.last,
      let pooled = shapes["text_encoder_2.text_projection.weight"]?.first
    else { return nil }
    let embedding = configs["unet"]?["addition_time_embed_dim"]?.int ?? 256
    guard embedding > 0, width > pooled, (width - pooled) % embedding == 0 else { return nil }
    switch (width - pooled) / embedding {
    case 5: return true
    case 6: return false
    default: return nil
    }
  }

  /// The published widths of the context, and of the second encoder alone or after the first.
  private var isRefinerByWidth: Bool? {
    if context == 1280 { return true }
    if context == 2048 { return false }
    guard let context, let second = shapes["text_encoder_2.text_model.final_layer_norm.weight"]?.first else {
      return nil
    }
    return context == second
  }

  /// The refiner has four levels, and no attention at the last; the base attends at the last of three.
  private var isRefinerByLevels: Bool {
    hasTensor("unet.down_blocks.3.") && !hasTensor("unet.down_blocks.3.attentions.")
  }

  // MARK: SD 2 or SD 1

  private var isSecond: Bool {
    isSecondByNames ?? isSecondByActivation ?? isSecondByWidth ?? isSecondByEncoder ?? isSecondByProjection
  }

  /// OpenCLIP's names: no file of SD 1 has its encoder.
  private var isSecondByNames: Bool? {
    let places = [
      "cond_stage_model.model.transformer.", "cond_stage_model.model.ln_final.", "conditioner.embedders.0.model.",
      "cond_stage_model.clip_h.", "text_encoders.clip_h.", "clip_h.",
    ]
    return places.contains(where: hasSource) ? true : nil
  }

  /// OpenAI's encoder computes with an approximation of GELU that OpenCLIP's do not use.
  private var isSecondByActivation: Bool? {
    guard let config = configs["text_encoder"] else { return nil }
    // What transformers takes where nothing is said.
    guard let activation = config["hidden_act"] else { return false }
    return ["quick_gelu": false, "gelu": true][activation.word ?? ""]
  }

  private var isSecondByWidth: Bool? {
    switch context {
    case 768: false
    case 1024: true
    default: nil
    }
  }

  /// The depth of the encoder, and places where only SD 1's lies. Programs that give every encoder one name put SD 2's
  /// there too, so they mean something only where widths and depth do not say otherwise.
  private var isSecondByEncoder: Bool? {
    if hasTensor("text_encoder.text_model.encoder.layers.22.") { return true }
    let places = ["cond_stage_model.transformer.", "cond_stage_model.clip_l.", "text_encoders.clip_l.", "clip_l."]
    return places.contains(where: hasSource) ? false : nil
  }

  /// Linear layers around the attention where SD 1 has convolutions. A weak sign: some programs save SD 1's as linear.
  private var isSecondByProjection: Bool {
    shapes.contains { $0.key.hasPrefix("unet.") && $0.key.hasSuffix(".proj_in.weight") && $0.value.count == 2 }
  }
}
