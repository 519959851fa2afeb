"""Loads the demonstration model into diffusers' StableDiffusionPipeline, draws with it or converts it to a folder.

    python load_in_diffusers.py MODEL.safetensors --prompt "a red house under a yellow sun" --output house.png
    python load_in_diffusers.py MODEL.safetensors --folder demo-diffusers
"""

import argparse
import json
import tempfile

import torch
from diffusers import AutoencoderKL, DDIMScheduler, EulerDiscreteScheduler, StableDiffusionPipeline
from diffusers import UNet2DConditionModel
from safetensors import safe_open
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer

import export
import tokens

SCHEDULERS = {"ddim": DDIMScheduler, "euler": EulerDiscreteScheduler}


def read(path):
    """The weights (as float32) and the configuration of a file."""
    with safe_open(path, "pt") as file:
        return {name: file.get_tensor(name).float() for name in file.keys()}, json.loads(file.metadata()["config"])


def fill(model, weights, key):
    """Loads every parameter of a diffusers model from the LDM weight that `key` names."""
    state = {}
    for name, parameter in model.state_dict().items():
        state[name] = weights.pop(key(name)).reshape(parameter.shape)
    model.load_state_dict(state)
    return model.eval()


def scheduler_of(config, sampler):
    """A diffusers scheduler for the sampler's name."""
    return SCHEDULERS[sampler].from_config(config["scheduler"])


def load(path):
    """The file as a StableDiffusionPipeline, and its configuration. Every weight of the file is used exactly once."""
    weights, config = read(path)
    unet = fill(UNet2DConditionModel(**config["unet"]), weights, export.unet_key)
    vae = fill(AutoencoderKL(**config["vae"]), weights, export.vae_key)
    text = CLIPTextModel(CLIPTextConfig(**config["text_encoder"]))
    prefix = "cond_stage_model.transformer.text_model."
    fill(text, weights, lambda name: prefix + name.removeprefix("text_model."))
    assert not weights, f"unused weights: {sorted(weights)[:5]}"
    with tempfile.TemporaryDirectory() as folder:
        tokens.write_tokenizer(folder)
        tokenizer = CLIPTokenizer.from_pretrained(folder)
    pipeline = StableDiffusionPipeline(
        vae=vae, text_encoder=text, tokenizer=tokenizer, unet=unet,
        scheduler=scheduler_of(config, config["defaults"]["sampler"]),
        safety_checker=None, feature_extractor=None, requires_safety_checker=False,
    )
    pipeline.set_progress_bar_config(disable=True)
    return pipeline, config


def draw(pipeline, config, prompts, seed=0, steps=None, guidance=None):
    """Draws one picture a prompt with the defaults of the file; picture i uses the seed `seed + i`."""
    defaults = config["defaults"]
    generators = [torch.Generator().manual_seed(seed + i) for i in range(len(prompts))]
    return pipeline(
        prompts, width=defaults["width"], height=defaults["height"], generator=generators,
        num_inference_steps=steps or defaults["steps"],
        guidance_scale=defaults["guidance_scale"] if guidance is None else guidance,
    ).images


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("--folder", help="write a diffusers folder")
    parser.add_argument("--prompt", default="a red house under a yellow sun")
    parser.add_argument("--output", help="write a PNG")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--steps", type=int)
    options = parser.parse_args()
    pipeline, config = load(options.model)
    if options.folder:
        pipeline.save_pretrained(options.folder)
    if options.output:
        draw(pipeline, config, [options.prompt], options.seed, options.steps)[0].save(options.output)


if __name__ == "__main__":
    main()
