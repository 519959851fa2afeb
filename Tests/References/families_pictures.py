"""Runs that begin with a picture: writes Tests/Goldens/pictures.

    python families_pictures.py [--check] [NAME ...]

diffusers' own pipelines for image to image, inpainting, InstructPix2Pix and a second pass at a larger size, with the small
models of families_models.py, in float32 on one thread. Pictures and masks are by formula, as Tests/ImagineTests/PictureGolden.swift
has them.
"""

import argparse
import pathlib

import diffusers
import numpy
import PIL.Image
import torch

from families_goldens import PROMPT, Family
from families_runs import Recorder, decoded, make_tokenizer
from modules_random import read, relative_l2, save

GOLDENS = pathlib.Path(__file__).resolve().parent.parent / "Goldens" / "pictures"
DDIM = {"sampler": "ddim", "guidance": 7.5, "steps": 8}
EULER = {"sampler": "euler", "schedule": "trailing", "guidance": 5.0, "steps": 6}
# name: (family, pipeline, settings)
RUNS = {
    "img2img": ("sd1", "StableDiffusionImg2ImgPipeline", DDIM | {"strength": 0.6}),
    "img2img_whole": ("sd1", "StableDiffusionImg2ImgPipeline", DDIM | {"strength": 1.0, "steps": 5}),
    "img2img_xl": ("sdxl", "StableDiffusionXLImg2ImgPipeline", EULER | {"strength": 0.7}),
    "inpaint": ("sd1", "StableDiffusionInpaintPipeline", DDIM | {"strength": 0.7, "mask": True}),
    "inpaint_whole": ("sd1", "StableDiffusionInpaintPipeline", DDIM | {"strength": 1.0, "steps": 5, "mask": True}),
    "inpaint_nine": ("sd1_inpainting", "StableDiffusionInpaintPipeline",
                     DDIM | {"strength": 1.0, "steps": 5, "mask": True}),
    "inpaint_nine_part": ("sd1_inpainting", "StableDiffusionInpaintPipeline", DDIM | {"strength": 0.6, "mask": True}),
    "edit": ("sd1_edit", "StableDiffusionInstructPix2PixPipeline", DDIM | {"steps": 5, "picture_guidance": 1.5}),
    "hires": ("sd1", "StableDiffusionImg2ImgPipeline", DDIM | {"steps": 5, "strength": 0.7, "hires": 96}),
}


def picture(width, height):
    y, x = numpy.mgrid[:height, :width]
    channels = [(x * 3 + y * 5 + c * 40 + (x * y) // 7) % 256 for c in range(3)]
    return PIL.Image.fromarray(numpy.stack(channels, axis=-1).astype(numpy.uint8), "RGB")


def mask(width, height):
    values = numpy.zeros((height, width), numpy.uint8)
    values[16:56, 24:48] = 255
    return PIL.Image.fromarray(values, "L")


def make(name, family):
    """The pipeline, of the same networks as the family's own."""
    own = family.pipeline()
    kind = getattr(diffusers, name)
    if isinstance(own, kind):
        return own
    pipeline = kind.from_pipe(own)
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


def generator(settings):
    return torch.Generator().manual_seed(settings["seed"])


def run(name, family):
    _, kind, settings = RUNS[name]
    settings = PROMPT | settings
    size = settings["width"]
    words = {"prompt": settings["prompt"], "negative_prompt": settings["negative"],
             "num_inference_steps": settings["steps"], "guidance_scale": settings["guidance"], "output_type": "latent"}
    more = {"image": picture(size, size)}
    if "strength" in settings:
        more["strength"] = settings["strength"]
    if "mask" in settings:
        more |= {"mask_image": mask(size, size), "width": size, "height": size}
    if "picture_guidance" in settings:
        more["image_guidance_scale"] = settings["picture_guidance"]
    extra = {}
    if "hires" in settings:
        small = family.pipeline()(**words, width=size, height=size, generator=generator(settings)).images
        larger = settings["hires"] // 8
        more["image"] = torch.nn.functional.interpolate(small, size=(larger, larger), mode="bilinear")
        extra = {"latents.small": small, "latents.enlarged": more["image"]}
    pipeline = make(kind, family)
    recorder = Recorder(pipeline)
    latents = pipeline(**words, generator=generator(settings), **more).images
    tensors = {key: value for key, value in recorder.tensors.items() if key.startswith(("latents.initial", "noise_pred"))}
    return tensors | extra | {"latents.final": latents, "image": decoded(pipeline.vae, latents),
                              "timesteps": torch.tensor(recorder.timesteps)}, settings


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="compare with the files instead of writing them")
    parser.add_argument("names", nargs="*", metavar="NAME")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    torch.set_grad_enabled(False)
    tokenizers = {pad: make_tokenizer(pad) for pad in ("!", "<|endoftext|>")}
    GOLDENS.mkdir(parents=True, exist_ok=True)
    for name in arguments.names or RUNS:
        result, settings = run(name, Family(RUNS[name][0], tokenizers))
        result = {key: value.float() for key, value in result.items()}
        path = GOLDENS / f"{name}.safetensors"
        if arguments.check:
            stored = read(path)
            assert stored.keys() == result.keys(), name
            worst = max(relative_l2(result[key], stored[key]) for key in stored)
            assert worst < 5e-5, f"{name} differs from the stored golden by {worst:.1e}"
            print(f"{name:18} differs from the stored golden by {worst:.1e}")
            continue
        save(path, result, {"family": RUNS[name][0], "settings": settings})
        print(f"{name:18} {len(result['timesteps'])} steps, image std {result['image'].std():.2f}, "
              f"{path.stat().st_size / 1e3:.0f} kB")


if __name__ == "__main__":
    main()
