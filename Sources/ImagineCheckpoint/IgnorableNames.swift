/// Tensors that training left in checkpoints and no prediction needs.
enum IgnorableNames {
  static func contains(_ name: String) -> Bool {
    exact.contains(name) || prefixes.contains { name.hasPrefix($0) } || suffixes.contains { name.hasSuffix($0) }
  }

  /// Schedules are computed, not read, as every other program does. The markers of v-prediction and EDM files are honoured
  /// or refused by the families, which find them among the ignored names.
  private static let exact: Set<String> = [
    "betas", "alphas_cumprod", "alphas_cumprod_prev", "lvlb_weights", "logvar", "scale_factor", "denoiser.sigmas",
    "global_step", "v_pred", "ztsnr", "edm_mean", "edm_std", "edm_vpred.sigma_max", "edm_vpred.sigma_min", "scaled_fp8",
  ]

  /// Those of them whose numbers are looked at.
  static let haveMeaning: Set<String> = ["edm_mean", "edm_std", "edm_vpred.sigma_max", "edm_vpred.sigma_min"]

  private static let prefixes = [
    // A moving average of the UNet's weights, whose names have lost their dots.
    "model_ema.",
    "sqrt_", "log_one_minus_", "posterior_", "embedding_manager", "loss.", "first_stage_model.loss.", "vae.loss.",
    "first_stage_model.model_ema.", "safety_checker.",
  ]

  private static let suffixes = [
    // Always 0 to 76; some merges hold damaged values.
    ".position_ids",
    "logit_scale", ".attn_mask", ".scaled_fp8",
    // What ComfyUI multiplies the latents of a tiny VAE by, always 1 and 0.
    ".vae_scale", ".vae_shift",
    // Scales of activations, for arithmetic in fp8.
    ".scale_input", ".input_scale",
  ]
}
