"""Write Tests/Goldens/upscalers: small image upscalers with random weights, as spandrel has their networks.

spandrel is what ComfyUI runs upscalers with. Each file holds the weights as `weight.<name>`, under the names that files of
that dialect have, `input` in 0...1 and `output`, not clamped, as the module has them (NCHW), and in its metadata the
network and its scale. Outputs are computed in float64 from the float32 weights and inputs and then rounded; the printed
number is how far the same network in float32 strays from them.

The dialects of ESRGAN are made here, by the table of names; that they are one network is checked with spandrel's own
translation. One file is also written as PyTorch saves it.
"""

import argparse
import copy
import math
import pathlib
import re

import torch
import torch.nn as nn
from spandrel.architectures.Compact import Compact
from spandrel.architectures.ESRGAN import ESRGAN, _to_old_arch
from spandrel.architectures.SwinIR import SwinIR
from spandrel.architectures.__arch_helpers import block

from modules_random import as_single, generator, read, relative_l2, save

GOLDENS = pathlib.Path(__file__).parent.parent / "Goldens" / "upscalers"
CASES = {}
GROWTH = 3
ORIGINAL_RRDB = block.RRDB


def narrow_rrdb(**arguments):
    """spandrel's own block with fewer channels, which its network always asks for 32 of."""
    return ORIGINAL_RRDB(**arguments | dict(gc=GROWTH))


block.RRDB = narrow_rrdb


def case(function):
    CASES[function.__name__] = function
    return function


def randomise(module, name):
    """Fill every parameter so that values keep their size from layer to layer and both sides of each activation count."""
    for key, parameter in module.named_parameters():
        noise = torch.randn(parameter.shape, generator=generator(name, key))
        if "relative_position_bias_table" in key:
            value = noise
        elif parameter.dim() > 1:
            value = noise * (1.4 / math.sqrt(parameter[0].numel()))
        elif "norm" in key and key.endswith("weight"):
            value = 1 + 0.3 * noise
        else:
            value = 0.2 * noise
        parameter.data = value
    return module.eval()


def picture(name, *shape):
    return torch.rand(shape, generator=generator(name, "input"))


# The dialects of ESRGAN, from BasicSR's names.

def basicsr(old):
    """The names of spandrel's own network, `model.N`, as BasicSR has them."""
    last = max(int(key.split(".")[1]) for key in old)
    ends = {0: "conv_first", last: "conv_last", last - 2: "conv_hr"}
    names = {}
    for key, value in old.items():
        path = key.split(".")
        kind = path[-1]
        if match := re.match(r"model\.1\.sub\.(\d+)\.RDB(\d)\.(conv\d)\.0\.", key):
            names[f"body.{match[1]}.rdb{match[2]}.{match[3]}.{kind}"] = value
        elif path[1] == "1":
            names[f"conv_body.{kind}"] = value
        else:
            layer = int(path[1])
            names[f"{ends.get(layer) or f'conv_up{layer // 3}'}.{kind}"] = value
    return names


def intermediate(names):
    """The names of ESRGAN's own repository, from BasicSR's."""
    changes = [(r"^body\.(\d+)\.rdb", r"RRDB_trunk.\1.RDB"), ("^conv_body", "trunk_conv"), (r"^conv_up", "upconv"),
               ("^conv_hr", "HRconv")]
    result = {}
    for key, value in names.items():
        for pattern, replacement in changes:
            key = re.sub(pattern, replacement, key)
        result[key] = value
    return result


