"""Models that know every level of noise (Karras et al. 2022): writes Tests/Goldens/sampling/edm.json.

    python sampling_edm.py

Made with diffusers 0.42.1 and torch 2.15. The model is that of sampling_kdiffusion.py.
"""

import json
import math
from pathlib import Path

import torch
from diffusers import EDMDPMSolverMultistepScheduler, EDMEulerScheduler

GOLDENS = Path(__file__).resolve().parent.parent / "Goldens" / "sampling"
START = (0.5, -1.0, 1.5, 0.25)


def run(name, scheduler, steps):
    scheduler.set_timesteps(steps)
    # Both begin with noise of the strength of data and noise together; here the first latents are given.
    x = torch.tensor([START], dtype=torch.float64) * float(scheduler.sigmas[0])
    for timestep in scheduler.timesteps:
        model_input = scheduler.scale_model_input(x, timestep)
        output = torch.tanh(0.8 * model_input) + 0.1 * math.cos(float(timestep) / 100)
        x = scheduler.step(output, timestep, x).prev_sample
    config = scheduler.config
    return {"sampler": name, "steps": steps, "prediction": config.prediction_type,
            "sigmaMin": config.sigma_min, "sigmaMax": config.sigma_max, "sigmaData": config.sigma_data,
            "sigmas": scheduler.sigmas.tolist(), "timesteps": scheduler.timesteps.tolist(), "final": x[0].tolist()}


def main():
    runs = []
    for settings in [{}, {"prediction_type": "v_prediction"},
                     {"sigma_min": 0.01, "sigma_max": 120.0, "sigma_data": 1.0, "prediction_type": "v_prediction"}]:
        for steps in (1, 4, 20):
            runs.append(run("euler", EDMEulerScheduler(**settings), steps))
            # Of first order it is Euler's method, to the letter.
            solver = EDMDPMSolverMultistepScheduler(**settings, solver_order=1, final_sigmas_type="zero")
            runs.append(run("euler", solver, steps))
    (GOLDENS / "edm.json").write_text(json.dumps({"runs": runs}, indent=1) + "\n")


if __name__ == "__main__":
    main()
