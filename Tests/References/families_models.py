"""The small models of the family goldens: each family's true structure with small widths, weights by formula."""

import torch
from diffusers import AutoencoderKL, UNet2DConditionModel
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection

from families_layout import original
from families_weights import weight

BETAS = {"beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear", "num_train_timesteps": 1000}
DDIM = {"_class_name": "DDIMScheduler", **BETAS, "clip_sample": False, "set_alpha_to_one": False, "steps_offset": 1,
        "timestep_spacing": "leading", "prediction_type": "epsilon"}
EULER = {"_class_name": "EulerDiscreteScheduler", **BETAS, "steps_offset": 1, "timestep_spacing": "trailing",
         "prediction_type": "epsilon"}
VELOCITY = {"prediction_type": "v_prediction"}
# Playground 2.5's: every level of noise, and latents with statistics of their own.
EDM = {"_class_name": "EDMEulerScheduler", "sigma_min": 0.002, "sigma_max": 80.0, "sigma_data": 0.5, "rho": 7.0,
       "num_train_timesteps": 1000, "prediction_type": "epsilon"}
STATISTICS = {"latents_mean": [-1.5, 1.75, -1.25, 2.5], "latents_std": [8.5, 6.0, 6.5, 5.25]}

CROSS = ["CrossAttnDownBlock2D"] * 3 + ["DownBlock2D"], ["UpBlock2D"] + ["CrossAttnUpBlock2D"] * 3


def unet(widths, heads, context, blocks=CROSS, **more):
    return {"in_channels": 4, "out_channels": 4, "block_out_channels": widths, "attention_head_dim": heads,
            "cross_attention_dim": context, "down_block_types": blocks[0], "up_block_types": blocks[1],
            "layers_per_block": 2, "norm_num_groups": 4, "sample_size": 8, **more}


def vae(scale):
    return {"in_channels": 3, "out_channels": 3, "latent_channels": 4, "block_out_channels": [8, 8, 16, 16],
            "layers_per_block": 2, "norm_num_groups": 4, "down_block_types": ["DownEncoderBlock2D"] * 4,
            "up_block_types": ["UpDecoderBlock2D"] * 4, "sample_size": 64, "scaling_factor": scale}


def text(width, layers, activation, projection=None):
    config = {"hidden_size": width, "intermediate_size": 4 * width, "num_hidden_layers": layers,
              "num_attention_heads": width // 8, "hidden_act": activation, "vocab_size": 49408,
              "max_position_embeddings": 77, "bos_token_id": 49406, "eos_token_id": 49407, "pad_token_id": 1}
    return config | ({"projection_dim": projection} if projection else {})


SD1_WIDTHS = [8, 16, 16, 16]
L, G = text(16, 3, "quick_gelu"), text(16, 3, "gelu", projection=24)
SD1 = {"vae": vae(0.18215), "text_encoder": text(16, 2, "quick_gelu"), "unet": unet(SD1_WIDTHS, 2, 16),
       "scheduler": DDIM, "tokenizer": {"pad_token": "<|endoftext|>", "model_max_length": 77}}
# The folder has one layer of the text encoder less than the single file, and uses the last it has.
SD2 = SD1 | {"text_encoder": text(16, 2, "gelu", projection=16), "tokenizer": {"pad_token": "!", "model_max_length": 77},
             "unet": unet(SD1_WIDTHS, [1, 2, 2, 2], 16, use_linear_projection=True)}
XL_BLOCKS = (["DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"],
             ["CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"])
XL_MORE = {"use_linear_projection": True, "addition_embed_type": "text_time", "addition_time_embed_dim": 8}


def xl_unet(**more):
    return unet([8, 16, 16], [1, 2, 2], 32, XL_BLOCKS, **{
        **XL_MORE, "transformer_layers_per_block": [1, 2, 3], "projection_class_embeddings_input_dim": 24 + 6 * 8, **more})


XL = {"vae": vae(0.13025), "text_encoder": L, "text_encoder_2": G, "unet": xl_unet(), "scheduler": EULER,
      "tokenizer": {"pad_token": "<|endoftext|>", "model_max_length": 77},
      "tokenizer_2": {"pad_token": "!", "model_max_length": 77}}
REFINER = {"vae": vae(0.13025), "text_encoder_2": G, "scheduler": EULER,
           "tokenizer_2": {"pad_token": "!", "model_max_length": 77},
           "unet": unet([8, 16, 16, 16], [1, 2, 2, 2], 16,
                        (["DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D", "DownBlock2D"],
                         ["UpBlock2D", "CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"]),
                        **{**XL_MORE, "transformer_layers_per_block": 2, "projection_class_embeddings_input_dim": 24 + 5 * 8})}
SSD = XL | {"unet": xl_unet(transformer_layers_per_block=[1, 2, 2], mid_block_type="UNetMidBlock2D",
                            reverse_transformer_layers_per_block=[[2, 2, 3], [2, 1, 1], 1])}

