"""Runs of diffusers' pipelines with networks beside the model, every stage recorded.

Pictures follow by a formula: red is 4x, green 4y and blue 8 (x xor y), each modulo 256; `b` is `a` transposed.
"""

import functools

import numpy as np
import torch
from PIL import Image
from transformers import CLIPImageProcessor

import adapters_pictures
import control_models as models
from adapters_dialects import Model
from families_goldens import PROMPT
from families_models import FAMILIES, load
from families_runs import SIZE, Recorder, make_pipeline, make_tokenizer

DDIM = {"sampler": "ddim", "steps": 5, "guidance": 7.5}
EULER = {"sampler": "euler", "schedule": "trailing", "steps": 5, "guidance": 5.0}


def picture(name, width=SIZE, height=SIZE):
    y, x = np.mgrid[0:height, 0:width]
    pixels = np.stack([4 * x, 4 * y, 8 * (x ^ y)], axis=-1) % 256
    return Image.fromarray((pixels.transpose(1, 0, 2) if name == "b" else pixels).astype(np.uint8))


# name: (family, settings, what goes beside the model)
RUNS = {
    # Two at once, one of them for a part of the steps; they are of one structure, with weights of their own.
    "run_sd1_two": ("sd1", DDIM, {"controls": [
        {"network": "controlnet_sd1", "picture": "a", "weight": 0.8},
        {"network": "controlnet_sd1", "salt": "second.", "picture": "b", "weight": 0.5, "start": 0.2, "end": 0.7}]}),
    "run_sd1_guess": ("sd1", DDIM, {"controls": [
        {"network": "controlnet_sd1", "picture": "a", "weight": 1.0, "importance": "guess"}]}),
    "run_sd1_shuffle": ("sd1", DDIM, {"controls": [{"network": "controlnet_sd1_shuffle", "picture": "a", "weight": 0.9}]}),
    "run_sdxl_control": ("sdxl", EULER, {"controls": [{"network": "controlnet_sdxl", "picture": "a", "weight": 0.7}]}),
    "run_sd1_t2i": ("sd1", DDIM, {"controls": [{"network": "t2i_sd1", "picture": "a", "weight": 0.6}]}),
    "run_sdxl_t2i": ("sdxl", EULER, {"controls": [{"network": "t2i_sdxl", "picture": "a", "weight": 0.8, "end": 0.6}]}),
    "run_sd1_ip": ("sd1", DDIM, {"prompts": [{"network": "ip_sd1", "picture": "a", "weight": 0.8}]}),
    "run_sd1_ip_plus": ("sd1", DDIM, {"prompts": [{"network": "ip_sd1_plus", "picture": "b", "weight": 0.6}]}),
    "run_sdxl_ip": ("sdxl", EULER, {"prompts": [{"network": "ip_sdxl", "picture": "a", "weight": 1.0}]}),
    "run_sdxl_ip_plus": ("sdxl", EULER, {"prompts": [{"network": "ip_sdxl_plus", "picture": "a", "weight": 0.7}]}),
    # A ControlNet and two LoRAs.
    "run_sd1_loras": ("sd1", DDIM, {"controls": [{"network": "controlnet_sd1", "picture": "a", "weight": 0.8}], "loras": {}}),
    # Two adapters, and a ControlNet beside them.
    "run_sd1_all": ("sd1", DDIM, {
        "controls": [{"network": "controlnet_sd1", "picture": "b", "weight": 0.7}],
        "prompts": [{"network": "ip_sd1", "picture": "a", "weight": 0.5},
                    {"network": "ip_sd1_plus", "picture": "b", "weight": 0.4}]}),
}
# Pictures of prompts are no square, and larger than the encoder's.
PROMPT_SIZE = {"width": 40, "height": 56}


@functools.cache
def tokenizers():
    return {pad: make_tokenizer(pad) for pad in ("!", "<|endoftext|>")}


