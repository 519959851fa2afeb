import ImagineCheckpoint

/// The `.yaml` of the original training program, as it lies beside single files; written for v1-inference.yaml.
extension SettingTable {
  static let training = SettingTable(
    place: "training",
    rules: [
      "model": .settings([
        "base_learning_rate": .harmless,
        "target": .only(.words("ldm.models.diffusion.ddpm.LatentDiffusion")),
        "params": .settings(diffusion),
      ]),
      "data": .harmless, "lightning": .harmless,
    ])

  private static let diffusion: [String: SettingRule] = [
    "parameterization": .read, "linear_start": .read, "linear_end": .read, "timesteps": .read, "scale_factor": .read,
    "beta_schedule": .only(.words("linear")), "num_timesteps_cond": .only([.int(1)]),
    "conditioning_key": .only(.words("crossattn")), "channels": .only([.int(4)]),
    "scale_by_std": .only([.bool(false)]), "zero_terminal_snr": .only([.bool(false)]),
    "log_every_t": .harmless, "first_stage_key": .harmless, "cond_stage_key": .harmless, "image_size": .harmless,
    "cond_stage_trainable": .harmless, "monitor": .harmless, "use_ema": .harmless, "scheduler_config": .harmless,
    "ckpt_path": .harmless, "unet_trainable": .harmless,
    "unet_config": .settings([
      "target": .only(.words("ldm.modules.diffusionmodules.openaimodel.UNetModel")), "params": .settings(unetRules),
    ]),
    "first_stage_config": .settings([
      "target": .only(.words("ldm.models.autoencoder.AutoencoderKL")), "params": .settings(firstStage),
    ]),
    "cond_stage_config": .settings([
      "target": .only(.words("ldm.modules.encoders.modules.FrozenCLIPEmbedder")),
      "params": .settings([
        "version": .harmless, "device": .harmless, "freeze": .harmless, "max_length": .only([.int(77)]),
        "layer": .only(.words("last")), "layer_idx": .only([]),
      ]),
    ]),
  ]

  private static let unetRules: [String: SettingRule] = [
    "num_heads": .read,
    "image_size": .harmless, "in_channels": .harmless, "out_channels": .harmless, "model_channels": .harmless,
    "attention_resolutions": .harmless, "num_res_blocks": .harmless, "channel_mult": .harmless,
    "transformer_depth": .harmless, "context_dim": .harmless, "use_checkpoint": .harmless, "use_fp16": .harmless,
    "use_bf16": .harmless, "use_linear_in_transformer": .harmless, "dropout": .harmless,
    "num_head_channels": .only([.int(-1)]), "use_spatial_transformer": .only([.bool(true)]),
    "legacy": .only([.bool(false)]), "use_scale_shift_norm": .only([.bool(false)]),
    "resblock_updown": .only([.bool(false)]), "conv_resample": .only([.bool(true)]), "dims": .only([.int(2)]),
    "num_classes": .only([]), "adm_in_channels": .only([]), "n_embed": .only([]),
  ]

  private static let firstStage: [String: SettingRule] = [
    "embed_dim": .only([.int(4)]), "monitor": .harmless, "lossconfig": .harmless, "ckpt_path": .harmless,
    "ddconfig": .settings([
      "double_z": .only([.bool(true)]), "z_channels": .only([.int(4)]), "resolution": .harmless,
      "in_channels": .only([.int(3)]), "out_ch": .only([.int(3)]), "ch": .harmless, "ch_mult": .harmless,
      "num_res_blocks": .harmless, "attn_resolutions": .only([.array([])]), "dropout": .harmless,
      "attn_type": .harmless,
    ]),
  ]
}
