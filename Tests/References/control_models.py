"""The small networks of the control goldens: ControlNets, T2I-Adapters, IP-Adapters and an image encoder, weights by formula.

A weight's path is its kind's root and its diffusers (transformers) key, as families_weights.py needs it.
"""

import torch
from diffusers import ControlNetModel, T2IAdapter
from diffusers.models.embeddings import (
    ImageProjection,
    IPAdapterFullImageProjection,
    IPAdapterPlusImageProjection,
)
from transformers import CLIPVisionConfig, CLIPVisionModelWithProjection

from families_layout import unet_name
from families_models import FAMILIES
from families_weights import weight

HINT = {"conditioning_embedding_out_channels": [4, 8, 8, 12]}
VISION = {"hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 3, "num_attention_heads": 4, "image_size": 28,
          "patch_size": 14, "projection_dim": 24, "hidden_act": "gelu"}


def controlnet_config(family, **more):
    unet = FAMILIES[family][1]["unet"]
    keys = ("in_channels", "block_out_channels", "attention_head_dim", "cross_attention_dim", "down_block_types",
            "layers_per_block", "norm_num_groups", "use_linear_projection", "addition_embed_type", "addition_time_embed_dim",
            "transformer_layers_per_block", "projection_class_embeddings_input_dim")
    return {key: unet[key] for key in keys if key in unet} | HINT | more


# name: (family of the model it goes with, the ControlNet's configuration)
CONTROLNETS = {
    "controlnet_sd1": ("sd1", controlnet_config("sd1")),
    "controlnet_sd2": ("sd2", controlnet_config("sd2")),
    "controlnet_sdxl": ("sdxl", controlnet_config("sdxl")),
    "controlnet_sdxl_mid": ("sdxl", controlnet_config(
        "sdxl", down_block_types=["DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"],
        transformer_layers_per_block=[0, 0, 1])),
    "controlnet_sdxl_small": ("sdxl", controlnet_config(
        "sdxl", down_block_types=["DownBlock2D"] * 3, transformer_layers_per_block=[0, 0, 0])),
    "controlnet_sd1_shuffle": ("sd1", controlnet_config("sd1", global_pool_conditions=True)),
}
ADAPTERS = {
    "t2i_sd1": ("sd1", {"in_channels": 3, "channels": [8, 16, 16, 16], "num_res_blocks": 2, "downscale_factor": 8,
                        "adapter_type": "full_adapter"}),
    "t2i_sd1_grey": ("sd1", {"in_channels": 1, "channels": [8, 16, 16, 16], "num_res_blocks": 2, "downscale_factor": 8,
                             "adapter_type": "full_adapter"}),
    "t2i_sdxl": ("sdxl", {"in_channels": 3, "channels": [8, 16, 16, 16], "num_res_blocks": 2, "downscale_factor": 16,
                          "adapter_type": "full_adapter_xl"}),
    # diffusers makes one level more than there are channels.
    "t2i_sd1_light": ("sd1", {"in_channels": 3, "channels": [8, 16, 16], "num_res_blocks": 4, "downscale_factor": 8,
                              "adapter_type": "light_adapter"}),
}
# name: (family, kind)
IMAGE_PROMPTS = {"ip_sd1": ("sd1", "plain"), "ip_sd1_plus": ("sd1", "plus"), "ip_sd1_full": ("sd1", "full"),
                 "ip_sdxl": ("sdxl", "plain"), "ip_sdxl_plus": ("sdxl", "plus")}
TOKENS = {"plain": 4, "plus": 5, "full": 5}


def fill(module, root, salt=""):
    """Weights by formula; a salt before the path makes another network of the same structure."""
    for key, parameter in module.named_parameters():
        parameter.data = torch.from_numpy(weight(f"{salt}{root}.{vision_key(key) if root == 'image_encoder' else key}",
                                                 tuple(parameter.shape)))
    return module.float().eval()


def vision_key(key):
    """transformers 5 leaves out a prefix that others have."""
    return key if key.startswith(("vision_model.", "visual_projection.")) else "vision_model." + key


def controlnet(name, salt=""):
    return fill(ControlNetModel.from_config(CONTROLNETS[name][1]), "controlnet", salt)


