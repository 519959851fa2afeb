"""Random weights, inputs and the file form of the module goldens."""

import json
import math
import pathlib
import struct
import zlib

import torch
from safetensors import safe_open
from safetensors.torch import save as serialise


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
    """Write a safetensors file whose bytes depend on its content only; metadata values become JSON unless text."""
    contiguous = {key: value.detach().contiguous().clone() for key, value in tensors.items()}
    text = {key: value if isinstance(value, str) else json.dumps(value, sort_keys=True)
            for key, value in metadata.items()}
    file = serialise(contiguous, text)
    # The library writes metadata in the order of a hash table, another one each time: sort the header.
    length = struct.unpack("<Q", file[:8])[0]
    header = json.dumps(json.loads(file[8:8 + length]), sort_keys=True, separators=(",", ":")).encode()
    header += b" " * (-len(header) % 8)
    pathlib.Path(path).write_bytes(struct.pack("<Q", len(header)) + header + file[8 + length:])


def relative_l2(a, b):
    a, b = a.double(), b.double()
    return ((a - b).norm() / b.norm().clamp_min(1e-30)).item()


def read(path):
    with safe_open(path, "pt") as file:
        return {key: file.get_tensor(key) for key in file.keys()}
