"""Where each tensor of a family stands in the original single file: from diffusers' names, for any depth and number of levels."""

import re

from pipeline_layout import TOP as SD1_TOP
from pipeline_layout import resnet, vae_name

TOP = SD1_TOP | {
    # What converts consistency models to single files does not know this layer, and leaves its name.
    "time_embedding.cond_proj": "time_embedding.cond_proj",
    "add_embedding.linear_1": "label_emb.0.0", "add_embedding.linear_2": "label_emb.0.2"}
OPENCLIP = [("layer_norm1", "ln_1"), ("layer_norm2", "ln_2"), ("self_attn.out_proj", "attn.out_proj"),
            ("mlp.fc1", "mlp.c_fc"), ("mlp.fc2", "mlp.c_proj")]


def unet_name(key, config):
    stem, kind = key.rsplit(".", 1)
    layers = config["layers_per_block"]
    if stem in TOP:
        return f"{TOP[stem]}.{kind}"
    if match := re.fullmatch(r"mid_block\.(resnets|attentions)\.(\d)\.(.*)", key):
        part, index, rest = match.groups()
        return f"middle_block.{2 * int(index)}.{resnet(rest)}" if part == "resnets" else f"middle_block.1.{rest}"
    match = re.fullmatch(r"(down|up)_blocks\.(\d)\.(resnets|attentions|downsamplers|upsamplers)\.(\d)\.(.*)", key)
    way, block, part, index, rest = match.groups()
    block, index = int(block), int(index)
    if part == "downsamplers":
        return f"input_blocks.{(block + 1) * (layers + 1)}.0.op.{kind}"
    if part == "upsamplers":
        place = 2 if config["up_block_types"][block].startswith("CrossAttn") else 1
        return f"output_blocks.{block * (layers + 1) + layers}.{place}.conv.{kind}"
    place = (f"input_blocks.{1 + block * (layers + 1) + index}" if way == "down"
             else f"output_blocks.{block * (layers + 1) + index}")
    return f"{place}.0.{resnet(rest)}" if part == "resnets" else f"{place}.1.{rest}"


def openclip_name(key):
    """(name, form): the three projections of attention are one tensor there, and the text projection is transposed."""
    if key == "text_projection.weight":
        return "text_projection", "transposed"
    inner = key.removeprefix("text_model.")
    if inner.startswith("embeddings."):
        return {"embeddings.token_embedding.weight": "token_embedding.weight",
                "embeddings.position_embedding.weight": "positional_embedding"}[inner], ""
    if inner.startswith("final_layer_norm."):
        return inner.replace("final_layer_norm", "ln_final"), ""
    index, rest = re.fullmatch(r"encoder\.layers\.(\d+)\.(.*)", inner).groups()
    block = f"transformer.resblocks.{index}"
    if match := re.fullmatch(r"self_attn\.([qkv])_proj\.(weight|bias)", rest):
        return f"{block}.attn.in_proj_{match[2]}", match[1]
    theirs = next((rest.replace(ours, other) for ours, other in OPENCLIP if rest.startswith(ours)))
    return f"{block}.{theirs}", ""


# Where the text encoders stand in the single files: (prefix, whether the names are OpenCLIP's).
TEXT = {
    "sd1": {"text_encoder": ("cond_stage_model.transformer.", False)},
    "sd2": {"text_encoder": ("cond_stage_model.model.", True)},
    "sdxl": {"text_encoder": ("conditioner.embedders.0.transformer.", False),
             "text_encoder_2": ("conditioner.embedders.1.model.", True)},
    "refiner": {"text_encoder_2": ("conditioner.embedders.0.model.", True)},
}


def original(part, key, shape, base, configs):
    """(name, form) in the single file."""
    if part == "unet":
        return "model.diffusion_model." + unet_name(key, configs["unet"]), ""
    if part == "vae":
        name = vae_name(key)
        return name, "conv" if ".attn_1." in name and len(shape) == 2 else ""
    prefix, is_openclip = TEXT[base][part]
    if not is_openclip:
        return prefix + key, ""
    name, form = openclip_name(key)
    return prefix + name, form
