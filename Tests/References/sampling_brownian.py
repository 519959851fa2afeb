"""Brownian noise as torchsde makes it: writes Tests/Goldens/sampling/brownian.json.

    python sampling_brownian.py

Made with torchsde 0.2.6, numpy 2.4.6, k-diffusion 0.1.1.post1 and torch 2.15.
"""

import json

import numpy
import torch

from sampling_kdiffusion import GOLDENS, load_kdiffusion
from sampling_rounding import rounded


def words():
    """Words of numpy's seed sequences, with the pool torchsde takes."""
    cases = [(0, ()), (42, ()), (42, (0, 0)), (42, (5, 3)), (2**32 + 7, ()), (2**63 + 1, (2**33, 40)), (1, (0, 24))]
    return [
        {
            "entropy": str(entropy),
            "spawnKey": [str(key) for key in keys],
            "words": numpy.random.SeedSequence(entropy, spawn_key=keys, pool_size=24).generate_state(4).tolist(),
        }
        for entropy, keys in cases
    ]


def paths():
    """Noise of the steps of whole schedules, in their order."""
    sampling, _ = load_kdiffusion()
    ends = (0.029167532920837402, 14.614642143249512)
    cases = []
    for seed, steps, count in ((42, 5, 16), (123456789, 20, 20), (2**32 + 5, 3, 64)):
        sigmas = sampling.get_sigmas_karras(steps, *ends)
        low, high = sigmas[-2], sigmas[0]
        sampler = sampling.BrownianTreeNoiseSampler(torch.zeros(1, count), low, high, seed=seed)
        noise = [
            sampler(sigma, following)[0, -4:].tolist() for sigma, following in zip(sigmas[:-1], sigmas[1:]) if following > 0
        ]
        cases.append({"seed": seed, "count": count, "sigmas": sigmas.tolist(), "noise": noise})
    return cases


def main():
    golden = {"words": words(), "paths": paths()}
    (GOLDENS / "brownian.json").write_text(json.dumps(rounded(golden), separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
