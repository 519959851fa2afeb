"""Samplers and schedules for few steps, and for models whose last level is noise alone: writes
Tests/Goldens/sampling/few-step.json.

    python sampling_fewstep.py

Made with diffusers 0.42.1 and torch 2.15. The model is that of sampling_kdiffusion.py.
"""

import json
import math
import sys
from pathlib import Path
from unittest import mock

import torch
from diffusers import (
    DDIMScheduler,
    EulerAncestralDiscreteScheduler,
    EulerDiscreteScheduler,
    LatentConsistencyModelPipeline,
    LCMScheduler,
)

from sampling_rounding import rounded

GOLDENS = Path(__file__).resolve().parent.parent / "Goldens" / "sampling"
START = (0.5, -1.0, 1.5, 0.25)
STEPS = (1, 2, 4, 7, 8, 20)
# ComfyUI's and A1111's; diffusers' Euler leaves 2^-24 of the last level's signal, and its DDIM none.
LEAST_ALPHA = 4.8973451890853435e-08
TRAINING = {"num_train_timesteps": 1000, "beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear"}
TRAILING = {"timestep_spacing": "trailing"}
DDIM = {**TRAILING, "clip_sample": False, "set_alpha_to_one": True}
ZERO_SNR = {"prediction_type": "v_prediction", "rescale_betas_zero_snr": True}


class Noise:
    """A fixed sequence of draws in place of random numbers."""

    def __init__(self):
        self.draws = 0

    def __call__(self, *_, **__):
        values = [1.2 * math.sin(1.3 * self.draws + 0.7 * j + 0.5) for j in range(len(START))]
        self.draws += 1
        return torch.tensor(values, dtype=torch.float64)


def run(scheduler, steps, timesteps=None):
    if scheduler.config.get("rescale_betas_zero_snr"):
        scheduler.alphas_cumprod[-1] = LEAST_ALPHA
    scheduler.set_timesteps(**({"timesteps": timesteps} if timesteps else {"num_inference_steps": steps}))
    x = torch.tensor([START], dtype=torch.float64) * scheduler.init_noise_sigma
    noise, trajectory = Noise(), []
    with mock.patch.object(sys.modules[type(scheduler).__module__], "randn_tensor", noise):
        for timestep in scheduler.timesteps:
            model_input = scheduler.scale_model_input(x, timestep)
            output = torch.tanh(0.8 * model_input) + 0.1 * math.cos(float(timestep) / 100)
            x = scheduler.step(output, timestep, x).prev_sample
            trajectory.append(x[0].tolist())
    return {"steps": steps, "timesteps": scheduler.timesteps.tolist(), "initNoiseSigma": float(scheduler.init_noise_sigma),
            "final": trajectory[-1]}


def runs():
    cases = {
        "lcm": (LCMScheduler, {}, STEPS),
        "euler trailing": (EulerDiscreteScheduler, TRAILING, STEPS),
        "euler_a trailing": (EulerAncestralDiscreteScheduler, TRAILING, STEPS),
        "euler trailing v_prediction": (EulerDiscreteScheduler, {**TRAILING, "prediction_type": "v_prediction"}, STEPS),
        # DDIM steps by whole timesteps: only numbers that divide 1000 are spread evenly.
        "ddim trailing": (DDIMScheduler, DDIM, (1, 2, 4, 8, 20)),
        "ddim trailing v_prediction": (DDIMScheduler, {**DDIM, "prediction_type": "v_prediction"}, (1, 2, 4, 8, 20)),
        "euler trailing v_prediction zero_snr": (EulerDiscreteScheduler, {**TRAILING, **ZERO_SNR}, STEPS),
        "ddim trailing v_prediction zero_snr": (DDIMScheduler, {**DDIM, **ZERO_SNR}, (1, 2, 4, 8, 20)),
    }
    results = [{"scheduler": name, **run(scheduler(**TRAINING, **options), count)}
               for name, (scheduler, options, counts) in cases.items() for count in counts]
    # DMD2: the LCM step on trailing timesteps.
    dmd2 = run(LCMScheduler(**TRAINING), 4, timesteps=[999, 749, 499, 249])
    return [*results, {"scheduler": "lcm trailing", **dmd2}]


def trailing(steps):
    scheduler = EulerDiscreteScheduler(**TRAINING, **TRAILING)
    scheduler.set_timesteps(steps)
    return {"schedule": "trailing", "steps": steps, "sigmas": scheduler.sigmas.tolist()}


def zero_snr():
    """The rescaled schedule as ComfyUI makes it of diffusers' betas."""
    scheduler = DDIMScheduler(**TRAINING, rescale_betas_zero_snr=True)
    scheduler.alphas_cumprod[-1] = LEAST_ALPHA
    index = [0, 1, 10, 250, 500, 750, 990, 998, 999]
    return {"index": index, "alphasCumulative": [float(scheduler.alphas_cumprod[k]) for k in index]}


def guidance_embeddings():
    embed = LatentConsistencyModelPipeline.get_guidance_scale_embedding
    cases = [(8.5, 16), (1.0, 16), (2.0, 7), (8.0, 256)]
    return [{"scale": scale, "width": width, "values": embed(None, torch.tensor([scale - 1]), width)[0].tolist()}
            for scale, width in cases]


def handovers():
    """How many steps the base model does of a run that diffusers' `denoising_end` splits."""
    cases = []
    for spacing in ("leading", "trailing"):
        for steps, share in ((5, 0.8), (20, 0.8), (40, 0.8), (20, 0.5), (7, 0.33), (4, 1.0), (4, 0.0)):
            scheduler = EulerDiscreteScheduler(**TRAINING, timestep_spacing=spacing, steps_offset=1)
            scheduler.set_timesteps(steps)
            cutoff = int(round(1000 - share * 1000))
            base = len([t for t in scheduler.timesteps if t >= cutoff])
            refiner = len([t for t in scheduler.timesteps if t < cutoff])
            assert base + refiner == steps
            cases.append({"sigmas": scheduler.sigmas.tolist(), "share": share, "first": base})
    return cases


def main():
    golden = {"runs": runs(), "schedules": [trailing(steps) for steps in (1, 2, 3, 4, 8, 20, 50)],
              "zeroSNR": zero_snr(), "guidanceEmbeddings": guidance_embeddings(), "handovers": handovers()}
    (GOLDENS / "few-step.json").write_text(json.dumps(rounded(golden), separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
