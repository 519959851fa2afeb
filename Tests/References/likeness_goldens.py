"""Pictures as AUTOMATIC1111 and ComfyUI draw them: writes Tests/Goldens/likeness.

    python likeness_goldens.py [--check] [NAME ...]

Both programs' rules around k-diffusion's samplers, made again from what is known of them, with the small Stable Diffusion 1 model
of families_models.py in float32: whose random numbers, how strong the first noise is, which timesteps the network is told,
what weights in a prompt do, whose noise is added on the way, and how pixels become whole numbers. Needs k-diffusion and
torchsde.
"""

import argparse
import math
import pathlib

import numpy
import torch
import torchsde._brownian.brownian_interval as brownian_interval

from families_goldens import Family
from families_runs import decoded, make_tokenizer
from modules_random import read, relative_l2, save
from sampling_kdiffusion import load_kdiffusion

GOLDENS = pathlib.Path(__file__).resolve().parent.parent / "Goldens" / "likeness"
SEED, STEPS, SCALE, SIZE = 42, 8, 7.0, 64
PROMPTS = {
    # Pieces with their weights: those of ComfyUI are absolute, those of AUTOMATIC1111 products.
    "a1111": ("a (red:1.3) house, ((big)) tree [under] a yellow sun",
              [("a ", 1.0), ("red", 1.3), (" house, ", 1.0), ("big", 1.1 * 1.1), (" tree ", 1.0), ("under", 1 / 1.1),
               (" a yellow sun", 1.0)]),
    "comfyui": ("a (red:1.3) house, ((big)) tree under a yellow sun",
                [("a ", 1.0), ("red", 1.3), (" house, ", 1.0), ("big", 1.1 * 1.1), (" tree under a yellow sun", 1.0)]),
}
NEGATIVE = ("a (blurry:1.2) picture", [("a ", 1.0), ("blurry", 1.2), (" picture", 1.0)])
SAMPLERS = {"euler": "normal", "euler_a": "normal", "dpmpp_2m": "karras", "dpmpp_sde": "karras"}
RUNS = [f"{program}_{sampler}" for program in PROMPTS for sampler in SAMPLERS]


class Philox:
    """The normal numbers of a CUDA device: Philox 4x32-10 and Box-Muller, element by element."""

    def __init__(self, seed):
        self.seed, self.offset = seed, 0

    def randn(self, shape):
        count = math.prod(shape)
        mask = numpy.uint64(0xFFFFFFFF)
        counter = [numpy.full(count, self.offset, numpy.uint64), numpy.zeros(count, numpy.uint64),
                   numpy.arange(count, dtype=numpy.uint64), numpy.zeros(count, numpy.uint64)]
        key = [self.seed & 0xFFFFFFFF, self.seed >> 32 & 0xFFFFFFFF]
        self.offset += 1
        for step in range(10):
            first, third = counter[0] * numpy.uint64(0xD2511F53), counter[2] * numpy.uint64(0xCD9E8D57)
            counter = [(third >> numpy.uint64(32)) ^ counter[1] ^ numpy.uint64(key[0]), third & mask,
                       (first >> numpy.uint64(32)) ^ counter[3] ^ numpy.uint64(key[1]), first & mask]
            key = [(key[0] + 0x9E3779B9) & 0xFFFFFFFF, (key[1] + 0xBB67AE85) & 0xFFFFFFFF]
        single = numpy.float32
        u = counter[0].astype(single) * single(2.3283064e-10) + single(2.3283064e-10 / 2)
        v = counter[1].astype(single) * single(2.3283064e-10 * 6.2831855) + single(2.3283064e-10 * 6.2831855 / 2)
        values = numpy.sqrt(single(-2) * numpy.log(u)) * numpy.sin(v)
        return torch.from_numpy(values.reshape(shape).astype(single))


# AUTOMATIC1111's published example.
assert torch.allclose(Philox(0).randn((3, 4)).flatten()[:5],
                      torch.tensor([-0.92466, -0.42534, -2.64385, 0.14518, -0.12087]), atol=1e-5)


def encode(family, tokenizer, pieces, program):
    """One sequence of tokens with the weights of its pieces, as the program applies them."""
    ids, weights = [], []
    for text, weight in pieces:
        own = tokenizer(text, add_special_tokens=False).input_ids
        ids += own
        weights += [weight] * len(own)

    def hidden(ids):
        row = [49406, *ids, 49407] + [49407] * (75 - len(ids))
        return family.modules["text_encoder"](torch.tensor([row])).last_hidden_state

    z = hidden(ids)
    w = torch.tensor([1.0, *weights] + [1.0] * (76 - len(ids))).reshape(1, 77, 1)
    if program == "a1111":
        weighed = z * w
        return weighed * (z.mean() / weighed.mean())
    return (z - hidden([])) * w + hidden([])


