"""Every sampler over whole schedules: writes Tests/Goldens/sampling/samplers.json and samplers-diffusers.json.

    python sampling_samplers.py

Made with k-diffusion 0.1.1.post1, diffusers 0.42.1, scipy 1.17.1 and torch 2.15. Noise is a fixed sequence of draws in place
of random numbers, Brownian ones included, and k-diffusion computes in float64 from float32 levels. As in A1111, some samplers run on one level more without the last but one.
"""

import contextlib
import inspect
import json
import math
import sys
from unittest import mock

import diffusers
import numpy
import torch

from sampling_kdiffusion import GOLDENS, START, TRAINING, Noise, load_kdiffusion
from sampling_rounding import rounded

STEPS = (1, 2, 3, 20, 1000)
DISCARDING = ("dpm2", "dpm2_a", "dpmpp_3m_sde")


def kdiffusion_samplers(sampling):
    """Each sampler with further arguments and the settings they are here."""
    heun = {"solver_type": "heun"}
    churn = {"s_churn": 10, "s_noise": 1.003, "s_tmin": 0.1, "s_tmax": 8}
    churning = {"churn": 10, "noise": 1.003, "churnMinimum": 0.1, "churnMaximum": 8}
    half = {"eta": 0.5, "s_noise": 1.1}
    halved = {"eta": 0.5, "noise": 1.1}
    plain = {
        "euler": sampling.sample_euler,
        "euler_a": sampling.sample_euler_ancestral,
        "heun": sampling.sample_heun,
        "dpm2": sampling.sample_dpm_2,
        "dpm2_a": sampling.sample_dpm_2_ancestral,
        "lms": sampling.sample_lms,
        "dpmpp_2s_a": sampling.sample_dpmpp_2s_ancestral,
        "dpmpp_sde": sampling.sample_dpmpp_sde,
        "dpmpp_2m": sampling.sample_dpmpp_2m,
        "dpmpp_2m_sde": sampling.sample_dpmpp_2m_sde,
        "dpmpp_3m_sde": sampling.sample_dpmpp_3m_sde,
    }
    for name, sampler in plain.items():
        yield name, sampler, {}, {}
    for name in ("euler", "heun", "dpm2"):
        yield name, plain[name], churn, churning
    for name in ("euler_a", "dpm2_a", "dpmpp_2s_a", "dpmpp_sde", "dpmpp_2m_sde", "dpmpp_3m_sde"):
        yield name, plain[name], half, halved
    yield "dpmpp_2m_sde_heun", sampling.sample_dpmpp_2m_sde, heun, {}
    yield "dpmpp_2m_sde_heun", sampling.sample_dpmpp_2m_sde, {**heun, **half}, halved
    # Without noise this is ComfyUI's res_multistep.
    yield "res_multistep", sampling.sample_dpmpp_2m_sde, {**heun, "eta": 0.0}, {}
    yield "ddim", sampling.sample_euler_ancestral, {"eta": 0.5}, {"eta": 0.5}
    for eta in (0.0, 1.0):
        yield "dpm_fast", sampling.sample_dpm_fast, {"eta": eta}, {"eta": eta}
        yield "dpm_adaptive", sampling.sample_dpm_adaptive, {"eta": eta}, {"eta": eta}


