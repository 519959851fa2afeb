"""Names and shapes of every tensor of a Stable Diffusion checkpoint in its original single-file layout.

Needs nothing but Python, so that a full-size file can be made on any machine.
"""

SD15 = {
    "unet": {
        "_class_name": "UNet2DConditionModel", "in_channels": 4, "out_channels": 4, "sample_size": 64,
        "block_out_channels": [320, 640, 1280, 1280], "layers_per_block": 2, "cross_attention_dim": 768,
        "attention_head_dim": 8, "norm_num_groups": 32, "use_linear_projection": False,
        "down_block_types": ["CrossAttnDownBlock2D"] * 3 + ["DownBlock2D"],
        "up_block_types": ["UpBlock2D"] + ["CrossAttnUpBlock2D"] * 3,
    },
    "vae": {
        "_class_name": "AutoencoderKL", "in_channels": 3, "out_channels": 3, "latent_channels": 4,
        "block_out_channels": [128, 256, 512, 512], "layers_per_block": 2, "norm_num_groups": 32,
        "scaling_factor": 0.18215, "sample_size": 512,
        "down_block_types": ["DownEncoderBlock2D"] * 4, "up_block_types": ["UpDecoderBlock2D"] * 4,
    },
    "text_encoder": {
        "architectures": ["CLIPTextModel"], "model_type": "clip_text_model", "vocab_size": 49408,
        "hidden_size": 768, "intermediate_size": 3072, "projection_dim": 768, "num_hidden_layers": 12,
        "num_attention_heads": 12, "max_position_embeddings": 77, "hidden_act": "quick_gelu", "layer_norm_eps": 1e-5,
        "bos_token_id": 49406, "eos_token_id": 49407, "pad_token_id": 1,
    },
    "scheduler": {
        "_class_name": "DDIMScheduler", "num_train_timesteps": 1000, "beta_start": 0.00085, "beta_end": 0.012,
        "beta_schedule": "scaled_linear", "clip_sample": False, "set_alpha_to_one": False, "steps_offset": 1,
        "prediction_type": "epsilon", "timestep_spacing": "leading",
    },
}

# The same structure with every width different from its neighbours and none a power of two times SD1's.
TINY = {
    "unet": SD15["unet"] | {"block_out_channels": [16, 20, 24, 24], "cross_attention_dim": 16, "attention_head_dim": 4,
                            "norm_num_groups": 4, "sample_size": 8},
    "vae": SD15["vae"] | {"block_out_channels": [8, 12, 16, 16], "norm_num_groups": 4, "sample_size": 64},
    "text_encoder": SD15["text_encoder"] | {"hidden_size": 16, "intermediate_size": 64, "projection_dim": 16,
                                            "num_hidden_layers": 2, "num_attention_heads": 2},
    "scheduler": SD15["scheduler"],
}


