"""Writes the trained demonstration model as one safetensors file in the layout of Stable Diffusion 1.x checkpoints.

    python export.py --work DIR [--output FILE]

Weights are float16. The metadata entry "config" holds the configuration of every part as JSON.
"""

import argparse
import json
import os
import re

import torch
from safetensors.torch import save_file

import text_encoder
import tokens
import train_autoencoder
import train_diffusion
import world

# How samplers of Stable Diffusion 1.x choose their timesteps.
SAMPLING = {"timestep_spacing": "leading", "steps_offset": 1, "clip_sample": False, "set_alpha_to_one": False}
DEFAULTS = {"width": world.SIZE, "height": world.SIZE, "steps": 20, "guidance_scale": 4.0, "sampler": "ddim"}


def unet_key(name, layers=train_diffusion.CONFIG["layers_per_block"]):
    """The LDM key of a diffusers UNet2DConditionModel parameter."""
    span = layers + 1
    fixed = {
        "conv_in": "input_blocks.0.0",
        "time_embedding.linear_1": "time_embed.0",
        "time_embedding.linear_2": "time_embed.2",
        "conv_norm_out": "out.0",
        "conv_out": "out.2",
    }
    for old, new in fixed.items():
        if name.startswith(old + "."):
            return "model.diffusion_model." + new + name[len(old) :]
    parts = name.split(".")
    if parts[0] == "mid_block":
        place, rest = {"resnets": ("0", "2"), "attentions": ("1",)}[parts[1]][int(parts[2])], parts[3:]
        new, kind = f"middle_block.{place}", parts[1]
    else:
        block, kind, index, rest = int(parts[1]), parts[2], int(parts[3]), parts[4:]
        if parts[0] == "down_blocks":
            if kind == "downsamplers":
                return f"model.diffusion_model.input_blocks.{(block + 1) * span}.0.op.{rest[1]}"
            new = f"input_blocks.{1 + block * span + index}.{'01'[kind == 'attentions']}"
        else:
            if kind == "upsamplers":
                place = 2 if "CrossAttn" in train_diffusion.CONFIG["up_block_types"][block] else 1
                return f"model.diffusion_model.output_blocks.{block * span + layers}.{place}.conv.{rest[1]}"
            new = f"output_blocks.{block * span + index}.{'01'[kind == 'attentions']}"
    rest = ".".join(rest)
    if kind == "resnets":
        renamed = {"norm1": "in_layers.0", "conv1": "in_layers.2", "norm2": "out_layers.0", "conv2": "out_layers.3",
                   "time_emb_proj": "emb_layers.1", "conv_shortcut": "skip_connection"}
        layer, leaf = rest.split(".")
        rest = f"{renamed[layer]}.{leaf}"
    return f"model.diffusion_model.{new}.{rest}"


def vae_key(name, levels=len(train_autoencoder.CONFIG["block_out_channels"])):
    """The LDM key of a diffusers AutoencoderKL parameter."""
    name = re.sub(r"down_blocks\.(\d)\.resnets\.(\d)", r"down.\1.block.\2", name)
    name = re.sub(r"down_blocks\.(\d)\.downsamplers\.0", r"down.\1.downsample", name)
    name = re.sub(r"up_blocks\.(\d)\.resnets\.(\d)", lambda m: f"up.{levels - 1 - int(m[1])}.block.{m[2]}", name)
    name = re.sub(r"up_blocks\.(\d)\.upsamplers\.0", lambda m: f"up.{levels - 1 - int(m[1])}.upsample", name)
    name = re.sub(r"mid_block\.resnets\.(\d)", lambda m: f"mid.block_{int(m[1]) + 1}", name)
    for old, new in {"mid_block.attentions.0.group_norm": "mid.attn_1.norm", "mid_block.attentions.0.to_out.0":
                     "mid.attn_1.proj_out", "mid_block.attentions.0.to_": "mid.attn_1.",
                     "conv_norm_out": "norm_out", "conv_shortcut": "nin_shortcut"}.items():
        name = name.replace(old, new)
    return "first_stage_model." + name


def full_text_state(state, known):
    """The text encoder's weights with the whole token table: zero rows for tokens that were never trained."""
    full = {}
    for name, value in state.items():
        name = name if name.startswith("text_model.") else "text_model." + name
        if name.endswith("position_ids"):
            continue
        if name.endswith("token_embedding.weight"):
            table = torch.zeros(tokens.VOCABULARY, value.shape[1])
            table[known[1:]] = value[1:]
            value = table
        full["cond_stage_model.transformer." + name] = value
    return full


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", required=True, help="folder of the training state")
    parser.add_argument("--output", help="the file to write; DIR/demo.safetensors if not given")
    parser.add_argument("--raw", action="store_true", help="the last weights instead of their moving average")
    options = parser.parse_args()
    vae = torch.load(os.path.join(options.work, "vae.pt"), weights_only=True)["vae"]
    text = torch.load(os.path.join(options.work, "text.pt"), weights_only=True)
    unet = torch.load(os.path.join(options.work, "unet.pt"), weights_only=True)
    config = {
        "unet": train_diffusion.CONFIG,
        "vae": {**train_autoencoder.CONFIG, "scaling_factor": round(unet["scale"], 6)},
        "text_encoder": text_encoder.CONFIG,
        "scheduler": {**train_diffusion.SCHEDULER, **SAMPLING},
        "defaults": DEFAULTS,
    }
    weights = full_text_state(text["text"], text["known"])
    for name, value in vae.items():
        if "mid_block.attentions" in name and value.dim() == 2:
            value = value[:, :, None, None]
        weights[vae_key(name)] = value
    for name, value in unet["unet" if options.raw else "average"].items():
        weights[unet_key(name)] = value
    metadata = {
        "config": json.dumps(config),
        "format": "pt",
        "license": "CC0-1.0",
        "modelspec.sai_model_spec": "1.0.0",
        "modelspec.architecture": "stable-diffusion-v1",
        "modelspec.implementation": "https://github.com/CompVis/stable-diffusion",
        "modelspec.title": "imagine demonstration model",
        "modelspec.description": "A tiny Stable Diffusion 1.x model that draws simple coloured things on simple "
        "backgrounds; trained from nothing on pictures drawn by a script.",
        "modelspec.license": "CC0-1.0",
        "modelspec.resolution": f"{world.SIZE}x{world.SIZE}",
        "modelspec.prediction_type": "epsilon",
        "training_steps": str(unet["step"]),
        "training_pictures": str(unet["pictures"]),
    }
    output = options.output or os.path.join(options.work, "demo.safetensors")
    weights = {name: value.half().contiguous() for name, value in weights.items()}
    save_file(weights, output + ".new", metadata)
    os.replace(output + ".new", output)
    count = sum(value.numel() for value in weights.values())
    print(f"{output}: {len(weights)} tensors, {count} parameters, {os.path.getsize(output)} bytes")


if __name__ == "__main__":
    main()
