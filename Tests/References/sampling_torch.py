"""Normal numbers of torch's CPU generator: writes Tests/Goldens/sampling/torch-randn.json.

    python sampling_torch.py

Made with torch 2.15.
"""

import json
from pathlib import Path

import torch

GOLDENS = Path(__file__).resolve().parent.parent / "Goldens" / "sampling"


def exact(tensor):
    """Float32 values in their shortest decimal form that reads back the same."""
    return [float(str(value)) for value in tensor.numpy()]


def draws(seed, counts):
    generator = torch.Generator().manual_seed(seed)
    return {"seed": seed, "draws": [exact(torch.randn(count, generator=generator)) for count in counts]}


def ends(seed, count):
    values = torch.randn(count, generator=torch.Generator().manual_seed(seed))
    return {
        "seed": seed,
        "count": count,
        "first": exact(values[:20]),
        "last": exact(values[-20:]),
        "sumOfSquares": values.double().square().sum().item(),
    }


def main():
    seeds = [0, 42, 2**32 - 1, 2**32 + 42, 1234567890123]
    golden = {
        "torch": torch.__version__,
        "single": [draws(seed, [count]) for seed in seeds for count in (1, 4, 15, 16, 17, 24, 31, 32, 40)],
        # Small draws go in pairs of which the second is kept; larger ones leave a kept one alone.
        "sequences": [
            draws(5, [3, 1, 16, 2, 40, 5]),
            draws(7, [1, 16, 1, 1]),
            draws(11, [15, 17, 15, 1, 1]),
            draws(13, [64, 64, 64]),
        ],
        "latents": [ends(seed, count) for seed in seeds for count in (16384, 16391)],
    }
    (GOLDENS / "torch-randn.json").write_text(json.dumps(golden, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