class Shapes(dict):
    """Tensor name to shape, with one method for each kind of layer."""

    def linear(self, name, inputs, outputs, bias=True):
        self[f"{name}.weight"] = (outputs, inputs)
        if bias:
            self[f"{name}.bias"] = (outputs,)

    def conv(self, name, inputs, outputs, kernel=3):
        self[f"{name}.weight"] = (outputs, inputs, kernel, kernel)
        self[f"{name}.bias"] = (outputs,)

    def norm(self, name, channels):
        self[f"{name}.weight"] = (channels,)
        self[f"{name}.bias"] = (channels,)

    def unet_resnet(self, name, inputs, outputs, time):
        self.norm(f"{name}.in_layers.0", inputs)
        self.conv(f"{name}.in_layers.2", inputs, outputs)
        self.linear(f"{name}.emb_layers.1", time, outputs)
        self.norm(f"{name}.out_layers.0", outputs)
        self.conv(f"{name}.out_layers.3", outputs, outputs)
        if inputs != outputs:
            self.conv(f"{name}.skip_connection", inputs, outputs, 1)

    def transformer(self, name, channels, context, depth, linear):
        self.norm(f"{name}.norm", channels)
        for part in ("proj_in", "proj_out"):
            if linear:
                self.linear(f"{name}.{part}", channels, channels)
            else:
                self.conv(f"{name}.{part}", channels, channels, 1)
        for index in range(depth):
            self.transformer_block(f"{name}.transformer_blocks.{index}", channels, context)

    def transformer_block(self, block, channels, context):
        for attention, source in (("attn1", channels), ("attn2", context)):
            self.linear(f"{block}.{attention}.to_q", channels, channels, bias=False)
            self.linear(f"{block}.{attention}.to_k", source, channels, bias=False)
            self.linear(f"{block}.{attention}.to_v", source, channels, bias=False)
            self.linear(f"{block}.{attention}.to_out.0", channels, channels)
        self.linear(f"{block}.ff.net.0.proj", channels, 8 * channels)
        self.linear(f"{block}.ff.net.2", 4 * channels, channels)
        for norm in ("norm1", "norm2", "norm3"):
            self.norm(f"{block}.{norm}", channels)

    def vae_resnet(self, name, inputs, outputs):
        self.norm(f"{name}.norm1", inputs)
        self.conv(f"{name}.conv1", inputs, outputs)
        self.norm(f"{name}.norm2", outputs)
        self.conv(f"{name}.conv2", outputs, outputs)
        if inputs != outputs:
            self.conv(f"{name}.nin_shortcut", inputs, outputs, 1)

    def vae_middle(self, name, channels):
        self.vae_resnet(f"{name}.block_1", channels, channels)
        self.norm(f"{name}.attn_1.norm", channels)
        for part in ("q", "k", "v", "proj_out"):
            self.conv(f"{name}.attn_1.{part}", channels, channels, 1)
        self.vae_resnet(f"{name}.block_2", channels, channels)


def unet_shapes(config):
    shapes, prefix = Shapes(), "model.diffusion_model"
    widths, layers, context = config["block_out_channels"], config["layers_per_block"], config["cross_attention_dim"]
    time, linear = 4 * widths[0], config["use_linear_projection"]
    depths = config.get("transformer_layers_per_block", [1] * len(widths))
    attends = [kind.startswith("CrossAttn") for kind in config["down_block_types"]]
    shapes.linear(f"{prefix}.time_embed.0", widths[0], time)
    shapes.linear(f"{prefix}.time_embed.2", time, time)
    if numbers := config.get("projection_class_embeddings_input_dim"):
        shapes.linear(f"{prefix}.label_emb.0.0", numbers, time)
        shapes.linear(f"{prefix}.label_emb.0.2", time, time)
    shapes.conv(f"{prefix}.input_blocks.0.0", config["in_channels"], widths[0])
    skips, channels, index = [widths[0]], widths[0], 1
    for level, width in enumerate(widths):
        for _ in range(layers):
            shapes.unet_resnet(f"{prefix}.input_blocks.{index}.0", channels, width, time)
            channels = width
            if attends[level]:
                shapes.transformer(f"{prefix}.input_blocks.{index}.1", width, context, depths[level], linear)
            skips.append(width)
            index += 1
        if level + 1 < len(widths):
            shapes.conv(f"{prefix}.input_blocks.{index}.0.op", width, width)
            skips.append(width)
            index += 1
    shapes.unet_resnet(f"{prefix}.middle_block.0", channels, channels, time)
    shapes.transformer(f"{prefix}.middle_block.1", channels, context, depths[-1], linear)
    shapes.unet_resnet(f"{prefix}.middle_block.2", channels, channels, time)
    index = 0
    for level, width in reversed(list(enumerate(widths))):
        for layer in range(layers + 1):
            shapes.unet_resnet(f"{prefix}.output_blocks.{index}.0", channels + skips.pop(), width, time)
            channels = width
            if attends[level]:
                shapes.transformer(f"{prefix}.output_blocks.{index}.1", width, context, depths[level], linear)
            if layer == layers and level > 0:
                shapes.conv(f"{prefix}.output_blocks.{index}.{2 if attends[level] else 1}.conv", width, width)
            index += 1
    shapes.norm(f"{prefix}.out.0", channels)
    shapes.conv(f"{prefix}.out.2", channels, config["out_channels"])
    return shapes


