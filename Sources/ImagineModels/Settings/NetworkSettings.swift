import ImagineCheckpoint

/// The config.json of diffusers' and transformers' networks, as far as Stable Diffusion has them; defaults of keys are
/// those of diffusers 0.10 to 0.42 and transformers 4 and 5.
extension SettingTable {
  static let unet = SettingTable(
    place: "unet",
    rules: [
      "_class_name": .only(.words("UNet2DConditionModel")),
      "norm_num_groups": .read, "attention_head_dim": .read, "num_attention_heads": .read, "sample_size": .read,
      // The shapes of the weights say these.
      "in_channels": .harmless, "out_channels": .harmless, "block_out_channels": .harmless,
      "layers_per_block": .harmless, "cross_attention_dim": .harmless, "transformer_layers_per_block": .harmless,
      "reverse_transformer_layers_per_block": .harmless, "use_linear_projection": .harmless,
      "projection_class_embeddings_input_dim": .harmless, "time_cond_proj_dim": .read,
      "addition_embed_type": .only(.words("text_time")), "addition_time_embed_dim": .read,
      // Of another kind of embedding than text_time.
      "addition_embed_type_num_heads": .harmless,
      // Scores of attention are summed in 32 bits always; dropout is for training.
      "upcast_attention": .harmless, "dropout": .harmless,
      "down_block_types": .each(.words("CrossAttnDownBlock2D", "DownBlock2D")),
      "up_block_types": .each(.words("CrossAttnUpBlock2D", "UpBlock2D")),
      "mid_block_type": .only(.words("UNetMidBlock2DCrossAttn", "UNetMidBlock2D")),
      "act_fn": .only(.words("silu", "swish")),
      "norm_eps": .only([.double(1e-5)]),
      "center_input_sample": .only([.bool(false)]), "flip_sin_to_cos": .only([.bool(true)]),
      "freq_shift": .only([.int(0)]), "downsample_padding": .only([.int(1)]),
      "mid_block_scale_factor": .only([.int(1)]), "only_cross_attention": .each([.bool(false)]),
      "dual_cross_attention": .only([.bool(false)]), "mid_block_only_cross_attention": .only([.bool(false)]),
      "class_embed_type": .only([]), "num_class_embeds": .only([]),
      "encoder_hid_dim": .only([]), "encoder_hid_dim_type": .only([]), "cross_attention_norm": .only([]),
      "time_embedding_dim": .only([]), "time_embedding_act_fn": .only([]), "timestep_post_act": .only([]),
      "time_embedding_type": .only(.words("positional")), "attention_type": .only(.words("default")),
      "resnet_time_scale_shift": .only(.words("default")), "resnet_skip_time_act": .only([.bool(false)]),
      "resnet_out_scale_factor": .only([.int(1)]), "conv_in_kernel": .only([.int(3)]),
      "conv_out_kernel": .only([.int(3)]), "class_embeddings_concat": .only([.bool(false)]),
    ])

  static let autoencoder = SettingTable(
    place: "vae",
    rules: [
      "_class_name": .only(.words("AutoencoderKL")),
      "norm_num_groups": .read, "scaling_factor": .read,
      "in_channels": .harmless, "out_channels": .harmless, "block_out_channels": .harmless,
      "layers_per_block": .harmless, "latent_channels": .harmless, "sample_size": .harmless,
      // What overflows in 16 bits is decoded in 32 always.
      "force_upcast": .harmless,
      "down_block_types": .each(.words("DownEncoderBlock2D")), "up_block_types": .each(.words("UpDecoderBlock2D")),
      "act_fn": .only(.words("silu", "swish")),
      "shift_factor": .only([.int(0)]), "latents_mean": .read, "latents_std": .read,
      "use_quant_conv": .read, "use_post_quant_conv": .read,
      "mid_block_add_attention": .only([.bool(true)]),
    ])

  static let tinyAutoencoder = SettingTable(
    place: "vae",
    rules: [
      "_class_name": .only(.words("AutoencoderTiny")),
      "in_channels": .harmless, "out_channels": .harmless, "latent_channels": .harmless,
      "block_out_channels": .harmless, "encoder_block_out_channels": .harmless,
      "decoder_block_out_channels": .harmless, "num_encoder_blocks": .harmless, "num_decoder_blocks": .harmless,
      "force_upcast": .harmless,
      // How diffusers stores latents in 8 bits.
      "latent_magnitude": .harmless, "latent_shift": .harmless,
      "act_fn": .only(.words("relu")), "upsample_fn": .only(.words("nearest")),
      "upsampling_scaling_factor": .only([.int(2)]), "scaling_factor": .only([.int(1)]),
      "shift_factor": .only([.int(0)]),
    ])

  static let textEncoder = SettingTable.textEncoder(in: "text_encoder")
  static let textEncoder2 = SettingTable.textEncoder(in: "text_encoder_2")

  private static func textEncoder(in place: String) -> SettingTable {
    SettingTable(
      place: place,
      rules: textEncoderRules.merging(
        // What transformers writes for models of every kind, and no text encoder of pictures looks at.
        [
          "name_or_path", "architectures", "attention_dropout", "bos_token_id", "eos_token_id", "pad_token_id",
          "chunk_size_feed_forward", "dropout", "dtype", "torch_dtype", "finetuning_task", "id2label", "label2id",
          "num_labels", "initializer_factor", "initializer_range", "output_attentions", "output_hidden_states",
          "output_scores", "problem_type", "return_dict", "return_dict_in_generate", "tf_legacy_loss",
          "tie_encoder_decoder", "tie_word_embeddings", "tokenizer_class", "torchscript", "transformers_version",
          "use_bfloat16", "use_cache", "gradient_checkpointing", "attn_implementation", "prefix", "sep_token_id",
          "decoder_start_token_id", "task_specific_params", "max_length", "min_length", "do_sample", "early_stopping",
          "num_beams", "num_beam_groups", "diversity_penalty", "temperature", "top_k", "top_p", "typical_p",
          "repetition_penalty", "length_penalty", "no_repeat_ngram_size", "encoder_no_repeat_ngram_size",
          "bad_words_ids", "num_return_sequences", "forced_bos_token_id", "forced_eos_token_id",
          "remove_invalid_values", "exponential_decay_length_penalty", "suppress_tokens", "begin_suppress_tokens",
        ].map { ($0, .harmless) }
      ) { own, _ in own })
  }

  private static let textEncoderRules: [String: SettingRule] = [
    "hidden_act": .read, "num_attention_heads": .read, "layer_norm_eps": .read,
    "model_type": .only(.words("clip_text_model")),
    "vocab_size": .harmless, "hidden_size": .harmless, "intermediate_size": .harmless, "num_hidden_layers": .harmless,
    "max_position_embeddings": .harmless, "projection_dim": .harmless,
    "is_encoder_decoder": .only([.bool(false)]), "is_decoder": .only([.bool(false)]),
    "add_cross_attention": .only([.bool(false)]), "cross_attention_hidden_size": .only([]),
    "pruned_heads": .settings([:]),
  ]
}