def esrgan(name, dialect, inputs=3, outputs=3, scale=4, blocks=1, size=(6, 7), **options):
    module = randomise(
        ESRGAN(in_nc=inputs, out_nc=outputs, num_filters=5, num_blocks=blocks, scale=scale, **options), name)
    old = {key: value for key, value in module.state_dict().items()}
    names = dialect(old)
    translated = _to_old_arch(dict(names))
    assert translated.keys() == old.keys(), translated.keys() ^ old.keys()
    assert all(torch.equal(translated[key], old[key]) for key in old)
    factor = options.get("shuffle_factor") or 1
    return module, names, picture(name, 1, inputs // factor ** 2, *size), "ESRGAN", scale // factor


@case
def esrgan_x4(name):
    return esrgan(name, basicsr, blocks=2)


@case
def esrgan_x4_intermediate(name):
    return esrgan(name, lambda old: intermediate(basicsr(old)))


@case
def esrgan_x4_old(name):
    return esrgan(name, lambda old: old, blocks=2)


@case
def esrgan_x8_old(name):
    return esrgan(name, lambda old: old, scale=8, size=(3, 5))


@case
def esrgan_x2_old(name):
    return esrgan(name, lambda old: old, scale=2)


@case
def esrgan_x1_old_grey(name):
    return esrgan(name, lambda old: old, inputs=1, outputs=1, scale=1)


@case
def esrgan_x2_unshuffled(name):
    return esrgan(name, basicsr, inputs=12, scale=4, shuffle_factor=2, size=(6, 8))


@case
def esrgan_x1_unshuffled(name):
    return esrgan(name, basicsr, inputs=48, scale=4, shuffle_factor=4, size=(8, 12))


@case
def esrgan_plus(name):
    return esrgan(name, lambda old: old, plus=True)


def compact(name, channels, depth, scale):
    module = randomise(Compact(num_in_ch=channels, num_out_ch=channels, num_feat=6, num_conv=depth, upscale=scale), name)
    return module, dict(module.state_dict()), picture(name, 1, channels, 5, 7), "Compact", scale


@case
def compact_x4(name):
    return compact(name, 3, 3, 4)


@case
def compact_x2(name):
    return compact(name, 3, 0, 2)


@case
def compact_x1_grey(name):
    return compact(name, 1, 2, 1)


def narrow(module):
    """Fewer channels in the convolutions that make the picture larger, which SwinIR always has 64 of."""
    for name, child in module.named_children():
        if isinstance(child, nn.Conv2d) and 64 in (child.in_channels, child.out_channels % 64 or 64):
            inputs = 6 if child.in_channels == 64 else child.in_channels
            outputs = child.out_channels // 64 * 6 if child.out_channels % 64 == 0 else child.out_channels
            setattr(module, name, nn.Conv2d(inputs, outputs, 3, 1, 1))
        else:
            narrow(child)
    return module


def swinir(name, window, size, channels=3, **options):
    module = SwinIR(img_size=4 * window, in_chans=channels, embed_dim=12, depths=[2, 3], num_heads=[2, 3], mlp_ratio=2,
                    window_size=window, **options)
    module = randomise(narrow(module), name)
    names = {key: value for key, value in module.state_dict().items()
             if not key.endswith(("attn_mask", "relative_position_index"))}
    scale = options.get("upscale", 1)
    return module, names, picture(name, 1, channels, *size), "SwinIR", scale


@case
def swinir_x2_lightweight(name):
    return swinir(name, 4, (8, 12), upscale=2, upsampler="pixelshuffledirect")


@case
def swinir_x4(name):
    return swinir(name, 4, (8, 8), upscale=4, upsampler="pixelshuffle")


@case
def swinir_x3(name):
    return swinir(name, 2, (4, 6), upscale=3, upsampler="pixelshuffle")


@case
def swinir_x4_real(name):
    return swinir(name, 4, (8, 4), upscale=4, upsampler="nearest+conv", resi_connection="3conv")


@case
def swinir_jpeg_grey(name):
    return swinir(name, 7, (14, 7), channels=1, img_range=255.0)


def compute(name):
    """Build a case in float64 and float32: (tensors, metadata, relative L2 of float32 against float64)."""
    module, names, image, network, scale = CASES[name](name)
    single = module(image)
    wide = copy.deepcopy(module).double()
    output = wide(image.double())
    assert output.shape[-2:] == tuple(extent * scale for extent in image.shape[-2:])
    tensors = {f"weight.{key}": value.float() for key, value in names.items()}
    tensors |= {"input": image, "output": as_single(output)}
    return tensors, {"network": network, "scale": str(scale)}, relative_l2(single, output)


def write_pickle(path, tensors):
    """As Real-ESRGAN's trainer saves: averaged weights beside others, of a network that was wrapped for several cards."""
    weights = {key.removeprefix("weight."): value for key, value in tensors.items() if key.startswith("weight.")}
    torch.save({"params": {f"module.{key}": value * 0 for key, value in weights.items()},
                "params_ema": {f"module.{key}": value for key, value in weights.items()}}, path)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="compare with the files instead of writing them")
    parser.add_argument("cases", nargs="*", help="names of cases; all by default")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    torch.set_grad_enabled(False)
    GOLDENS.mkdir(parents=True, exist_ok=True)
    for name in arguments.cases or CASES:
        tensors, metadata, error = compute(name)
        path = GOLDENS / f"{name}.safetensors"
        if arguments.check:
            stored = read(path)
            assert stored.keys() == tensors.keys(), name
            drift = max(relative_l2(tensors[key], stored[key]) for key in stored)
            assert drift < 1e-6, f"{name} differs from the stored golden by {drift:.1e}"
            print(f"{name:24} differs from the stored golden by {drift:.1e}")
            continue
        save(path, tensors, metadata)
        if name == "compact_x2":
            write_pickle(GOLDENS / f"{name}.pth", tensors)
        print(f"{name:24} std {tensors['output'].std():.2f}  float32 vs float64 {error:.1e}  "
              f"{path.stat().st_size / 1e3:.0f} kB")


if __name__ == "__main__":
    main()
