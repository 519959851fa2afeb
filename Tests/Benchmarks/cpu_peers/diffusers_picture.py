"""Draw a picture with diffusers on the processor, from a single-file checkpoint: what a short script of a user does."""

import argparse

import torch
from diffusers import EulerDiscreteScheduler, StableDiffusionPipeline


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("prompt")
    parser.add_argument("--model", required=True, help="a Stable Diffusion 1.x checkpoint in its single-file layout")
    parser.add_argument("--settings", required=True, help="a diffusers folder without weights, so that none is fetched")
    parser.add_argument("--dtype", choices=["float32", "bfloat16"], default="bfloat16")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--size", type=int, default=512)
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--guidance", type=float, default=7.5)
    parser.add_argument("--seed", type=int, default=42)
    parser.add_argument("--output", required=True)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    pipeline = StableDiffusionPipeline.from_single_file(
        options.model, config=options.settings, torch_dtype=getattr(torch, options.dtype), safety_checker=None,
        local_files_only=True)
    pipeline.scheduler = EulerDiscreteScheduler.from_config(pipeline.scheduler.config)
    pipeline.set_progress_bar_config(disable=True)
    for module in (pipeline.unet, pipeline.vae):
        module.to(memory_format=torch.channels_last)
    pipeline(
        options.prompt, width=options.size, height=options.size, num_inference_steps=options.steps,
        guidance_scale=options.guidance, generator=torch.Generator().manual_seed(options.seed),
    ).images[0].save(options.output)


if __name__ == "__main__":
    main()
