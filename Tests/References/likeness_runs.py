"""The runs of likeness_goldens.py, and the pictures that some begin from."""

import numpy
import PIL.Image

COMMON = {"seed": 42, "width": 64, "height": 64, "steps": 8, "guidance": 7.0, "sampler": "euler", "schedule": "normal",
          "negative": "a (blurry:1.2) picture", "family": "sd1"}
PROMPTS = {"a1111": "a (red:1.3) house, ((big)) tree [under] a yellow sun",
           "comfyui": "a (red:1.3) house, ((big)) tree under a yellow sun"}
KARRAS = {"sampler": "dpmpp_2m", "schedule": "karras"}
SDE = {"sampler": "dpmpp_2m_sde", "schedule": "exponential"}
PART = {"strength": 0.75, "mask": "whole", "blur": 4, "content": "original"}
XL = {"family": "sdxl", "guidance": 5.0}

TEXT = {f"{program}_{sampler}": {"program": program, "sampler": sampler, "schedule": schedule}
        for program in PROMPTS
        for sampler, schedule in {"euler": "normal", "euler_a": "normal", "dpmpp_2m": "karras", "dpmpp_sde": "karras"}.items()}
A1111 = {
    "img2img_euler_a": {"sampler": "euler_a", "strength": 0.75},
    "img2img_dpmpp_2m": KARRAS | {"strength": 0.75},
    "img2img_dpmpp_sde": {"sampler": "dpmpp_sde", "schedule": "karras", "strength": 0.5},
    "inpaint_original": PART,
    "inpaint_fill": PART | {"content": "fill", "sampler": "euler_a"},
    "inpaint_noise": PART | {"content": "noise", "strength": 1.0},
    "inpaint_noise_variation": PART | {"content": "noise", "variation": [7, 0.3]},
    "inpaint_nothing": PART | {"content": "nothing"} | KARRAS,
    "inpaint_part": PART | {"mask": "part", "padding": 8},
    "inpaint_part_fill": PART | {"mask": "part", "padding": 8, "content": "fill"} | KARRAS,
    "hires_latent": {"hires": 96, "hires_strength": 0.7, "upscaler": "latent", "sampler": "euler_a"},
    "hires_lanczos": {"hires": 96, "hires_strength": 0.5, "upscaler": "lanczos", "hires_steps": 5} | KARRAS,
    "variation": {"variation": [7, 0.3], "sampler": "euler_a"},
    "noise_size": {"noise_size": [48, 96]},
    "noise_size_variation": {"noise_size": [96, 48], "variation": [9, 0.6]},
    "clip_skip": {"clip_skip": 2},
    "noise_seed_delta": {"noise_seed_delta": 31337, "sampler": "euler_a"},
    "parts": {"prompt": "a (red:1.2) house AND a tree:0.5 AND a boat:-0.2"},
    "edits": {"prompt": "a [red:blue:0.5] house [|at night]", "sampler": "heun"},
    "break": {"prompt": "a (red:1.2) house BREAK a [green] tree"},
    "lengths": {"prompt": "a red house, " * 22 + "(a green tree by the sea:1.4), [at night] in the snow"},
    "tiling": {"tiling": "xy"},
    "ddim": {"sampler": "ddim", "schedule": None},
    "ddim_img2img": {"sampler": "ddim", "schedule": None, "strength": 0.75},
    "ddim_inpaint": PART | {"sampler": "ddim", "schedule": None},
    "hires_edits": {"hires": 96, "hires_strength": 0.7, "upscaler": "latent", "hires_steps": 6,
                    "prompt": "a [red:blue:0.5] house [:at night:1.5]"},
    "unipc": {"sampler": "unipc", "schedule": None},
    "dpmpp_2m_sde": SDE,
    "sdxl": XL,
    "sdxl_no_negative": XL | KARRAS | {"negative": ""},
    "sdxl_aligned": XL | {"schedule": "align_your_steps", "steps": 6},
}
COMFYUI = {
    "img2img_euler_a": {"sampler": "euler_a", "strength": 0.6},
    "img2img_dpmpp_2m": KARRAS | {"strength": 0.6},
    "inpaint": {"strength": 0.6, "mask": "whole"},
    "inpaint_whole": {"strength": 1.0, "mask": "whole", "sampler": "euler_a"},
    "dpmpp_2m_sde": {"sampler": "dpmpp_2m_sde", "schedule": "karras"},
    "ddim_uniform": {"schedule": "ddim_uniform"},
    "beta": {"schedule": "beta"},
    "clip_skip": {"clip_skip": 2},
    "sdxl": XL | KARRAS,
    "sdxl_no_negative": XL | {"negative": ""},
    "sdxl_sizes": XL | {"original_size": [640, 320], "crop": [24, 8], "target_size": [1024, 768]},
}
RUNS = {name: COMMON | {"prompt": PROMPTS[settings["program"]]} | settings for name, settings in (
    TEXT | {f"a1111_{name}": {"program": "a1111"} | settings for name, settings in A1111.items()}
    | {f"comfyui_{name}": {"program": "comfyui"} | settings for name, settings in COMFYUI.items()}).items()}


def picture(width, height):
    """As Tests/ImagineTests/PictureGoldenTests.swift makes it."""
    y, x = numpy.mgrid[:height, :width]
    channels = [(x * 3 + y * 5 + c * 40 + (x * y) // 7) % 256 for c in range(3)]
    return PIL.Image.fromarray(numpy.stack(channels, axis=-1).astype(numpy.uint8), "RGB")


def mask(width, height):
    values = numpy.zeros((height, width), numpy.uint8)
    values[16:56, 24:48] = 255
    return values


def source_size(settings):
    """Where a part of a picture is drawn, the picture is a larger one."""
    return (112, 96) if "padding" in settings else (settings["width"], settings["height"])
