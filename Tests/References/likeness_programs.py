"""What AUTOMATIC1111 and ComfyUI do around samplers, made again from their rules, for likeness_goldens.py."""

import math

import numpy
import scipy.stats
import torch
import torchsde._brownian.brownian_interval as brownian_interval

from prompt_language import networks, parts, without_comments
from prompts_contexts import Run

TORCH_RANDN = brownian_interval._randn


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


def slerp(share, low, high):
    """AUTOMATIC1111's mixture of two seeds, [C, h, w], with norms along axis 1."""
    dot = ((low / low.norm(dim=1, keepdim=True)) * (high / high.norm(dim=1, keepdim=True))).sum(1)
    if dot.mean() > 0.9995:
        return low * share + high * (1 - share)
    omega = torch.acos(dot)
    first, second = torch.sin((1 - share) * omega) / torch.sin(omega), torch.sin(share * omega) / torch.sin(omega)
    return first.unsqueeze(1) * low + second.unsqueeze(1) * high


class A1111Noise:
    """First noise and noise on the way, [1, C, h, w], by AUTOMATIC1111's ImageRNG."""

    def __init__(self, settings, shape):
        self.settings, self.shape = settings, shape
        self.generator = Philox(settings["seed"])

    def first(self):
        seed, shape = self.settings["seed"], self.shape
        if "noise_size" in self.settings:
            width, height = self.settings["noise_size"]
            shape = (self.shape[0], height // 8, width // 8)
        other = Philox(self.settings["variation"][0]).randn(shape) if "variation" in self.settings else None
        noise = self.generator.randn(shape) if shape == self.shape else Philox(seed).randn(shape)
        if other is not None:
            noise = slerp(self.settings["variation"][1], noise, other)
        if shape != self.shape:
            whole = self.generator.randn(self.shape)
            y, x = (self.shape[1] - shape[1]) // 2, (self.shape[2] - shape[2]) // 2
            rows, columns = shape[1] + min(2 * y, 0), shape[2] + min(2 * x, 0)
            whole[:, max(y, 0):max(y, 0) + rows, max(x, 0):max(x, 0) + columns] = (
                noise[:, max(-y, 0):max(-y, 0) + rows, max(-x, 0):max(-x, 0) + columns])
            noise = whole
        if self.settings.get("noise_seed_delta"):
            self.generator = Philox(seed + self.settings["noise_seed_delta"])
        return noise[None]

    def next(self, *_):
        return self.generator.randn(self.shape)[None]


class ComfyNoise:
    def __init__(self, settings, shape):
        self.shape = (1, *shape)
        self.begin = torch.Generator().manual_seed(settings["seed"])
        self.later = torch.Generator().manual_seed(settings["seed"] + 1)

    def first(self):
        return torch.randn(self.shape, generator=self.begin)

    def next(self, *_):
        return torch.randn(self.shape, generator=self.later)


def brownian(sampling, settings, x, sigmas):
    """k-diffusion's tree of noise, its leaves drawn by the program's generator."""
    brownian_interval._randn = TORCH_RANDN
    if settings["program"] == "a1111":
        brownian_interval._randn = lambda size, dtype, device, seed: Philox(int(seed)).randn(tuple(size)).to(dtype)
    return sampling.BrownianTreeNoiseSampler(x, sigmas[sigmas > 0].min(), sigmas.max(), seed=settings["seed"])


class Conditions:
    """What the network is told at each call: the parts of the prompt with their weights, and the negative prompt."""

    def __init__(self, settings, calls, tokenizer, before=None):
        syntax = {"syntax": "comfy", "emphasis": "comfy"} if settings["program"] == "comfyui" else {}
        run = Run(settings["family"], settings | syntax | {"steps": calls, "before": before}, tokenizer)
        text = settings["prompt"]
        lines = [(text, 1.0)] if syntax else parts(networks(without_comments(text))[0])
        self.parts = [(run.prompt(part), weight) for part, weight in lines]
        self.negative = run.negative(settings["negative"])

    @staticmethod
    def now(rows, call):
        # Beyond the last end, AUTOMATIC1111 takes the first entry.
        return next((row[1:] for row in rows if call <= row[0]), rows[0][1:])

    def at(self, call):
        positive = [(*self.now(rows, call), weight) for rows, weight in self.parts]
        length = max(len(context) for context, _, _ in positive)
        positive = [(torch.cat([context, context[-1:].repeat(length - len(context), 1)]), pooled, weight)
                    for context, pooled, weight in positive]
        return positive, self.now(self.negative, call)


class Model(torch.nn.Module):
    """Guidance around the network, in noise levels and in timesteps; a mask around both."""

    def __init__(self, unet, conditions, settings):
        super().__init__()
        self.unet, self.conditions, self.settings = unet, conditions, settings
        self.calls, self.mask, self.masks_inputs = 0, None, False
        betas = torch.linspace(0.00085**0.5, 0.012**0.5, 1000, dtype=torch.float64) ** 2
        self.alphas = torch.cumprod(1 - betas, dim=0).float()
        self.sigmas = ((1 - self.alphas) / self.alphas) ** 0.5
        self.log_sigmas = self.sigmas.log()

    def timestep(self, sigma):
        distance = sigma.log() - self.log_sigmas
        if self.settings["program"] == "comfyui":
            return distance.abs().argmin().float()
        low = distance.ge(0).sum().sub(1).clamp(0, 998)
        w = ((self.log_sigmas[low] - sigma.log()) / (self.log_sigmas[low] - self.log_sigmas[low + 1])).clamp(0, 1)
        return (1 - w) * low + w * (low + 1)

    def at(self, t):
        low, high = int(math.floor(t)), int(math.ceil(t))
        return ((1 - (t - low)) * self.log_sigmas[low] + (t - low) * self.log_sigmas[high]).exp()

    def told(self, context, pooled, size):
        more = {}
        if pooled is not None:
            width, height = self.settings.get("original_size", size)
            left, top = self.settings.get("crop", (0, 0))
            to_width, to_height = self.settings.get("target_size", size)
            ids = torch.tensor([[height, width, top, left, to_height, to_width]], dtype=torch.float32)
            more["added_cond_kwargs"] = {"text_embeds": pooled.reshape(1, -1), "time_ids": ids}
        return {"encoder_hidden_states": context[None], **more}

    def predicted(self, x, t):
        """The guided output for latents of unit variance; what is not to change is the picture's, without noise, if a sampler
        on timesteps asks."""
        if self.masks_inputs:
            x = x * self.mask + self.original * (1 - self.mask)
        positive, negative = self.conditions.at(self.calls)
        self.calls += 1
        size = (x.shape[3] * 8, x.shape[2] * 8)
        without = self.unet(x, t, **self.told(*negative, size)).sample
        result = without
        for context, pooled, weight in positive:
            output = self.unet(x, t, **self.told(context, pooled, size)).sample
            result = result + weight * self.settings["guidance"] * (output - without)
        return result

    def forward(self, x, sigma, **_):
        sigma = sigma.flatten()[0]
        if self.mask is not None and self.settings["program"] == "comfyui":
            x = x * self.mask + (self.original + self.noise * sigma) * (1 - self.mask)
        denoised = x - sigma * self.predicted(x / (sigma**2 + 1) ** 0.5, self.timestep(sigma))
        return denoised if self.mask is None else denoised * self.mask + self.original * (1 - self.mask)


ALIGNED = {"sd1": [14.615, 6.475, 3.861, 2.697, 1.886, 1.396, 0.963, 0.652, 0.399, 0.152, 0.029],
           "sdxl": [14.615, 6.315, 3.771, 2.181, 1.342, 0.862, 0.555, 0.380, 0.234, 0.113, 0.029]}


def sigma_list(model, settings, steps):
    schedule, sigmas = settings["schedule"], model.sigmas
    if schedule == "normal":
        levels = [model.at(t) for t in torch.linspace(999, 0, steps).tolist()]
    elif schedule == "karras":
        high, low = sigmas[-1] ** (1 / 7), sigmas[0] ** (1 / 7)
        levels = [(high + k / (steps - 1) * (low - high)) ** 7 for k in range(steps)]
    elif schedule == "exponential":
        levels = list(torch.linspace(sigmas[-1].log(), sigmas[0].log(), steps).exp())
    elif schedule == "ddim_uniform":
        levels = list(sigmas[1::max(1000 // steps, 1)].flip(0))
    elif schedule == "align_your_steps":
        table = numpy.log(ALIGNED[settings["family"]][::-1])
        places = numpy.linspace(0, 1, steps)
        levels = [torch.tensor(value, dtype=torch.float32)
                  for value in numpy.exp(numpy.interp(places, numpy.linspace(0, 1, 11), table))[::-1].copy()]
    else:  # ComfyUI's beta
        shares = 1 - numpy.linspace(0, 1, steps, endpoint=False)
        times = numpy.rint(scipy.stats.beta.ppf(shares, 0.6, 0.6) * 999)
        levels = [sigmas[int(time)] for time in dict.fromkeys(times)]
    return torch.stack([*levels, torch.tensor(0.0)])


def ddim_timesteps(steps):
    """AUTOMATIC1111's, rising."""
    return numpy.clip(numpy.arange(0, 1000, 1000 // steps) + 1, 0, 999)


def ddim(model, x, timesteps):
    """AUTOMATIC1111's, eta 0: the last timestep is the one that is come to."""
    for k in range(len(timesteps) - 1, 0, -1):
        now, then = model.alphas[timesteps[k]], model.alphas[timesteps[k - 1]]
        noise = model.predicted(x, torch.tensor(float(timesteps[k])))
        x = then.sqrt() * (x - (1 - now).sqrt() * noise) / now.sqrt() + (1 - then).sqrt() * noise
    return x


def unipc(model, x, steps):
    """AUTOMATIC1111's: bh1, order 3, even in time, no corrector in the last step."""
    logs = 0.5 * model.alphas.double().log().numpy()
    times = numpy.linspace(1, 1 / 1000, steps + 1)

    def place(t):
        log_alpha = numpy.interp(t, (numpy.arange(1000) + 1) / 1000, logs)
        sigma = math.sqrt(1 - math.exp(2 * log_alpha))
        return math.exp(log_alpha), sigma, log_alpha - math.log(sigma)

    def clean(x, t):
        alpha, sigma, _ = place(t)
        return (x - sigma * model.predicted(x, torch.tensor((t - 1 / 1000) * 1000, dtype=torch.float32))) / alpha

    known = [(times[0], clean(x, times[0]))]
    for step in range(1, steps + 1):
        order, t = min(step, 3, steps + 1 - step), times[step]
        (_, sigma0, lambda0), (alpha, sigma, lambda1) = place(known[-1][0]), place(t)
        h, last = lambda1 - lambda0, known[-1][1]
        ratios = [(place(known[-1 - k][0])[2] - lambda0) / h for k in range(1, order)] + [1.0]
        slopes = [(known[-1 - k][1] - last) / ratios[k - 1] for k in range(1, order)]
        phi, factorial, column = math.expm1(-h) / -h - 1, 1, []
        for k in range(1, order + 1):
            column.append(phi * factorial / -h)
            factorial *= k + 1
            phi = phi / -h - 1 / factorial
        matrix = numpy.array([[ratio**k for ratio in ratios] for k in range(order)])
        base = sigma / sigma0 * x - alpha * math.expm1(-h) * last

        def moved(weights, terms):
            return base + alpha * h * sum((w * term for w, term in zip(weights, terms)), torch.zeros_like(base))

        weights = [0.5] if order == 2 else numpy.linalg.solve(matrix[:-1, :-1], column[:-1]) if order > 2 else []
        x = moved([float(w) for w in weights], slopes)
        if step < steps:
            found = clean(x, t)
            weights = [0.5] if order == 1 else numpy.linalg.solve(matrix, column)
            x = moved([float(w) for w in weights], slopes + [found - last])
            known.append((t, found))
    return x
