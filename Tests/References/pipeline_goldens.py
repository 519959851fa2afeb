"""Write Tests/Goldens/pipeline: tiny-sd, a small model with SD 1.5's structure, and whole runs of it.

Everything is computed in float32 on the CPU from the file's float16 weights. README.md describes names and shapes.
"""

import argparse
import json
import math
import pathlib

import torch
from diffusers import AutoencoderKL, DDIMScheduler, StableDiffusionPipeline, UNet2DConditionModel
from diffusers.loaders.single_file_utils import convert_ldm_unet_checkpoint, convert_ldm_vae_checkpoint
from safetensors.torch import load_file
from transformers import CLIPTextConfig, CLIPTextModel

from modules_random import read, relative_l2, save
from pipeline_layout import NAMES
from pipeline_runs import Model, make_tokenizer, text_to_image
from pipeline_structure import SD15, TINY, checkpoint_shapes
from pipeline_weights import write_checkpoint

GOLDENS = pathlib.Path(__file__).parent.parent / "Goldens" / "pipeline"
CHECKPOINT = GOLDENS / "tiny-sd.safetensors"
PROMPT = {"prompt": "a red house under a yellow sun", "negative": "blurry", "steps": 6, "guidance": 7.5}

RUNS = {
    "ddim_64x64_seed42": dict(sampler="ddim", seeds=[42], width=64, height=64),
    "ddim_96x64_seed7": dict(sampler="ddim", seeds=[7], width=96, height=64),
    "euler_64x64_seed42": dict(sampler="euler", seeds=[42], width=64, height=64),
    "euler_64x96_seed7": dict(sampler="euler", seeds=[7], width=64, height=96),
    "euler_a_64x64_seed42_batch2": dict(sampler="euler_a", seeds=[42, 43], width=64, height=64),
    "dpmpp_2m_karras_64x64_seed42": dict(sampler="dpmpp_2m_karras", seeds=[42], width=64, height=64),
}


def meta_modules(config):
    with torch.device("meta"):
        return {"unet": UNet2DConditionModel.from_config(config["unet"]),
                "vae": AutoencoderKL.from_config(config["vae"]),
                "text_encoder": CLIPTextModel(CLIPTextConfig(**config["text_encoder"]))}


def check_structure(config):
    """The written names and shapes are exactly those diffusers' modules ask for."""
    wanted = {}
    for part, module in meta_modules(config).items():
        for key, value in module.state_dict().items():
            wanted[NAMES[part](key)] = math.prod(value.shape)
    shapes = checkpoint_shapes(config)
    assert wanted == {name: math.prod(shape) for name, shape in shapes.items()}
    return sum(wanted.values())


def check_converters(model):
    """diffusers' own single-file converters agree with pipeline_layout.py on every name and value."""
    file = load_file(CHECKPOINT)
    pairs = [("unet", convert_ldm_unet_checkpoint(file, dict(model.config["unet"], class_embed_type=None,
                                                             addition_embed_type=None))),
             ("vae", convert_ldm_vae_checkpoint(file, model.config["vae"]))]
    for part, converted in pairs:
        state = model.part(part).state_dict()
        assert state.keys() == converted.keys(), part
        assert all(torch.equal(state[key], converted[key].float().reshape(state[key].shape)) for key in state), part


def write_folder(model):
    """The configuration half of the same model as a diffusers folder; the weights are the single file's, renamed."""
    folder = GOLDENS / "tiny-sd"
    parts = {part: model.part(part) for part in NAMES}
    parts["scheduler"] = model.scheduler()
    for part, module in parts.items():
        name = "scheduler_config.json" if part == "scheduler" else "config.json"
        config = module.config.to_dict() if part == "text_encoder" else dict(module.config)
        config = {key: value for key, value in config.items() if key not in ("_use_default_values", "_name_or_path")}
        if part != "text_encoder":
            config["_class_name"] = type(module).__name__
        folder.joinpath(part).mkdir(parents=True, exist_ok=True)
        folder.joinpath(part, name).write_text(json.dumps(config, indent=2, sort_keys=True) + "\n")
    index = {"_class_name": "StableDiffusionPipeline", "_diffusers_version": "0.42.1",
             "feature_extractor": [None, None], "requires_safety_checker": False, "safety_checker": [None, None],
             "scheduler": ["diffusers", "DDIMScheduler"], "text_encoder": ["transformers", "CLIPTextModel"],
             "tokenizer": ["transformers", "CLIPTokenizer"], "unet": ["diffusers", "UNet2DConditionModel"],
             "vae": ["diffusers", "AutoencoderKL"]}
    folder.joinpath("model_index.json").write_text(json.dumps(index, indent=2) + "\n")
    names = {part: {key: {"original": NAMES[part](key), "shape": list(value.shape)}
                    for key, value in parts[part].state_dict().items() if not key.endswith("position_ids")}
             for part in NAMES}
    GOLDENS.joinpath("tiny-sd.names.json").write_text(one_line_per_tensor(names))


