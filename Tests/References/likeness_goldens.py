"""Pictures as AUTOMATIC1111 and ComfyUI draw them: writes Tests/Goldens/likeness.

    python likeness_goldens.py [--check] [NAME ...]

Both programs' rules around k-diffusion's samplers, made again from what is known of them (likeness_programs.py), with the small
models of families_models.py in float32: whose random numbers, how strong the first noise is, which timesteps the network is
told, what weights in a prompt do, whose noise is added on the way, how a picture cuts the steps short, what a mask keeps, and
how pixels become whole numbers. Pictures are resized, masked and composed by Pillow and OpenCV (image_masks.py). Needs
k-diffusion, torchsde and lark.
"""

import argparse
import pathlib

import cv2
import numpy
import PIL.Image
import torch

from families_goldens import Family
from families_runs import decoded, make_tokenizer
from image_masks import blurred, composed, filled, region
from likeness_programs import A1111Noise, ComfyNoise, Conditions, Model, Philox, brownian, ddim, ddim_timesteps, sigma_list, unipc
from likeness_runs import RUNS, TEXT, mask, picture, source_size
from modules_random import read, relative_l2, save
from sampling_kdiffusion import load_kdiffusion
from seamless_goldens import make_seamless

GOLDENS = pathlib.Path(__file__).resolve().parent.parent / "Goldens" / "likeness"
LOOPS = {"euler": "sample_euler", "euler_a": "sample_euler_ancestral", "heun": "sample_heun", "dpmpp_2m": "sample_dpmpp_2m",
         "dpmpp_sde": "sample_dpmpp_sde", "dpmpp_2m_sde": "sample_dpmpp_2m_sde"}
CALLS = {"heun": 2, "dpmpp_sde": 2}


