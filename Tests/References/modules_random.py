"""Random weights, inputs and the file form of the module goldens."""

import json
import math
import zlib

import torch
from safetensors import safe_open
from safetensors.torch import save_file


def generator(*names):
    """A CPU generator whose seed depends on the names only, so that cases do not influence one another."""
    return torch.Generator().manual_seed(zlib.crc32("/".join(map(str, names)).encode()))


def randomise(module, name, gain=1.0):
    """Fill every parameter: variance-preserving matrices, biases and norm affines away from 0 and 1."""
    for key, parameter in module.named_parameters():
        noise = torch.randn(parameter.shape, generator=generator(name, key))
        if "embedding.weight" in key:
            value = 0.5 * noise
        elif parameter.dim() > 1:
            fan_in = parameter[0].numel()
            # Sharper queries and keys keep the attention maps far from uniform.
            sharpen = 1.5 if any(part in key for part in ("to_q", "to_k", "q_proj", "k_proj")) else 1.0
            value = noise * (gain * sharpen / math.sqrt(fan_in))
        elif key.endswith("weight"):
            value = 1 + 0.3 * noise
        else:
            value = 0.2 * noise
        parameter.data = value
    return module.eval()


def normal(name, *shape, scale=1.0):
    return scale * torch.randn(shape, generator=generator(name, "input"))


def as_double(value):
    return value.double() if torch.is_tensor(value) and value.is_floating_point() else value


def as_single(value):
    return value.float() if value.is_floating_point() else value


def save(path, tensors, metadata):
    contiguous = {key: value.detach().contiguous().clone() for key, value in tensors.items()}
    save_file(contiguous, path, {key: json.dumps(value, sort_keys=True) if not isinstance(value, str) else value
                                 for key, value in metadata.items()})


def relative_l2(a, b):
    a, b = a.double(), b.double()
    return ((a - b).norm() / b.norm().clamp_min(1e-30)).item()


def read(path):
    with safe_open(path, "pt") as file:
        return {key: file.get_tensor(key) for key in file.keys()}