def adapter(name):
    return fill(T2IAdapter.from_config(ADAPTERS[name][1]), "t2i_adapter")


def image_encoder():
    return fill(CLIPVisionModelWithProjection(CLIPVisionConfig(**VISION)), "image_encoder")


def attentions(unet):
    """Widths of the cross-attentions in the order of IP-Adapters' numbers, which is that of diffusers' processors."""
    names = [name for name in unet.attn_processors if name.endswith("attn2.processor")]
    ways = [name.split("_")[0].split(".")[0] for name in names]
    assert ways == sorted(ways, key=["down", "up", "mid"].index), names
    return [unet.get_submodule(name.removesuffix(".processor")).to_k.weight.shape[0] for name in names]


def projection(name):
    """diffusers' module for the tokens."""
    family, kind = IMAGE_PROMPTS[name]
    context = FAMILIES[family][1]["unet"]["cross_attention_dim"]
    module = {
        "plain": lambda: ImageProjection(cross_attention_dim=context, image_embed_dim=VISION["projection_dim"],
                                         num_image_text_embeds=TOKENS["plain"]),
        "plus": lambda: IPAdapterPlusImageProjection(embed_dims=32, output_dims=context, hidden_dims=64, heads=2, dim_head=64,
                                                     num_queries=TOKENS["plus"]),
        "full": lambda: IPAdapterFullImageProjection(cross_attention_dim=context, image_embed_dim=32),
    }[kind]()
    return fill(module, "ip_adapter.image_proj")


def key_value_weights(family, widths):
    context = FAMILIES[family][1]["unet"]["cross_attention_dim"]
    return {f"attentions.{k}.{name}.weight": torch.from_numpy(
        weight(f"ip_adapter.attentions.{k}.{name}.weight", (width, context)))
        for k, width in enumerate(widths) for name in ("to_k_ip", "to_v_ip")}


# Where tensors stand in the files that the authors published: (name, form), for rows of [path, shape, name, form].


def controlnet_name(key, config):
    stem, kind = key.rsplit(".", 1)
    part = stem.split(".")
    if part[0] == "controlnet_cond_embedding":
        place = {"conv_in": 0, "conv_out": 14}.get(part[1], 2 * int(part[2]) + 2 if len(part) > 2 else None)
        return f"input_hint_block.{place}.{kind}"
    if part[0] == "controlnet_down_blocks":
        return f"zero_convs.{part[1]}.0.{kind}"
    if part[0] == "controlnet_mid_block":
        return f"middle_block_out.0.{kind}"
    return unet_name(key, config)


def adapter_name(key, config):
    stem = key.removeprefix("adapter.")
    part = stem.split(".")
    if part[0] == "conv_in":
        return stem
    if config["adapter_type"] == "light_adapter":
        return stem.replace(".resnets.", ".body.")
    if part[2] == "in_conv":
        return f"body.{2 * int(part[1])}.in_conv.{part[3]}"
    return f"body.{2 * int(part[1]) + int(part[3])}.{part[4]}.{part[5]}"


def image_prompt_name(key, kind):
    part = key.split(".")
    if part[0] == "attentions":
        return f"ip_adapter.{2 * int(part[1]) + 1}.{part[2]}.weight", ""
    rest = key.removeprefix("image_proj.")
    if ".attn.to_k." in rest or ".attn.to_v." in rest:
        return f"image_proj.layers.{part[2]}.0.to_kv.weight", part[4][-1]
    for ours, theirs in [(".ln0.", ".0.norm1."), (".ln1.", ".0.norm2."), (".attn.to_q.", ".0.to_q."),
                         (".attn.to_out.0.", ".0.to_out."), (".ff.0.", ".1.0."), (".ff.1.net.0.proj.", ".1.1."),
                         (".ff.1.net.2.", ".1.3.")]:
        rest = rest.replace(ours, theirs)
    if kind == "full":
        rest = rest.replace("ff.net.0.proj.", "proj.0.").replace("ff.net.2.", "proj.2.").replace("norm.", "proj.3.")
    return "image_proj." + rest.replace("image_embeds.", "proj."), ""