def vae_shapes(config):
    shapes, prefix = Shapes(), "first_stage_model"
    widths, layers, latent = config["block_out_channels"], config["layers_per_block"], config["latent_channels"]
    shapes.conv(f"{prefix}.encoder.conv_in", config["in_channels"], widths[0])
    channels = widths[0]
    for level, width in enumerate(widths):
        for layer in range(layers):
            shapes.vae_resnet(f"{prefix}.encoder.down.{level}.block.{layer}", channels, width)
            channels = width
        if level + 1 < len(widths):
            shapes.conv(f"{prefix}.encoder.down.{level}.downsample.conv", width, width)
    shapes.vae_middle(f"{prefix}.encoder.mid", channels)
    shapes.norm(f"{prefix}.encoder.norm_out", channels)
    shapes.conv(f"{prefix}.encoder.conv_out", channels, 2 * latent)
    shapes.conv(f"{prefix}.quant_conv", 2 * latent, 2 * latent, 1)
    shapes.conv(f"{prefix}.post_quant_conv", latent, latent, 1)
    shapes.conv(f"{prefix}.decoder.conv_in", latent, channels)
    shapes.vae_middle(f"{prefix}.decoder.mid", channels)
    for level in reversed(range(len(widths))):
        for layer in range(layers + 1):
            shapes.vae_resnet(f"{prefix}.decoder.up.{level}.block.{layer}", channels, widths[level])
            channels = widths[level]
        if level > 0:
            shapes.conv(f"{prefix}.decoder.up.{level}.upsample.conv", channels, channels)
    shapes.norm(f"{prefix}.decoder.norm_out", channels)
    shapes.conv(f"{prefix}.decoder.conv_out", channels, config["out_channels"])
    return shapes


def text_shapes(config, prefix="cond_stage_model.transformer"):
    """A text encoder under transformers' names."""
    shapes, prefix, width = Shapes(), f"{prefix}.text_model", config["hidden_size"]
    shapes[f"{prefix}.embeddings.token_embedding.weight"] = (config["vocab_size"], width)
    shapes[f"{prefix}.embeddings.position_embedding.weight"] = (config["max_position_embeddings"], width)
    for index in range(config["num_hidden_layers"]):
        layer = f"{prefix}.encoder.layers.{index}"
        shapes.norm(f"{layer}.layer_norm1", width)
        for part in ("q_proj", "k_proj", "v_proj", "out_proj"):
            shapes.linear(f"{layer}.self_attn.{part}", width, width)
        shapes.norm(f"{layer}.layer_norm2", width)
        shapes.linear(f"{layer}.mlp.fc1", width, config["intermediate_size"])
        shapes.linear(f"{layer}.mlp.fc2", config["intermediate_size"], width)
    shapes.norm(f"{prefix}.final_layer_norm", width)
    return shapes


def openclip_shapes(config, prefix):
    """A text encoder under OpenCLIP's names, with all that its files hold."""
    shapes, width = Shapes(), config["hidden_size"]
    shapes[f"{prefix}.token_embedding.weight"] = (config["vocab_size"], width)
    shapes[f"{prefix}.positional_embedding"] = (config["max_position_embeddings"], width)
    for index in range(config["num_hidden_layers"]):
        layer = f"{prefix}.transformer.resblocks.{index}"
        shapes.norm(f"{layer}.ln_1", width)
        shapes[f"{layer}.attn.in_proj_weight"] = (3 * width, width)
        shapes[f"{layer}.attn.in_proj_bias"] = (3 * width,)
        shapes.linear(f"{layer}.attn.out_proj", width, width)
        shapes.norm(f"{layer}.ln_2", width)
        shapes.linear(f"{layer}.mlp.c_fc", width, config["intermediate_size"])
        shapes.linear(f"{layer}.mlp.c_proj", config["intermediate_size"], width)
    shapes.norm(f"{prefix}.ln_final", width)
    shapes[f"{prefix}.text_projection"] = (width, width)
    shapes[f"{prefix}.logit_scale"] = ()
    return shapes


def checkpoint_shapes(config):
    """All tensors of a checkpoint of SD 1: UNet, VAE and text encoder, in that order."""
    return unet_shapes(config["unet"]) | vae_shapes(config["vae"]) | text_shapes(config["text_encoder"])
