"""Names of SD1 tensors in the original single-file layout, from their names in diffusers, and loading of modules."""

import json
import re

import torch
from safetensors import safe_open

RESNET = {"norm1": "in_layers.0", "conv1": "in_layers.2", "norm2": "out_layers.0", "conv2": "out_layers.3",
          "time_emb_proj": "emb_layers.1", "conv_shortcut": "skip_connection"}
TOP = {"conv_in": "input_blocks.0.0", "time_embedding.linear_1": "time_embed.0",
       "time_embedding.linear_2": "time_embed.2", "conv_norm_out": "out.0", "conv_out": "out.2"}
VAE_ATTENTION = {"group_norm": "norm", "to_q": "q", "to_k": "k", "to_v": "v", "to_out.0": "proj_out"}


def unet_name(key):
    return "model.diffusion_model." + unet_local_name(key)


def unet_local_name(key):
    stem, kind = key.rsplit(".", 1)
    if stem in TOP:
        return f"{TOP[stem]}.{kind}"
    if match := re.fullmatch(r"mid_block\.(resnets|attentions)\.(\d)\.(.*)", key):
        part, index, rest = match.groups()
        return f"middle_block.{2 * int(index)}.{resnet(rest)}" if part == "resnets" else f"middle_block.1.{rest}"
    if match := re.fullmatch(r"(down|up)_blocks\.(\d)\.(resnets|attentions|downsamplers|upsamplers)\.(\d)\.(.*)", key):
        way, block, part, index, rest = match.groups()
        block, index = int(block), int(index)
        if part == "downsamplers":
            return f"input_blocks.{3 * (block + 1)}.0.op.{kind}"
        if part == "upsamplers":
            return f"output_blocks.{3 * block + 2}.{1 if block == 0 else 2}.conv.{kind}"
        place = f"input_blocks.{1 + 3 * block + index}" if way == "down" else f"output_blocks.{3 * block + index}"
        return f"{place}.0.{resnet(rest)}" if part == "resnets" else f"{place}.1.{rest}"
    raise KeyError(key)


def resnet(rest):
    stem, kind = rest.rsplit(".", 1)
    return f"{RESNET[stem]}.{kind}"


def vae_name(key, levels=4):
    key = re.sub(r"encoder\.down_blocks\.(\d)\.resnets", r"encoder.down.\1.block", key)
    key = re.sub(r"encoder\.down_blocks\.(\d)\.downsamplers\.0", r"encoder.down.\1.downsample", key)
    key = re.sub(r"decoder\.up_blocks\.(\d)\.resnets", lambda m: f"decoder.up.{levels - 1 - int(m[1])}.block", key)
    key = re.sub(r"decoder\.up_blocks\.(\d)\.upsamplers\.0",
                 lambda m: f"decoder.up.{levels - 1 - int(m[1])}.upsample", key)
    key = re.sub(r"mid_block\.resnets\.(\d)", lambda m: f"mid.block_{int(m[1]) + 1}", key)
    if match := re.fullmatch(r"(.*)mid_block\.attentions\.0\.(.*)\.(weight|bias)", key):
        key = f"{match[1]}mid.attn_1.{VAE_ATTENTION[match[2]]}.{match[3]}"
    key = key.replace("conv_norm_out", "norm_out").replace("conv_shortcut", "nin_shortcut")
    return "first_stage_model." + key


def text_name(key):
    return "cond_stage_model.transformer.text_model." + key.removeprefix("text_model.")


NAMES = {"unet": unet_name, "vae": vae_name, "text_encoder": text_name}


def checkpoint_config(path):
    """The JSON under `__metadata__.config` of a checkpoint made by these scripts."""
    with safe_open(path, "pt") as file:
        return json.loads(file.metadata()["config"])


def load_part(path, part, module, dtype=torch.float32):
    """Fill a module made on the meta device from an original-layout file; only this part is read."""
    with safe_open(path, "pt") as file:
        state = {key: file.get_tensor(NAMES[part](key)).to(dtype).reshape(empty.shape)
                 for key, empty in module.state_dict().items() if not key.endswith("position_ids")}
    module.load_state_dict(state, strict=False, assign=True)
    for name, buffer in module.named_buffers():
        if name.endswith("position_ids"):
            owner = module.get_submodule(name.rpartition(".")[0])
            owner.position_ids = torch.arange(buffer.shape[-1]).expand(1, -1)
    assert not any(tensor.is_meta for tensor in [*module.parameters(), *module.buffers()])
    return module.eval()