def one_line_per_tensor(names):
    parts = [f' "{part}": {{\n' + ",\n".join(f"  {json.dumps(key)}: {json.dumps(value)}" for key, value in keys.items())
             + "\n }" for part, keys in names.items()]
    return "{\n" + ",\n".join(parts) + "\n}\n"


def pipeline_run(model, tokenizer, settings):
    """The same DDIM run by diffusers' StableDiffusionPipeline: (latents.final, predictions, image)."""
    predictions = []

    class Recording(DDIMScheduler):
        def step(self, model_output, *arguments, **keywords):
            predictions.append(model_output)
            return super().step(model_output, *arguments, **keywords)

    pipeline = StableDiffusionPipeline(
        vae=model.part("vae"), unet=model.part("unet"), text_encoder=model.part("text_encoder"), tokenizer=tokenizer,
        scheduler=Recording.from_config(model.config["scheduler"]), safety_checker=None, feature_extractor=None,
        requires_safety_checker=False)
    pipeline.set_progress_bar_config(disable=True)
    latents = pipeline(settings["prompt"], negative_prompt=settings["negative"], output_type="latent",
                       width=settings["width"], height=settings["height"], num_inference_steps=settings["steps"],
                       guidance_scale=settings["guidance"],
                       generator=[torch.Generator().manual_seed(seed) for seed in settings["seeds"]]).images
    return latents, predictions, model.decode(latents).clamp(-1, 1)


def check_against_pipeline(result, model, tokenizer, settings):
    """Our DDIM loop and StableDiffusionPipeline give the same numbers."""
    latents, predictions, image = pipeline_run(model, tokenizer, settings)
    differences = [relative_l2(result["latents.final"], latents), relative_l2(result["image"], image)]
    differences += [relative_l2(result[f"noise_pred.{k}"], value) for k, value in enumerate(predictions)]
    assert len(predictions) == settings["steps"] and max(differences) < 2e-5, differences
    return max(differences)


def encode_run(model):
    """The VAE encoder on a picture of two waves and noise: `moments` (mean, log variance) and scaled mean `latents`."""
    y, x = torch.meshgrid(torch.linspace(0, 1, 32), torch.linspace(0, 1, 48), indexing="ij")
    waves = torch.stack([torch.sin(9 * x + 2 * y), torch.cos(7 * y), torch.sin(6 * x * y)])
    noise = torch.randn(waves.shape, generator=torch.Generator().manual_seed(5))
    image = (0.7 * waves + 0.1 * noise).clamp(-1, 1)[None]
    posterior = model.part("vae").encode(image).latent_dist
    return {"image": image, "moments": posterior.parameters,
            "latents": posterior.mean * model.config["vae"]["scaling_factor"]}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="compare with the files instead of writing them")
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    torch.set_grad_enabled(False)
    if not arguments.check:
        GOLDENS.mkdir(parents=True, exist_ok=True)
        write_checkpoint(CHECKPOINT, checkpoint_shapes(TINY), {"config": json.dumps(TINY, sort_keys=True)}, "F16", seed=0)
    print(f"tiny-sd: {check_structure(TINY):,} parameters; SD 1.5: {check_structure(SD15):,}")
    model, tokenizer = Model(CHECKPOINT), make_tokenizer()
    check_converters(model)
    results = {"vae_encode": (encode_run(model), {})}
    for name, run in RUNS.items():
        settings = PROMPT | run
        result = text_to_image(model, tokenizer, **settings)
        if run["sampler"] == "ddim":
            print(f"{name}: StableDiffusionPipeline within {check_against_pipeline(result, model, tokenizer, settings):.1e}")
        results[name] = (result, {"settings": settings})
    for name, (result, metadata) in results.items():
        path = GOLDENS / f"{name}.safetensors"
        if arguments.check:
            stored = read(path)
            assert stored.keys() == result.keys(), name
            drift = {key: relative_l2(result[key], stored[key]) for key in stored}
            worst = max(drift, key=drift.get)
            assert drift[worst] < 5e-5, f"{name}: {worst} differs from the stored golden by {drift[worst]:.1e}"
            print(f"{name:32} differs from the stored golden by {drift[worst]:.1e} ({worst})")
        else:
            save(path, result, metadata)
            tensor = result.get("image")
            print(f"{name:32} image std {tensor.std():.2f}, {(tensor.abs() >= 1).float().mean():.1%} clamped, "
                  f"{path.stat().st_size / 1e3:.0f} kB")
    if not arguments.check:
        write_folder(model)


if __name__ == "__main__":
    main()