class Begun:
    """A given picture as a program encodes it, with its mask, and the way back."""

    def __init__(self, settings, family):
        width, height = settings["width"], settings["height"]
        own = source_size(settings)
        self.original, self.box, self.mask = picture(*own), None, None
        drawn = self.original
        if "mask" in settings:
            pixels = mask(*own)
            if settings["program"] == "comfyui":
                whole = torch.from_numpy(pixels).float()[None, None] / 255
                self.mask = torch.nn.functional.interpolate(whole, size=(height // 8, width // 8), mode="bilinear")
            else:
                drawn = self.masked(settings, blurred(pixels, settings["blur"]), width, height)
        values = torch.from_numpy(numpy.array(drawn).astype(numpy.float32) / 255).permute(2, 0, 1)[None] * 2 - 1
        self.latents = encoded(family, values)

    def masked(self, settings, soft, width, height):
        soft, drawn = PIL.Image.fromarray(soft), self.original
        self.overlay = soft
        if settings["mask"] == "part":
            self.box = expanded(region(numpy.array(soft), settings["padding"]), (width, height), drawn.size)
            soft, drawn = (image.crop(self.box).resize((width, height), PIL.Image.Resampling.LANCZOS)
                           for image in (soft, drawn))
        else:
            self.overlay = PIL.Image.fromarray((numpy.array(soft).astype(numpy.float32) * 2).clip(0, 255).astype(numpy.uint8))
        small = numpy.array(soft.convert("RGB").resize((width // 8, height // 8))).astype(numpy.float32)[..., 0] / 255
        self.mask = torch.from_numpy(numpy.around(small))[None, None]
        return drawn if settings["content"] == "original" else filled(drawn, soft)


def expanded(box, size, limits):
    """AUTOMATIC1111's `expand_crop_region`: the box in the proportions of the picture to be drawn."""
    x1, y1, x2, y2 = box
    ratio, wanted = (x2 - x1) / (y2 - y1), size[0] / size[1]
    if ratio > wanted:
        missing = int((x2 - x1) / wanted - (y2 - y1))
        y1, y2 = shifted(y1 - missing // 2, y2 + missing - missing // 2, limits[1])
    else:
        missing = int((y2 - y1) * wanted - (x2 - x1))
        x1, x2 = shifted(x1 - missing // 2, x2 + missing - missing // 2, limits[0])
    return x1, y1, x2, y2


def shifted(low, high, limit):
    if high >= limit:
        low, high = low - (high - limit), limit
    if low < 0:
        low, high = 0, high - low
    return low, min(high, limit)


def encoded(family, values):
    vae = family.modules["vae"]
    return vae.encode(values).latent_dist.mode() * vae.config.scaling_factor


def sampled(model, settings, sampling, noise, x, sigmas, whole):
    more = {}
    if settings["sampler"] == "euler_a":
        more["noise_sampler"] = noise.next
    if settings["sampler"] in ("dpmpp_sde", "dpmpp_2m_sde"):
        # AUTOMATIC1111's path spans all levels of the schedule.
        more["noise_sampler"] = brownian(sampling, settings, x, whole if settings["program"] == "a1111" else sigmas)
    return getattr(sampling, LOOPS[settings["sampler"]])(model, x, sigmas, disable=True, **more)


def cut(model, settings, steps, strength, is_exact=False):
    """The whole list of levels, and what a picture leaves of it."""
    if settings["program"] == "comfyui":
        whole = sigma_list(model, settings, steps if strength > 0.9999 else int(steps / strength))
        return whole, whole[-(steps + 1):]
    bounded = min(strength, 0.999)
    if is_exact:
        total, count = int(steps / bounded), steps - 1
    else:
        total, count = steps, int(bounded * steps)
    whole = sigma_list(model, settings, total)
    return whole, whole[total - count - 1:]


def begin(model, settings, noise, sigmas, latents):
    """The first latents: of noise, over those of a picture."""
    is_full = settings["program"] == "comfyui" and torch.isclose(sigmas[0], model.sigmas[-1], rtol=1e-5)
    return noise * ((1 + sigmas[0] ** 2).sqrt() if is_full else sigmas[0]) + (0 if latents is None else latents)


def bytes_of(image):
    return (255 * ((image + 1) / 2).clamp(0, 1)).to(torch.uint8)


def picture_of(family, latents):
    return PIL.Image.fromarray(bytes_of(decoded(family.modules["vae"], latents))[0].permute(1, 2, 0).numpy(), "RGB")


def source(settings, size):
    kind = A1111Noise if settings["program"] == "a1111" else ComfyNoise
    return kind(settings, (4, size[1] // 8, size[0] // 8))


def first_pass(settings, family, sampling, model):
    """The latents at the beginning and at the end, and what was begun from."""
    noise = source(settings, (settings["width"], settings["height"]))
    unit, steps = noise.first(), settings["steps"]
    if settings["sampler"] == "unipc":
        return unit, unipc(model, unit, steps), None
    if settings["sampler"] == "ddim":
        return timestep_pass(settings, family, model, unit)
    if "strength" not in settings:
        sigmas = sigma_list(model, settings, steps)
        x = begin(model, settings, unit, sigmas, None)
        return x, sampled(model, settings, sampling, noise, x, sigmas, sigmas), None
    begun = Begun(settings, family)
    whole, sigmas = cut(model, settings, steps, settings["strength"])
    latents = begun.latents
    if begun.mask is not None:
        if settings.get("content") == "noise":
            # The seed's own, not varied.
            latents = latents * (1 - begun.mask) + Philox(settings["seed"]).randn(unit.shape[1:]) * begun.mask
        if settings.get("content") == "nothing":
            latents = latents * (1 - begun.mask)
        model.mask, model.original, model.noise = begun.mask, latents, unit
    x = begin(model, settings, unit, sigmas, latents)
    result = sampled(model, settings, sampling, noise, x, sigmas, whole)
    if begun.mask is not None and settings["program"] == "a1111":
        result = result * begun.mask + latents * (1 - begun.mask)
    return x, result, begun


def timestep_pass(settings, family, model, unit):
    """AUTOMATIC1111's DDIM, in the scale that keeps the variance."""
    timesteps = ddim_timesteps(settings["steps"])
    if "strength" not in settings:
        return unit, ddim(model, unit, timesteps), None
    begun = Begun(settings, family)
    count = int(min(settings["strength"], 0.999) * settings["steps"])
    level = model.alphas[timesteps[count]]
    x = begun.latents * level.sqrt() + unit * (1 - level).sqrt()
    if begun.mask is None:
        return x, ddim(model, x, timesteps[:count]), begun
    model.mask, model.original, model.masks_inputs = begun.mask, begun.latents, True
    result = ddim(model, x, timesteps[:count])
    return x, result * begun.mask + begun.latents * (1 - begun.mask), begun


def second_pass(settings, family, sampling, model, latents):
    """AUTOMATIC1111's "hires fix"."""
    side, steps = settings["hires"], settings.get("hires_steps", settings["steps"])
    if settings["upscaler"] == "latent":
        larger = torch.nn.functional.interpolate(latents, size=(side // 8, side // 8), mode="bilinear")
    else:
        image = picture_of(family, latents).resize((side, side), PIL.Image.Resampling.LANCZOS)
        values = torch.from_numpy(numpy.array(image).astype(numpy.float32) / 255).permute(2, 0, 1)[None]
        larger = encoded(family, values * 2 - 1)
    noise = source(settings, (side, side))
    unit = noise.first()
    whole, sigmas = cut(model, settings, steps, settings["hires_strength"], is_exact=True)
    x = begin(model, settings, unit, sigmas, larger)
    return sampled(model, settings, sampling, noise, x, sigmas, whole)


def run(name, families, tokenizer, sampling):
    settings = RUNS[name]
    family = families[settings["family"]]
    if "tiling" in settings:
        family = Family(settings["family"], {"<|endoftext|>": tokenizer, "!": tokenizer})
        for part in ("unet", "vae"):
            make_seamless(family.modules[part], settings["tiling"])
    calls = settings["steps"] * CALLS.get(settings["sampler"], 1)
    model = Model(family.modules["unet"], Conditions(settings, calls, tokenizer), settings)
    x, latents, begun = first_pass(settings, family, sampling, model)
    if "hires" in settings:
        steps = settings.get("hires_steps", settings["steps"])
        model.conditions, model.calls = Conditions(settings, steps, tokenizer, before=settings["steps"]), 0
        latents = second_pass(settings, family, sampling, model, latents)
    pixels = bytes_of(decoded(family.modules["vae"], latents))
    if begun is not None and begun.mask is not None and settings["program"] == "a1111":
        drawn = PIL.Image.fromarray(pixels[0].permute(1, 2, 0).numpy(), "RGB")
        pasted = composed(drawn, begun.original, begun.overlay, begun.box)
        pixels = torch.from_numpy(numpy.array(pasted)).permute(2, 0, 1)[None]
    if name in TEXT:
        return {"latents.initial": x.float(), "latents.final": latents.float(), "pixels": pixels.float()}
    return {"pixels": pixels}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="compare with the files instead of writing them")
    parser.add_argument("names", nargs="*", metavar="NAME")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    torch.set_grad_enabled(False)
    cv2.setNumThreads(1)
    sampling, _ = load_kdiffusion()
    tokenizer = make_tokenizer("<|endoftext|>")
    families = {name: Family(name, {"<|endoftext|>": tokenizer, "!": make_tokenizer("!")}) for name in ("sd1", "sdxl")}
    GOLDENS.mkdir(parents=True, exist_ok=True)
    for name in arguments.names or RUNS:
        result = run(name, families, tokenizer, sampling)
        path = GOLDENS / f"{name}.safetensors"
        if arguments.check:
            stored = read(path)
            worst = max((relative_l2(result[key], stored[key]) for key in stored if key != "pixels"), default=0)
            shades = int((result["pixels"].float() - stored["pixels"].float()).abs().max())
            assert worst < 5e-5 and shades <= 1, (name, worst, shades)
            print(f"{name:28} differs from the stored golden by {worst:.1e}, in its pixels by {shades}")
            continue
        settings = {key: value for key, value in RUNS[name].items() if value is not None} | {"like": RUNS[name]["program"]}
        save(path, result, {"family": settings["family"], "settings": settings})
        pixels = result["pixels"].float()
        print(f"{name:28} pixels {pixels.mean():.1f} +- {pixels.std():.1f}, {path.stat().st_size / 1e3:.0f} kB")


if __name__ == "__main__":
    main()
