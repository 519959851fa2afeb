"""Schedules and samplers of k-diffusion and diffusers: writes Tests/Goldens/sampling/kdiffusion.json and diffusers.json.

    python sampling_kdiffusion.py

Made with k-diffusion 0.1.1.post1, diffusers 0.42.1 and torch 2.15. Of k-diffusion only `sampling` and `external` are loaded;
what they import but these functions do not use need not be installed.
"""

import importlib
import importlib.util
import json
import math
import sys
import types
from pathlib import Path
from unittest import mock

import torch
from diffusers import DDIMScheduler, DPMSolverMultistepScheduler, EulerAncestralDiscreteScheduler, EulerDiscreteScheduler

from sampling_rounding import rounded

GOLDENS = Path(__file__).resolve().parent.parent / "Goldens" / "sampling"
STEPS = (1, 2, 7, 20, 50)
START = (0.5, -1.0, 1.5, 0.25)
TRAINING = {
    "num_train_timesteps": 1000,
    "beta_start": 0.00085,
    "beta_end": 0.012,
    "beta_schedule": "scaled_linear",
}


def load_kdiffusion():
    """The package without its __init__, which imports training code."""
    for name in ("scipy", "torchdiffeq", "torchsde", "torchvision"):
        if importlib.util.find_spec(name) is None:
            sys.modules[name] = sys.modules[f"{name}.transforms"] = mock.MagicMock()
    package = types.ModuleType("k_diffusion")
    package.__path__ = list(importlib.util.find_spec("k_diffusion").submodule_search_locations)
    sys.modules["k_diffusion"] = package
    return importlib.import_module("k_diffusion.sampling"), importlib.import_module("k_diffusion.external")


class Noise:
    """A fixed sequence of draws in place of random numbers."""

    def __init__(self):
        self.draws = 0

    def __call__(self, *_, **__):
        values = [1.2 * math.sin(1.3 * self.draws + 0.7 * j + 0.5) for j in range(len(START))]
        self.draws += 1
        return torch.tensor(values, dtype=torch.float64)


def kdiffusion_goldens():
    sampling, external = load_kdiffusion()
    betas = torch.linspace(0.00085**0.5, 0.012**0.5, 1000, dtype=torch.float64) ** 2
    alphas = torch.cumprod(1 - betas, dim=0).float()
    training = external.DiscreteSchedule(((1 - alphas) / alphas) ** 0.5, quantize=False)
    low, high = training.sigma_min.item(), training.sigma_max.item()
    schedules = {
        "normal": training.get_sigmas,
        "karras": lambda steps: sampling.get_sigmas_karras(steps, low, high),
        "exponential": lambda steps: sampling.get_sigmas_exponential(steps, low, high),
    }

    def denoise(x, sigma):
        return 0.9 * torch.tanh(x / torch.sqrt(1 + sigma[0].double() ** 2))

    samplers = {
        "euler": (sampling.sample_euler, {}),
        "euler_a": (sampling.sample_euler_ancestral, {}),
        "euler_a eta 0.5": (sampling.sample_euler_ancestral, {"eta": 0.5}),
        "dpmpp_2m": (sampling.sample_dpmpp_2m, {}),
    }

    def run(sampler, options, sigmas):
        x = sigmas[0].double() * torch.tensor([START], dtype=torch.float64)
        noise = Noise()
        with mock.patch.object(sampling.torch, "randn_like", noise):
            if sampler is sampling.sample_euler_ancestral:
                options = {**options, "noise_sampler": noise}
            return sampler(denoise, x, sigmas, disable=True, **options)[0].tolist()

    timesteps = [0.0, 0.25, 1.0, 17.5, 333.3, 500.0, 750.9, 998.5, 999.0]
    return {
        "timesteps": timesteps,
        "sigmas": training.t_to_sigma(torch.tensor(timesteps)).tolist(),
        "schedules": [
            {"schedule": name, "steps": steps, "sigmas": schedule(steps).tolist()}
            for name, schedule in schedules.items()
            for steps in STEPS
        ],
        "runs": [
            {"sampler": name, "schedule": schedule, "steps": steps, "final": run(*sampler, schedules[schedule](steps))}
            for name, sampler in samplers.items()
            for schedule in schedules
            for steps in STEPS
        ],
    }


def diffusers_goldens():
    """Runs over a model that depends on its input and timestep, each scheduler on timesteps of its own."""
    ddim = {"clip_sample": False, "set_alpha_to_one": False, "steps_offset": 1}
    velocity = {"prediction_type": "v_prediction"}
    sample = {"prediction_type": "sample"}
    schedulers = {
        "ddim": (DDIMScheduler, ddim),
        "ddim v_prediction": (DDIMScheduler, {**ddim, **velocity}),
        "ddim sample": (DDIMScheduler, {**ddim, **sample}),
        "euler": (EulerDiscreteScheduler, {"timestep_spacing": "trailing"}),
        "euler v_prediction": (EulerDiscreteScheduler, {"timestep_spacing": "trailing", **velocity}),
        "euler_a": (EulerAncestralDiscreteScheduler, {"timestep_spacing": "trailing"}),
        "dpmpp_2m": (
            DPMSolverMultistepScheduler,
            {"timestep_spacing": "trailing", "final_sigmas_type": "zero", "euler_at_final": True},
        ),
    }

    def run(scheduler, steps):
        scheduler.set_timesteps(steps)
        x = torch.tensor([START], dtype=torch.float64) * scheduler.init_noise_sigma
        noise = Noise()
        module = sys.modules[type(scheduler).__module__]
        trajectory = []
        with mock.patch.object(module, "randn_tensor", noise):
            for timestep in scheduler.timesteps:
                model_input = scheduler.scale_model_input(x, timestep)
                output = torch.tanh(0.8 * model_input) + 0.1 * math.cos(float(timestep) / 100)
                x = scheduler.step(output, timestep, x).prev_sample
                trajectory.append(x[0].tolist())
        return {
            "steps": steps,
            "timesteps": scheduler.timesteps.tolist(),
            "sigmas": scheduler.sigmas.tolist() if hasattr(scheduler, "sigmas") else None,
            "initNoiseSigma": float(scheduler.init_noise_sigma),
            "final": trajectory[-1],
            "second": trajectory[min(1, steps - 1)],
        }

    return [
        {"scheduler": name, **run(scheduler(**TRAINING, **options), steps)}
        for name, (scheduler, options) in schedulers.items()
        for steps in STEPS
    ]


def main():
    for name, golden in (("kdiffusion", kdiffusion_goldens()), ("diffusers", diffusers_goldens())):
        (GOLDENS / f"{name}.json").write_text(json.dumps(rounded(golden), separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