def kdiffusion_goldens():
    sampling, external = load_kdiffusion()
    betas = torch.linspace(0.00085**0.5, 0.012**0.5, 1000, dtype=torch.float64) ** 2
    alphas = torch.cumprod(1 - betas, dim=0).float()
    # After 1000 noisy steps the last digit of a level shows in the fifth of the latents: torch's root of float32 may be off by
    # one there, numpy's is exact; timesteps and logarithms are float64.
    table = torch.from_numpy(numpy.sqrt(((1 - alphas) / alphas).numpy()))
    training = external.DiscreteSchedule(table.double(), quantize=False)
    low, high = training.sigma_min.item(), training.sigma_max.item()
    schedules = {
        "normal": lambda steps: sampling.append_zero(
            training.t_to_sigma(torch.linspace(999, 0, steps, dtype=torch.float64)).float()
        ),
        "karras": lambda steps: sampling.get_sigmas_karras(steps, low, high),
        "exponential": lambda steps: sampling.get_sigmas_exponential(steps, low, high),
        "polyexponential": lambda steps: sampling.get_sigmas_polyexponential(steps, low, high),
    }
    calls = 0

    def denoise(x, sigma):
        nonlocal calls
        calls += 1
        return 0.9 * torch.tanh(x / torch.sqrt(1 + sigma[0].double() ** 2))

    def levels(name, schedule, steps):
        if name not in DISCARDING:
            return schedule(steps)
        sigmas = schedule(steps + 1)
        return torch.cat([sigmas[:-2], sigmas[-1:]])

    def run(name, sampler, options, sigmas):
        nonlocal calls
        calls = 0
        sigmas = sigmas.double()
        x = sigmas[0] * torch.tensor([START], dtype=torch.float64)
        noise = Noise()
        if "noise_sampler" in inspect.signature(sampler).parameters:
            options = {**options, "noise_sampler": noise}
        ends = (sigmas[-2].item(), sigmas[0].item())
        if name == "dpm_fast":
            arguments = (*ends, len(sigmas) - 1)
        elif name == "dpm_adaptive":
            arguments = ends
        else:
            arguments = (sigmas,)
        tensor = torch.tensor
        double = mock.patch.object(sampling.torch, "tensor", lambda value, dtype=torch.float64: tensor(value, dtype=dtype))
        if name == "dpm_fast" and options["eta"]:
            # In float64 the root of a difference that should be 0 is not a number.
            double = contextlib.nullcontext()
        with mock.patch.object(sampling.torch, "randn_like", noise), double:
            return sampler(denoise, x, *arguments, disable=True, **options)[0].tolist(), calls

    # In one step the first two have nothing between their ends, and k-diffusion's multistep samplers fail.
    runs = []
    for name, sampler, options, settings in kdiffusion_samplers(sampling):
        for schedule in schedules if not settings else ("karras",):
            for steps in STEPS if not settings else (2, 20):
                if steps == 1 and name.startswith(("dpm_", "dpmpp_2m_sde", "dpmpp_3m_sde", "res")):
                    continue
                # From many small steps LMS extrapolates to 0 with weights of 1e7, more than float32 has digits.
                if steps == 1000 and name == "lms" and schedule != "normal":
                    continue
                final, count = run(name, sampler, options, levels(name, schedules[schedule], steps))
                golden = {"sampler": name, "schedule": schedule, "steps": steps, "calls": count, "final": final}
                runs.append({**golden, "settings": settings})
    lists = [
        {"schedule": name, "steps": steps, "sigmas": schedule(steps).tolist()}
        for name, schedule in schedules.items()
        for steps in (1, 2, 3, 20)
    ]
    return {"runs": runs, "schedules": lists}