def pipeline_name(family, parts):
    kinds = {part["network"].split("_")[0] for part in parts.get("controls", [])}
    large = "XL" if family.startswith("sdxl") else ""
    middle = "ControlNet" if "controlnet" in kinds else "Adapter" if "t2i" in kinds else ""
    return f"StableDiffusion{large}{middle}Pipeline"


def authors_state(name, unet):
    """An adapter as its authors publish it: two dictionaries."""
    family, kind = models.IMAGE_PROMPTS[name]
    state, halves = {"image_proj": {}, "ip_adapter": {}}, {}
    matrices = models.key_value_weights(family, models.attentions(unet))
    keys = {f"image_proj.{key}": value for key, value in models.projection(name).state_dict().items()} | matrices
    for key, value in keys.items():
        place, form = models.image_prompt_name(key, kind)
        group, rest = place.split(".", 1)
        if form:
            halves.setdefault((group, rest), {})[form] = value
        else:
            state[group][rest] = value
    for (group, rest), both in halves.items():
        state[group][rest] = torch.cat([both["k"], both["v"]])
    return state


def image_prompts(pipeline, parts):
    """Loads adapters by diffusers' own loader from dictionaries in the authors' form."""
    pipeline.image_encoder = models.image_encoder()
    pipeline.feature_extractor = CLIPImageProcessor(size={"shortest_edge": 28}, crop_size={"height": 28, "width": 28})
    states = [authors_state(part["network"], pipeline.unet) for part in parts]
    pipeline.unet._load_ip_adapter_weights(states, low_cpu_mem_usage=False)
    pipeline.set_ip_adapter_scale([part["weight"] for part in parts])
    return {"ip_adapter_image": [picture(part["picture"], **PROMPT_SIZE) for part in parts]}


def one(values):
    """diffusers takes a list only of several."""
    return values if len(values) > 1 else values[0]


def draw(name):
    family, settings, parts = RUNS[name]
    settings = PROMPT | settings
    _, configs, _, index, _ = FAMILIES[family]
    modules = {part: load(part, configs[part]) for part in ("unet", "vae", "text_encoder", "text_encoder_2") if part in configs}
    controls, prompts = parts.get("controls", []), parts.get("prompts", [])
    kind, more = pipeline_name(family, parts), {"width": SIZE, "height": SIZE}
    if "ControlNet" in kind:
        modules["controlnet"] = one([models.controlnet(part["network"], part.get("salt", "")) for part in controls])
        more |= {"image": one([picture(part["picture"]) for part in controls]),
                 "controlnet_conditioning_scale": one([part["weight"] for part in controls]),
                 "control_guidance_start": one([part.get("start", 0.0) for part in controls]),
                 "control_guidance_end": one([part.get("end", 1.0) for part in controls]),
                 "guess_mode": any(part.get("importance") == "guess" for part in controls)}
    if "Adapter" in kind:
        modules["adapter"] = models.adapter(controls[0]["network"])
        more |= {"image": picture(controls[0]["picture"]), "adapter_conditioning_scale": controls[0]["weight"]}
        if "XL" in kind:
            more["adapter_conditioning_factor"] = controls[0].get("end", 1.0)
    pipeline = make_pipeline(kind, modules, configs, tokenizers(), index)
    if "loras" in parts:
        adapters_pictures.settled(modules)
        parts["loras"] = adapters_pictures.add_adapters(pipeline, Model(family))
    if prompts:
        more |= image_prompts(pipeline, prompts)
    recorder = Recorder(pipeline)
    latents = pipeline(
        prompt=settings["prompt"], negative_prompt=settings["negative"], num_inference_steps=settings["steps"],
        guidance_scale=settings["guidance"], generator=torch.Generator().manual_seed(settings["seed"]), output_type="latent",
        **more).images
    tensors = {key: value for key, value in recorder.tensors.items()
               if key in ("latents.initial", "noise_pred.0", f"noise_pred.{settings['steps'] - 1}")}
    return tensors | {"latents.final": latents}, {"family": family, "settings": settings, "parts": parts}