# name: (single file's layout, configurations, pipeline class, its index's further settings, what only the single file has)
FAMILIES = {
    "sd1": ("sd1", SD1, "StableDiffusionPipeline", {}, {}),
    "sd2": ("sd2", SD2, "StableDiffusionPipeline", {}, {}),
    "sd2_v": ("sd2", SD2 | {"scheduler": DDIM | VELOCITY}, "StableDiffusionPipeline", {},
              {"notes": {"modelspec.prediction_type": "v"}}),
    "sd2_v_zero_snr": ("sd2", SD2 | {"scheduler": EULER | VELOCITY | {"rescale_betas_zero_snr": True}},
                       "StableDiffusionPipeline", {}, {"markers": ["v_pred", "ztsnr"]}),
    "sdxl": ("sdxl", XL, "StableDiffusionXLPipeline", {"force_zeros_for_empty_prompt": True}, {}),
    "sdxl_turbo": ("sdxl", XL | {"scheduler": EULER | {"_class_name": "EulerAncestralDiscreteScheduler"}},
                   "StableDiffusionXLPipeline", {"force_zeros_for_empty_prompt": True}, {}),
    "sdxl_v": ("sdxl", XL | {"scheduler": EULER | VELOCITY}, "StableDiffusionXLPipeline",
               {"force_zeros_for_empty_prompt": True}, {"markers": ["v_pred"]}),
    "sdxl_edm": ("sdxl", XL | {"scheduler": EDM, "vae": vae(0.5) | STATISTICS}, "StableDiffusionXLPipeline",
                 {"force_zeros_for_empty_prompt": True},
                 {"markers": {"edm_mean": STATISTICS["latents_mean"], "edm_std": STATISTICS["latents_std"]}}),
    "sdxl_refiner": ("refiner", REFINER, "StableDiffusionXLImg2ImgPipeline", {"requires_aesthetics_score": True,
                     "force_zeros_for_empty_prompt": False}, {}),
    "ssd_1b": ("sdxl", SSD, "StableDiffusionXLPipeline", {"force_zeros_for_empty_prompt": True}, {}),
    "sd1_inpainting": ("sd1", SD1 | {"unet": unet(SD1_WIDTHS, 2, 16, in_channels=9)}, "StableDiffusionInpaintPipeline", {},
                       {}),
    "sd1_edit": ("sd1", SD1 | {"unet": unet(SD1_WIDTHS, 2, 16, in_channels=8)},
                 "StableDiffusionInstructPix2PixPipeline", {}, {}),
    "sd1_lcm": ("sd1", SD1 | {"unet": unet(SD1_WIDTHS, 2, 16, time_cond_proj_dim=16),
                              "scheduler": {"_class_name": "LCMScheduler", **BETAS, "prediction_type": "epsilon"}},
                "LatentConsistencyModelPipeline", {}, {}),
}


def canonical(part, key):
    """transformers 5 leaves out a prefix that others have."""
    if part.startswith("text_encoder") and not key.startswith(("text_model.", "text_projection.")):
        key = "text_model." + key
    return f"{part}.{key}"


def load(part, config):
    """A network of diffusers or transformers with weights by formula, in float32."""
    if part == "text_encoder_2":
        module = CLIPTextModelWithProjection(CLIPTextConfig(**config))
    elif part == "text_encoder":
        module = CLIPTextModel(CLIPTextConfig(**config))
    else:
        module = {"unet": UNet2DConditionModel, "vae": AutoencoderKL}[part].from_config(config)
    for key, parameter in module.named_parameters():
        parameter.data = torch.from_numpy(weight(canonical(part, key), tuple(parameter.shape)))
    return module.float().eval()


def tensors(base, configs, modules):
    """Rows of [canonical path, shape, name in the single file, form]; the form is empty where the tensor is there as it is.

    `q`, `k`, `v`: a third of it; `transposed`; `conv`: with two trailing 1; `single`: only there.
    """
    rows = []
    for part, module in modules.items():
        for key, parameter in module.named_parameters():
            path = canonical(part, key)
            shape = list(parameter.shape)
            name, form = original(part, path.removeprefix(part + "."), shape, base, configs)
            rows.append([path, shape, name, form])
    if base == "sd2":
        rows += penultimate(rows, configs["text_encoder"])
    return rows


def penultimate(rows, config):
    """What the single file of Stable Diffusion 2 has more: a last layer that is not used, and a projection."""
    last = config["num_hidden_layers"]
    layer, block = f".layers.{last - 1}.", f".resblocks.{last - 1}."
    copies = [[path.replace(layer, f".layers.{last}."), shape, name.replace(block, f".resblocks.{last}."),
               ("single " + form).strip()] for path, shape, name, form in rows if layer in path and path.startswith("text_encoder.")]
    width = config["hidden_size"]
    return copies + [["text_encoder.text_projection.weight", [width, width], "cond_stage_model.model.text_projection",
                      "single transposed"]]