def diffusers_samplers():
    """Each scheduler as Stable Diffusion's own settings configure it, with arguments of its steps and the settings here."""
    sd1 = {"steps_offset": 1}
    leading = {**sd1, "timestep_spacing": "leading"}
    karras = {"use_karras_sigmas": True}
    sde = {"algorithm_type": "sde-dpmsolver++"}
    ddim = {**sd1, "clip_sample": False, "set_alpha_to_one": False}
    pndm = {**sd1, "skip_prk_steps": True, "set_alpha_to_one": False}
    solver = diffusers.DPMSolverMultistepScheduler
    yield "ddim", diffusers.DDIMScheduler, ddim, {}, {}, None
    yield "ddim", diffusers.DDIMScheduler, ddim, {"eta": 0.6}, {"eta": 0.6}, None
    yield "ddpm", diffusers.DDPMScheduler, {**sd1, "clip_sample": False}, {}, {}, None
    yield "plms", diffusers.PNDMScheduler, pndm, {}, {}, None
    yield "euler", diffusers.EulerDiscreteScheduler, leading, {}, {}, None
    yield "euler", diffusers.EulerDiscreteScheduler, {**leading, **karras}, {}, {}, "karras"
    yield "euler", diffusers.EulerDiscreteScheduler, {**leading, "timestep_spacing": "trailing"}, {}, {}, "trailing"
    yield "euler_a", diffusers.EulerAncestralDiscreteScheduler, leading, {}, {}, None
    yield "heun", diffusers.HeunDiscreteScheduler, leading, {}, {}, None
    yield "dpm2", diffusers.KDPM2DiscreteScheduler, leading, {}, {}, None
    yield "dpm2_a", diffusers.KDPM2AncestralDiscreteScheduler, leading, {}, {}, None
    yield "lms", diffusers.LMSDiscreteScheduler, leading, {}, {}, None
    yield "dpmpp_2m", solver, leading, {}, {}, None
    yield "dpmpp_2m", solver, {**leading, **karras}, {}, {}, "karras"
    yield "dpmpp_2m_sde", solver, {**leading, **sde}, {}, {}, None
    yield "dpmpp_2m_sde", solver, {**leading, **sde, **karras}, {}, {}, "karras"
    yield "dpmpp_2m_sde_heun", solver, {**leading, **sde, "solver_type": "heun"}, {}, {}, None
    yield "unipc", diffusers.UniPCMultistepScheduler, leading, {}, {}, None
    yield "unipc", diffusers.UniPCMultistepScheduler, {**leading, **karras}, {}, {}, "karras"
    yield "deis", diffusers.DEISMultistepScheduler, leading, {}, {}, None
    yield "lcm", diffusers.LCMScheduler, {}, {}, {}, None
    yield "tcd", diffusers.TCDScheduler, {}, {}, {}, None
    yield "tcd", diffusers.TCDScheduler, {}, {"eta": 0.0}, {"eta": 0.0}, None


IMAGE = (0.8, -0.3, -0.9, 0.4)


def diffusers_run(scheduler, steps, options, strength):
    """A run as diffusers' pipelines make it, from noise or from a picture."""
    scheduler.set_timesteps(steps)
    noise = Noise()
    module = sys.modules[type(scheduler).__module__]
    start = torch.tensor([START], dtype=torch.float64)
    timesteps = scheduler.timesteps
    if strength is None:
        x = start * scheduler.init_noise_sigma
    else:
        first = max(steps - min(int(steps * strength), steps), 0) * scheduler.order
        timesteps = timesteps[first:]
        if hasattr(scheduler, "set_begin_index"):
            scheduler.set_begin_index(first)
        x = scheduler.add_noise(torch.tensor([IMAGE], dtype=torch.float64), start, timesteps[:1])
    patches = [mock.patch.object(module, "randn_tensor", noise)] if hasattr(module, "randn_tensor") else []
    for patch in patches:
        patch.start()
    for timestep in timesteps:
        model_input = scheduler.scale_model_input(x, timestep)
        output = torch.tanh(0.8 * model_input) + 0.1 * math.cos(float(timestep) / 100)
        x = scheduler.step(output, timestep, x, **options).prev_sample
    for patch in patches:
        patch.stop()
    return timesteps.tolist(), x[0].tolist()


def diffusers_goldens():
    runs = []
    for name, scheduler, config, options, settings, schedule in diffusers_samplers():
        few = name in ("lcm", "tcd")
        for steps in (1, 2, 4, 20) if few else (1, 2, 3, 10, 20):
            # LMS begins on a picture with weights for slopes that it does not have, which is not followed.
            for strength in (None, 0.75, 0.3, 0.05) if steps == 20 and not few and name != "lms" else (None,):
                scheduler_ = scheduler(**TRAINING, **config)
                timesteps, final = diffusers_run(scheduler_, steps, options, strength)
                golden = {"sampler": name, "schedule": schedule, "settings": settings, "steps": steps}
                if strength is not None:
                    golden["strength"] = strength
                if not all(math.isfinite(value) for value in final):
                    continue
                runs.append({**golden, "timesteps": timesteps, "final": final})
    return runs


def main():
    for name, golden in (("samplers", kdiffusion_goldens()), ("samplers-diffusers", diffusers_goldens())):
        (GOLDENS / f"{name}.json").write_text(json.dumps(rounded(golden), separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
