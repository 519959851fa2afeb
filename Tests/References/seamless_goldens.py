"""Seamless pictures of tiny-sd: writes Tests/Goldens/pipeline/seamless_*.safetensors.

    python seamless_goldens.py [--check]

Made with diffusers 0.42.1 and torch 2.15, in float32 on one thread. What makes them seamless is that every `torch.nn.Conv2d`
of the UNet and the autoencoder pads circularly along an axis, as people patch it in: for both axes that is
`padding_mode = "circular"`, which this asserts. Zeros that diffusers adds outside of a convolution, in the encoder's
downsamplers, stay zeros then.

`seamless_networks`: for each of `x`, `y` and `xy`
- `latents`, `timestep`, `context` -> `noise_pred.AXES`;
- `final` (latents as the denoiser leaves them) -> `decoded.AXES`, not clamped;
- `picture` -> `moments.AXES`.

`seamless_AXES_64x64_seed42`: a whole DDIM run of three steps, as the other runs in pipeline/.
"""

import argparse
import pathlib

import torch
import torch.nn.functional as F

from modules_random import generator, read, relative_l2, save
from pipeline_goldens import CHECKPOINT, GOLDENS, PROMPT
from pipeline_runs import Model, make_tokenizer, text_to_image

AXES = ["x", "y", "xy"]


def make_seamless(module, axes):
    """Convolutions see the opposite edge beyond an edge along `axes`, and zeros along others."""
    for conv in module.modules():
        if isinstance(conv, torch.nn.Conv2d):
            conv._conv_forward = lambda x, weight, bias, conv=conv: forward(conv, axes, x, weight, bias)


def forward(conv, axes, x, weight, bias):
    rows, columns = conv.padding
    padded = F.pad(x, (columns, columns, 0, 0), mode="circular" if "x" in axes else "constant")
    padded = F.pad(padded, (0, 0, rows, rows), mode="circular" if "y" in axes else "constant")
    result = F.conv2d(padded, weight, bias, conv.stride, 0, conv.dilation, conv.groups)
    if axes == "xy" and (rows or columns):
        plain = torch.nn.Conv2d(conv.in_channels, conv.out_channels, conv.kernel_size, conv.stride, conv.padding,
                                padding_mode="circular")
        plain.weight, plain.bias = conv.weight, conv.bias
        assert torch.equal(plain(x), result)
    return result


def normal(name, *shape):
    return torch.randn(shape, generator=generator("seamless", name))


def networks():
    """The networks alone, at sizes that differ along the axes."""
    tensors = {"latents": normal("latents", 1, 4, 8, 16), "timestep": torch.tensor([481.0]),
               "context": normal("context", 1, 77, 16), "final": 0.7 * normal("final", 1, 4, 8, 6),
               "picture": normal("picture", 1, 3, 32, 48).clamp(-1, 1)}
    for axes in AXES:
        model = seamless_model(axes)
        vae, scale = model.part("vae"), model.config["vae"]["scaling_factor"]
        tensors[f"noise_pred.{axes}"] = model.noise(tensors["latents"], tensors["timestep"], tensors["context"])
        tensors[f"decoded.{axes}"] = vae.decode(tensors["final"] / scale).sample
        tensors[f"moments.{axes}"] = vae.encode(tensors["picture"]).latent_dist.parameters
    return tensors


def seamless_model(axes):
    model = Model(CHECKPOINT)
    for part in ("unet", "vae"):
        make_seamless(model.part(part), axes)
    return model


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="compare with the files instead of writing them")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    torch.set_grad_enabled(False)
    tokenizer = make_tokenizer()
    results = {"seamless_networks": (networks(), {})}
    for axes in AXES:
        settings = PROMPT | {"sampler": "ddim", "seeds": [42], "width": 64, "height": 64, "steps": 3}
        result = text_to_image(seamless_model(axes), tokenizer, **settings)
        results[f"seamless_{axes}_64x64_seed42"] = (result, {"settings": settings | {"seamless": axes}})
    for name, (result, metadata) in results.items():
        path = GOLDENS / f"{name}.safetensors"
        if arguments.check:
            stored = read(path)
            assert stored.keys() == result.keys(), name
            worst = max(relative_l2(result[key], stored[key]) for key in stored)
            assert worst < 5e-5, f"{name} differs from the stored golden by {worst:.1e}"
            print(f"{name:28} differs from the stored golden by {worst:.1e}")
        else:
            save(path, result, metadata)
            print(f"{name:28} {path.stat().st_size / 1e3:.0f} kB")


if __name__ == "__main__":
    main()
