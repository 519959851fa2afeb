"""Seeded random weights for a Stable Diffusion checkpoint that behave like a (bad) trained model. Needs only numpy.

Matrices preserve variance, norms and biases are away from 1 and 0, and attention is sharper than uniform. On top, one
path through the UNet carries its input to its output (`passthrough`), so that the model predicts noise as a trained one
does: the predicted noise is mostly the latent, latents shrink as sampling goes on and rounding errors do not grow.
"""

import json
import math
import re
import struct
import zlib

import numpy as np

UNET = "model.diffusion_model."
VAE = "first_stage_model."
SILU = 1.68  # 1 / sqrt(E[silu(z)^2]) for standard normal z

# The first suffix that matches gives the gain of a matrix; the rest have gain 1.
GAINS = [
    ("time_embed.0.weight", 1.4), ("time_embed.2.weight", SILU), ("emb_layers.1.weight", SILU),
    ("in_layers.2.weight", SILU), ("out_layers.3.weight", 0.6 * SILU),
    ("conv1.weight", SILU), ("conv2.weight", 0.6 * SILU),
    ("to_q.weight", 1.3), ("to_k.weight", 1.3), ("attn2.to_out.0.weight", 1.5), ("proj_out.weight", 0.6),
    ("skip_connection.weight", 0.8), ("nin_shortcut.weight", 0.8),
    ("q_proj.weight", 1.3), ("k_proj.weight", 1.3), ("fc2.weight", 1.5),
    ("label_emb.0.0.weight", 1.4), ("label_emb.0.2.weight", SILU), ("in_proj_weight", 1.2), ("c_proj.weight", 1.5),
    (UNET + "input_blocks.0.0.weight", 0.4), (UNET + "out.2.weight", 0.35 * SILU),
    (VAE + "decoder.conv_out.weight", 0.5 * SILU), (VAE + "encoder.conv_out.weight", SILU),
]


def gain(name):
    value = next((value for suffix, value in GAINS if name.endswith(suffix)), 1.0)
    # The further blocks of a transformer add the less, so that the sum of many keeps its size.
    block = re.search(r"transformer_blocks\.(\d+)\.(attn\d\.to_out\.0|ff\.net\.2)\.weight$", name)
    return value / math.sqrt(int(block[1]) + 1) if block else value


def last_block(names):
    """Where the last of the UNet's output blocks stands."""
    blocks = UNET + "output_blocks."
    return f"{blocks}{max(int(name[len(blocks):].split('.')[0]) for name in names if name.startswith(blocks))}."


def passthrough(name, value, last):
    """Carry ±latent through pairs of channels of the first and last layers: silu(a) - silu(-a) = a."""
    if name == UNET + "input_blocks.0.0.weight":
        for output, latent, sign in pairs(value.shape[0]):
            value[output, latent, 1, 1] += sign
    elif name == last + "0.skip_connection.weight":
        channels = value.shape[0]
        for output, _, _ in pairs(channels):
            value[output] *= 0.3
            value[output, channels + output, 0, 0] += 1
    elif name in (last + "0.out_layers.3.weight", last + "1.proj_out.weight"):
        for output, _, _ in pairs(value.shape[0]):
            value[output] *= 0.3
    elif name == UNET + "out.2.weight":
        repeats = len(pairs(value.shape[1])) // 8
        for inputs, latent, sign in pairs(value.shape[1]):
            value[latent, inputs, 1, 1] += sign * 0.9 / repeats


def pairs(channels):
    """(channel, latent channel, sign) of the pass-through: half of the channels, in groups of eight."""
    return [(8 * r + 2 * latent + k, latent, sign)
            for r in range(max(1, channels // 16)) for latent in range(4) for k, sign in ((0, 1.0), (1, -1.0))]


def weight(name, shape, seed, last):
    """One float32 tensor; depends on the seed and the name only, not on what was made before it.

    `last` is where the last output block stands.
    """
    noise = np.random.Generator(np.random.PCG64([seed, zlib.crc32(name.encode())])).standard_normal(shape, np.float32)
    if name.endswith(("_embedding.weight", "positional_embedding")):
        return noise * np.float32(0.5)
    if len(shape) < 2:
        return 1 + np.float32(0.2) * noise if name.endswith(".weight") else np.float32(0.1) * noise
    value = noise * np.float32(gain(name) / math.sqrt(math.prod(shape[1:])))
    passthrough(name, value, last)
    return value


def encode(value, dtype):
    """Little-endian bytes of a float32 array as F32, F16 or BF16 (rounded to nearest, ties to even)."""
    if dtype == "F32":
        return value.astype("<f4").tobytes()
    if dtype == "F16":
        return value.astype("<f2").tobytes()
    bits = value.astype("<f4").view("<u4")
    return ((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16).astype("<u2").tobytes()


def write_checkpoint(path, shapes, notes, dtype, seed):
    """Stream a safetensors file, one tensor in memory at a time; `notes` are texts for its `__metadata__`."""
    size, header, offset = {"F32": 4, "F16": 2, "BF16": 2}[dtype], {}, 0
    header["__metadata__"] = notes | {"seed": str(seed)}
    for name in sorted(shapes):
        end = offset + math.prod(shapes[name]) * size
        header[name] = {"dtype": dtype, "shape": list(shapes[name]), "data_offsets": [offset, end]}
        offset = end
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    last = last_block(shapes)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for name in sorted(shapes):
            file.write(encode(weight(name, shapes[name], seed, last), dtype))
    return 8 + len(text) + offset
