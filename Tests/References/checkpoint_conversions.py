"""Writes Tests/Goldens/checkpoint/conversions.safetensors: tensors of every number format with what torch makes of them.

For each format there are `<format>`, `<format>.float32` and, for floats, `<format>.bfloat16`. float8 formats hold all 256
values. The file comes from the official writer, so reading it also tests the container.

Run: python Tests/References/checkpoint_conversions.py      (torch, safetensors)
"""

from pathlib import Path

import torch
from safetensors.torch import save_file

GOLDENS = Path(__file__).parent.parent / "Goldens" / "checkpoint"


def floats():
    """Values of all magnitudes, ties between two bfloat16, and the edges of the formats."""
    generator = torch.Generator().manual_seed(1)
    mantissas = torch.randn(200, generator=generator, dtype=torch.float64)
    exponents = torch.randint(-44, 39, (200,), generator=generator).double()
    ties = torch.tensor([0x3F808000, 0x3F818000, 0x3F807FFF, 0x3F808001, 0x7F7FFFFF, 0x00008000, 0x80018000 - 2**32])
    ties = ties.to(torch.int32).view(torch.float32).double()
    edges = torch.tensor([0.0, -0.0, 1.0, -1.0, 65504.0, 65520.0, 2**-24, 2**-14, float("inf"), -float("inf"), float("nan")])
    return torch.cat([mantissas * 10**exponents, ties, edges.double()])


def main():
    tensors = {}
    formats = {"F64": torch.float64, "F32": torch.float32, "F16": torch.float16, "BF16": torch.bfloat16}
    for name, dtype in formats.items():
        tensors[name] = floats().to(dtype)
    for name, dtype in {"F8_E4M3": torch.float8_e4m3fn, "F8_E5M2": torch.float8_e5m2}.items():
        tensors[name] = torch.arange(256, dtype=torch.uint8).view(dtype)
    for name in list(tensors):
        tensors[f"{name}.float32"] = tensors[name].to(torch.float32, copy=True)
        tensors[f"{name}.bfloat16"] = tensors[name].to(torch.float32).to(torch.bfloat16)
    integers = {
        "I64": torch.int64, "I32": torch.int32, "I16": torch.int16, "I8": torch.int8,
        "U64": torch.uint64, "U32": torch.uint32, "U16": torch.uint16, "U8": torch.uint8,
    }
    for name, dtype in integers.items():
        limits = torch.iinfo(dtype)
        values = [0, 1, 77, limits.max, limits.min, limits.max // 3, min(limits.max, 16777217)]
        tensors[name] = torch.tensor(values, dtype=dtype)
        tensors[f"{name}.float32"] = tensors[name].to(torch.float32, copy=True)
    tensors["BOOL"] = torch.tensor([True, False, True])
    tensors["BOOL.float32"] = tensors["BOOL"].to(torch.float32)
    GOLDENS.mkdir(parents=True, exist_ok=True)
    save_file(tensors, GOLDENS / "conversions.safetensors", metadata={"format": "pt"})


if __name__ == "__main__":
    main()