class Denoiser(torch.nn.Module):
    """Guidance around the network, in sigmas."""

    def __init__(self, unet, positive, negative, rounds):
        super().__init__()
        self.unet, self.rounds = unet, rounds
        self.context = torch.cat([negative, positive])
        betas = torch.linspace(0.00085**0.5, 0.012**0.5, 1000, dtype=torch.float64) ** 2
        alphas = torch.cumprod(1 - betas, dim=0).float()
        self.sigmas = ((1 - alphas) / alphas) ** 0.5
        self.log_sigmas = self.sigmas.log()

    def timestep(self, sigma):
        distance = sigma.log() - self.log_sigmas
        if self.rounds:
            return distance.abs().argmin().float()
        low = distance.ge(0).sum().sub(1).clamp(0, 998)
        w = ((self.log_sigmas[low] - sigma.log()) / (self.log_sigmas[low] - self.log_sigmas[low + 1])).clamp(0, 1)
        return (1 - w) * low + w * (low + 1)

    def at(self, t):
        low, high = int(math.floor(t)), int(math.ceil(t))
        return ((1 - (t - low)) * self.log_sigmas[low] + (t - low) * self.log_sigmas[high]).exp()

    def forward(self, x, sigma, **_):
        sigma = sigma.flatten()[0]
        output = self.unet(torch.cat([x, x]) / (sigma**2 + 1) ** 0.5, self.timestep(sigma),
                           encoder_hidden_states=self.context).sample
        without, with_ = (x - sigma * output).chunk(2)
        return without + SCALE * (with_ - without)


def sigma_list(denoiser, schedule):
    if schedule == "normal":
        levels = [denoiser.at(t) for t in torch.linspace(999, 0, STEPS).tolist()]
    else:
        high, low = denoiser.sigmas[-1] ** (1 / 7), denoiser.sigmas[0] ** (1 / 7)
        levels = [(high + k / (STEPS - 1) * (low - high)) ** 7 for k in range(STEPS)]
    return torch.stack([*levels, torch.tensor(0.0)])


def brownian(sampling, x, sigmas, source):
    """k-diffusion's tree of noise, its leaves drawn by the program's generator."""
    if source:
        brownian_interval._randn = lambda size, dtype, device, seed: Philox(int(seed)).randn(tuple(size)).to(dtype)
    return sampling.BrownianTreeNoiseSampler(x, sigmas[sigmas > 0].min(), sigmas.max(), seed=SEED)


def run(name, family, tokenizer, sampling, randn):
    program, sampler = name.split("_", 1)
    is_webui = program == "a1111"
    prompt, pieces = PROMPTS[program]
    denoiser = Denoiser(family.modules["unet"], encode(family, tokenizer, pieces, program),
                        encode(family, tokenizer, NEGATIVE[1], program), rounds=not is_webui)
    sigmas = sigma_list(denoiser, SAMPLERS[sampler])
    shape = (1, 4, SIZE // 8, SIZE // 8)
    if is_webui:
        generator = Philox(SEED)
        noise, scale = generator.randn(shape[1:])[None], sigmas[0]
        draw = lambda *_: generator.randn(shape[1:])[None]
    else:
        noise, scale = torch.randn(shape, generator=torch.Generator().manual_seed(SEED)), (1 + sigmas[0] ** 2) ** 0.5
        later = torch.Generator().manual_seed(SEED + 1)
        draw = lambda *_: torch.randn(shape, generator=later)
    x = noise * scale
    take = {"euler": "sample_euler", "euler_a": "sample_euler_ancestral", "dpmpp_2m": "sample_dpmpp_2m",
            "dpmpp_sde": "sample_dpmpp_sde"}[sampler]
    more = {}
    brownian_interval._randn = randn
    if sampler == "euler_a":
        more["noise_sampler"] = draw
    if sampler == "dpmpp_sde":
        more["noise_sampler"] = brownian(sampling, x, sigmas, is_webui)
    latents = getattr(sampling, take)(denoiser, x, sigmas, disable=True, **more)
    image = decoded(family.modules["vae"], latents)
    pixels = (255 * ((image + 1) / 2).clamp(0, 1)).to(torch.uint8)
    settings = {"prompt": prompt, "negative": NEGATIVE[0], "seed": SEED, "width": SIZE, "height": SIZE, "steps": STEPS,
                "guidance": SCALE, "sampler": sampler, "schedule": SAMPLERS[sampler], "like": program}
    return {"latents.initial": x, "latents.final": latents, "pixels": pixels.float()}, settings


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="compare with the files instead of writing them")
    parser.add_argument("names", nargs="*", metavar="NAME")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    torch.set_grad_enabled(False)
    sampling, _ = load_kdiffusion()
    tokenizer = make_tokenizer("<|endoftext|>")
    family = Family("sd1", {"<|endoftext|>": tokenizer})
    randn = brownian_interval._randn
    GOLDENS.mkdir(parents=True, exist_ok=True)
    for name in arguments.names or RUNS:
        result, settings = run(name, family, tokenizer, sampling, randn)
        result = {key: value.float() for key, value in result.items()}
        path = GOLDENS / f"{name}.safetensors"
        if arguments.check:
            stored = read(path)
            worst = max(relative_l2(result[key], stored[key]) for key in stored)
            assert worst < 5e-5, f"{name} differs from the stored golden by {worst:.1e}"
            print(f"{name:20} differs from the stored golden by {worst:.1e}")
            continue
        save(path, result, {"family": "sd1", "settings": settings})
        print(f"{name:20} pixels {result['pixels'].mean():.1f} +- {result['pixels'].std():.1f}, "
              f"{path.stat().st_size / 1e3:.0f} kB")


if __name__ == "__main__":
    main()
