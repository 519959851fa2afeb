import ImagineCheckpoint

/// The `.yaml` of the original training programs, as it lies beside single files: latent-diffusion's for Stable Diffusion 1 and
/// 2, what inpainting and InstructPix2Pix made of it, and generative-models' for XL and its refiner.
extension SettingTable {
  static let training = SettingTable(
    place: "training",
    rules: [
      "model": .settings([
        "base_learning_rate": .harmless,
        "target": .only(
          .words(
            "ldm.models.diffusion.ddpm.LatentDiffusion", "ldm.models.diffusion.ddpm.LatentInpaintDiffusion",
            "ldm.models.diffusion.ddpm_edit.LatentDiffusion", "sgm.models.diffusion.DiffusionEngine")),
        "params": .settings(diffusion.merging(engine) { own, _ in own }),
      ]),
      "data": .harmless, "lightning": .harmless,
    ])

  private static let diffusion: [String: SettingRule] = [
    "parameterization": .read, "linear_start": .read, "linear_end": .read, "timesteps": .read, "scale_factor": .read,
    "zero_terminal_snr": .read,
    "beta_schedule": .only(.words("linear")), "num_timesteps_cond": .only([.int(1)]),
    // Whether a picture and a mask are given beside the latents; the width of the UNet's first weight says how much.
    "conditioning_key": .only(.words("crossattn", "hybrid")), "channels": .only([.int(4)]),
    "concat_keys": .only([.array(.words("mask", "masked_image"))]),
    "masked_image_key": .only(.words("masked_image")),
    "scale_by_std": .only([.bool(false)]),
    "log_every_t": .harmless, "first_stage_key": .harmless, "cond_stage_key": .harmless, "image_size": .harmless,
    "cond_stage_trainable": .harmless, "monitor": .harmless, "use_ema": .harmless, "scheduler_config": .harmless,
    "ckpt_path": .harmless, "unet_trainable": .harmless, "finetune_keys": .harmless, "load_ema": .harmless,
    "unet_config": .settings([
      "target": .only(.words("ldm.modules.diffusionmodules.openaimodel.UNetModel")), "params": .settings(unetRules),
    ]),
    "first_stage_config": .settings([
      "target": .only(
        .words(
          "ldm.models.autoencoder.AutoencoderKL", "sgm.models.autoencoder.AutoencoderKL",
          "sgm.models.autoencoder.AutoencoderKLInferenceWrapper")),
      "params": .settings(firstStage),
    ]),
    "cond_stage_config": .settings([
      "target": .only(
        .words(
          "ldm.modules.encoders.modules.FrozenCLIPEmbedder", "ldm.modules.encoders.modules.FrozenOpenCLIPEmbedder")),
      "params": .settings([
        "version": .harmless, "device": .harmless, "freeze": .harmless, "max_length": .only([.int(77)]),
        // OpenCLIP's encoder is asked for its last but one layer; a family that does not is told apart by its weights.
        "layer": .only(.words("last", "penultimate")), "layer_idx": .only([]), "arch": .only(.words("ViT-H-14")),
      ]),
    ]),
  ]

  fileprivate static let unetRules: [String: SettingRule] = [
    "num_heads": .read, "num_head_channels": .read,
    "image_size": .harmless, "in_channels": .harmless, "out_channels": .harmless, "model_channels": .harmless,
    "attention_resolutions": .harmless, "num_res_blocks": .harmless, "channel_mult": .harmless,
    "transformer_depth": .harmless, "context_dim": .harmless, "use_checkpoint": .harmless, "use_fp16": .harmless,
    "use_bf16": .harmless, "use_linear_in_transformer": .harmless, "dropout": .harmless,
    "use_spatial_transformer": .only([.bool(true)]),
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

/// generative-models' file, where it differs.
extension SettingTable {
  fileprivate static let engine: [String: SettingRule] = [
    "disable_first_stage_autocast": .harmless, "input_key": .harmless, "compile_model": .harmless,
    "en_and_decode_n_samples_a_time": .harmless, "no_cond_log": .harmless,
    // How pictures were drawn and losses weighed while it was trained.
    "sampler_config": .harmless, "loss_fn_config": .harmless, "optimizer_config": .harmless,
    "network_wrapper": .only([]),
    "denoiser_config": .settings([
      "target": .only(.words("sgm.modules.diffusionmodules.denoiser.DiscreteDenoiser")),
      "params": .settings([
        "num_idx": .only([.int(1000)]), "quantize_c_noise": .harmless, "weighting_config": .harmless,
        "scaling_config": .settings([
          "target": .only(
            .words(
              "sgm.modules.diffusionmodules.denoiser_scaling.EpsScaling",
              "sgm.modules.diffusionmodules.denoiser_scaling.VScaling"))
        ]),
        "discretization_config": .settings([
          "target": .only(.words("sgm.modules.diffusionmodules.discretizer.LegacyDDPMDiscretization"))
        ]),
      ]),
    ]),
    "network_config": .settings([
      "target": .only(.words("sgm.modules.diffusionmodules.openaimodel.UNetModel")),
      "params": .settings(
        unetRules.merging([
          // Heads of 64 channels are what the shapes of these networks are read with.
          "num_heads": .only([.int(-1)]), "num_head_channels": .only([.int(64)]),
          "num_classes": .only(.words("sequential")), "adm_in_channels": .harmless,
          "spatial_transformer_attn_type": .harmless, "transformer_depth_middle": .harmless,
        ]) { $1 }),
    ]),
    "conditioner_config": .settings([
      "target": .only(.words("sgm.modules.GeneralConditioner")),
      "params": .settings(["emb_models": .list(embedder)]),
    ]),
  ]

  private static let embedder: [String: SettingRule] = [
    "is_trainable": .harmless, "ucg_rate": .harmless, "legacy_ucg_value": .harmless,
    "input_key": .only(
      .words("txt", "original_size_as_tuple", "crop_coords_top_left", "target_size_as_tuple", "aesthetic_score")),
    "target": .only(
      .words(
        "sgm.modules.encoders.modules.FrozenCLIPEmbedder", "sgm.modules.encoders.modules.FrozenOpenCLIPEmbedder2",
        "sgm.modules.encoders.modules.ConcatTimestepEmbedderND")),
    "params": .settings([
      "layer": .only(.words("hidden", "penultimate")), "layer_idx": .only([.int(11)]),
      "arch": .only(.words("ViT-bigG-14")), "version": .harmless, "device": .harmless, "freeze": .harmless,
      "max_length": .only([.int(77)]), "always_return_pooled": .only([.bool(true)]), "legacy": .only([.bool(false)]),
      "outdim": .only([.int(256)]),
    ]),
  ]
}
