import ImagineCheckpoint

/// The files of a diffusers folder that are about the whole: how the noise was, which networks there are, how text is read.
extension SettingTable {
  static let scheduler = SettingTable(
    place: "scheduler",
    rules: [
      // Models for other schedulers know another kind of noise: flow matching.
      "_class_name": .only(
        .words(
          "PNDMScheduler", "DDIMScheduler", "DDPMScheduler", "DDIMParallelScheduler", "DDPMParallelScheduler",
          "DDIMInverseScheduler", "DPMSolverMultistepInverseScheduler", "LMSDiscreteScheduler",
          "EulerDiscreteScheduler", "EulerAncestralDiscreteScheduler", "HeunDiscreteScheduler",
          "KDPM2DiscreteScheduler",
          "KDPM2AncestralDiscreteScheduler", "DPMSolverMultistepScheduler", "DPMSolverSinglestepScheduler",
          "DPMSolverSDEScheduler", "DEISMultistepScheduler", "UniPCMultistepScheduler", "SASolverScheduler",
          "IPNDMScheduler",
          // Of models distilled for few steps; what TCD adds to LCM is a way to sample.
          "LCMScheduler", "TCDScheduler",
          // Of models that know every level of noise.
          "EDMEulerScheduler", "EDMDPMSolverMultistepScheduler")),
      "prediction_type": .read, "num_train_timesteps": .read, "beta_start": .read, "beta_end": .read,
      "beta_schedule": .read, "rescale_betas_zero_snr": .read, "timestep_spacing": .read,
      "trained_betas": .only([]), "clip_sample": .only([.bool(false)]),
      "thresholding": .only([.bool(false)]), "timestep_type": .only(.words("discrete")),
      "use_flow_sigmas": .only([.bool(false)]), "sigma_min": .read, "sigma_max": .read, "sigma_data": .read,
      "sigma_schedule": .harmless, "rho": .harmless,
      "use_dynamic_shifting": .only([.bool(false)]), "shift_terminal": .only([]),
      // Without clipping and thresholds they say nothing; without flow the shift does not.
      "clip_sample_range": .harmless, "dynamic_thresholding_ratio": .harmless, "sample_max_value": .harmless,
      "flow_shift": .harmless, "time_shift_type": .harmless,
      // Which noise levels a run passes through, and how, is the request's to say, by its sampler and schedule.
      "steps_offset": .harmless, "set_alpha_to_one": .harmless,
      "skip_prk_steps": .harmless, "use_karras_sigmas": .harmless, "use_exponential_sigmas": .harmless,
      "use_beta_sigmas": .harmless, "use_lu_lambdas": .harmless, "algorithm_type": .harmless,
      "solver_order": .harmless, "solver_type": .harmless, "solver_p": .harmless, "predict_x0": .harmless,
      "lower_order_final": .harmless, "euler_at_final": .harmless, "final_sigmas_type": .harmless,
      "lambda_min_clipped": .harmless, "variance_type": .harmless, "disable_corrector": .harmless,
      "interpolation_type": .harmless, "noise_sampler_seed": .harmless, "eta": .harmless, "tau_func": .harmless,
      "predictor_order": .harmless, "corrector_order": .harmless,  // Of the steps that a model was distilled on.
      "original_inference_steps": .only([.int(50)]), "timestep_scaling": .harmless, "gamma": .harmless,
    ])

  static let pipeline = SettingTable(
    place: "model_index",
    rules: [
      "_class_name": .only(
        .words(
          "StableDiffusionPipeline", "StableDiffusionImg2ImgPipeline", "StableDiffusionInpaintPipelineLegacy",
          "StableDiffusionInpaintPipeline", "StableDiffusionPAGPipeline", "StableDiffusionInstructPix2PixPipeline",
          "StableDiffusionXLPipeline", "StableDiffusionXLImg2ImgPipeline", "StableDiffusionXLInpaintPipeline",
          "StableDiffusionXLInstructPix2PixPipeline", "StableDiffusionXLPAGPipeline",
          "LatentConsistencyModelPipeline", "LatentConsistencyModelImg2ImgPipeline")),
      "unet": .harmless, "vae": .harmless, "text_encoder": .harmless, "tokenizer": .harmless, "scheduler": .harmless,
      // They judge pictures; they do not draw.
      "safety_checker": .harmless, "feature_extractor": .harmless, "requires_safety_checker": .harmless,
      // For pictures as prompts, which a request does not have.
      "image_encoder": .harmless,
      "text_encoder_2": .harmless, "tokenizer_2": .harmless, "force_zeros_for_empty_prompt": .read,
      // Invisible marks in finished pictures are not made.
      "add_watermarker": .harmless,
      // The widths of the UNet's weights say whether it is told a score.
      "requires_aesthetics_score": .harmless, "is_cosxl_edit": .only([.bool(false)]),
    ])

  /// tokenizer_config.json. It has many keys, and those of other tokenizers do no harm: the vocabulary is built in, and a
  /// model with another one has a table of another size.
  static let tokenizer: [String: SettingRule] = [
    "model_max_length": .only([.int(77)]), "do_lower_case": .only([.bool(true)]),
    "pad_token": .only(.words("<|endoftext|>", "!")),
  ]

  /// What a file of this library itself says of how to draw with it.
  static let defaults = SettingTable(
    place: "defaults",
    rules: [
      "width": .read, "height": .read, "steps": .read, "guidance_scale": .read, "sampler": .read, "schedule": .read,
    ])
}
