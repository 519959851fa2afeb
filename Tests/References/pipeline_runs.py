"""Text-to-image with diffusers' modules and diffusers' or k-diffusion's sampling loops, every stage recorded.

The recorded names are those of the product's `--dump-tensors`; see README.md.
"""

import gzip
import importlib.util
import json
import pathlib
import sys
import tempfile

import torch
from diffusers import AutoencoderKL, DDIMScheduler, UNet2DConditionModel
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer

from pipeline_layout import checkpoint_config, load_part

# k-diffusion's package file imports its training code and with it a dozen packages; only two modules are wanted here.
sys.modules["k_diffusion"] = importlib.util.module_from_spec(importlib.util.find_spec("k_diffusion"))
import k_diffusion.sampling as sampling  # noqa: E402
from k_diffusion.external import DiscreteEpsDDPMDenoiser  # noqa: E402

SAMPLERS = ["ddim", "euler", "euler_a", "dpmpp_2m_karras"]


def make_tokenizer():
    """transformers' CLIPTokenizer from the merges that open_clip carries: 49408 entries."""
    # Found, not imported: only the file is wanted, and importing the package needs torchvision.
    package = importlib.util.find_spec("open_clip").submodule_search_locations[0]
    source = pathlib.Path(package) / "bpe_simple_vocab_16e6.txt.gz"
    merges = gzip.decompress(source.read_bytes()).decode().split("\n")[1:49152 - 256 - 2 + 1]
    kept = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    alphabet = [chr(byte) for byte in kept] + [chr(0x100 + k) for k in range(256 - len(kept))]
    words = alphabet + [letter + "</w>" for letter in alphabet] + [merge.replace(" ", "") for merge in merges]
    words += ["<|startoftext|>", "<|endoftext|>"]
    assert len(words) == 49408
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        folder.joinpath("vocab.json").write_text(json.dumps({word: k for k, word in enumerate(words)}))
        folder.joinpath("merges.txt").write_text("#version: 0.2\n" + "\n".join(merges) + "\n")
        tokenizer = CLIPTokenizer.from_pretrained(folder, model_max_length=77)
    # a photo of a cat: ids that every SD 1 program agrees on.
    assert tokenizer("a photo of a cat").input_ids == [49406, 320, 1125, 539, 320, 2368, 49407]
    return tokenizer


def tokenize(tokenizer, text):
    return tokenizer(text, padding="max_length", max_length=77, truncation=True, return_tensors="pt").input_ids


class Model:
    """The parts of a checkpoint, loaded on first use in the given precision and dropped on request."""

    def __init__(self, path, dtype=torch.float32):
        self.path, self.dtype, self.config, self.parts = path, dtype, checkpoint_config(path), {}

    def part(self, name):
        if name not in self.parts:
            with torch.device("meta"):
                if name == "text_encoder":
                    module = CLIPTextModel(CLIPTextConfig(**self.config[name]))
                else:
                    kind = {"unet": UNet2DConditionModel, "vae": AutoencoderKL}[name]
                    module = kind.from_config(self.config[name])
            self.parts[name] = load_part(self.path, name, module, self.dtype)
        return self.parts[name]

    def drop(self, name):
        self.parts.pop(name, None)

    def context(self, tokens):
        return self.part("text_encoder")(tokens).last_hidden_state.float()

    def noise(self, x, t, context):
        """The UNet's prediction; sampler state stays float32, only the network runs in the model's precision."""
        t = torch.as_tensor(t, dtype=torch.float32).expand(x.shape[0])
        return self.part("unet")(x.to(self.dtype), t, context.to(self.dtype)).sample.float()

    def decode(self, latents):
        scale = self.config["vae"]["scaling_factor"]
        return self.part("vae").decode((latents / scale).to(self.dtype)).sample.float()

    def scheduler(self):
        return DDIMScheduler.from_config(self.config["scheduler"])


class Guided:
    """Classifier-free guidance around a model, recording what comes in and out of every call.

    With `forced` predictions the sampler follows those, while the model's own are recorded: each step then starts from
    exactly the same latents as the run the predictions come from. `only` names the steps worth recording then.
    `one_by_one` runs the two halves of guidance one after the other, for the memory's sake, and shows progress.
    """

    def __init__(self, model, positive, negative, guidance, forced=None, only=None, one_by_one=False):
        self.model, self.positive, self.negative = model, positive, negative
        self.guidance, self.forced, self.only, self.one_by_one = guidance, forced, only, one_by_one
        self.predictions, self.times = {}, []

    def __call__(self, x, t):
        t, step = torch.as_tensor(t, dtype=torch.float32).reshape(-1)[0], len(self.times)
        self.times.append(t)
        if self.forced is None or self.only is None or step in self.only:
            self.predictions[step] = self.predict(x, t)
        return self.predictions[step] if self.forced is None else self.forced[step]

    def predict(self, x, t):
        negative, positive = (c.expand(x.shape[0], -1, -1) for c in (self.negative, self.positive))
        if self.one_by_one:
            print(f"    t = {t:.1f}", flush=True)
            eu, ec = self.model.noise(x, t, negative), self.model.noise(x, t, positive)
        else:
            eu, ec = self.model.noise(torch.cat([x, x]), t, torch.cat([negative, positive])).chunk(2)
        return eu + self.guidance * (ec - eu)


def draw(generators, shape):
    """One image per generator, from torch's CPU stream."""
    return torch.cat([torch.randn((1, *shape), generator=generator) for generator in generators])


def sample(guided, scheduler, sampler, noise, generators, steps):
    """Run a sampling loop: (latents.initial, final latents, further tensors). Noise is added from `generators`."""
    recorded = {}
    if sampler == "ddim":
        scheduler.set_timesteps(steps)
        initial = x = noise * scheduler.init_noise_sigma
        for k, t in enumerate(scheduler.timesteps):
            recorded[f"latents.{k}"] = x
            x = scheduler.step(guided(scheduler.scale_model_input(x, t), t), t, x).prev_sample
        return initial, x, recorded
    denoiser = DiscreteEpsDDPMDenoiser(guided, scheduler.alphas_cumprod, quantize=False)
    if sampler == "dpmpp_2m_karras":
        sigmas = sampling.get_sigmas_karras(steps, denoiser.sigma_min.item(), denoiser.sigma_max.item())
    else:
        sigmas = denoiser.get_sigmas(steps)
    recorded["sigmas"] = sigmas
    initial = noise * sigmas[0]

    def step_noise(sigma, sigma_next):
        name = f"step_noise.{sum(key.startswith('step_noise') for key in recorded)}"
        recorded[name] = draw(generators, noise.shape[1:])
        return recorded[name]

    loop, arguments = {
        "euler": (sampling.sample_euler, {}),
        "euler_a": (sampling.sample_euler_ancestral, {"noise_sampler": step_noise}),
        "dpmpp_2m_karras": (sampling.sample_dpmpp_2m, {}),
    }[sampler]
    final = loop(denoiser, initial, sigmas, disable=True, **arguments,
                 callback=lambda state: recorded.update({f"latents.{state['i']}": state["x"].clone()}))
    return initial, final, recorded


def text_stage(model, tokenizer, prompt, negative):
    result = {"tokens.positive": tokenize(tokenizer, prompt), "tokens.negative": tokenize(tokenizer, negative)}
    for side in ("positive", "negative"):
        result[f"context.{side}"] = model.context(result[f"tokens.{side}"])
    return result


def latent_stage(model, text, *, sampler, seeds, width, height, steps, guidance, **guided):
    """Noise, sampling loop and every prediction, from the contexts in `text`; one generator per seed.

    Further arguments go to `Guided`.
    """
    generators = [torch.Generator().manual_seed(seed) for seed in seeds]
    noise = draw(generators, (4, height // 8, width // 8))
    guided = Guided(model, text["context.positive"], text["context.negative"], guidance, **guided)
    initial, final, recorded = sample(guided, model.scheduler(), sampler, noise, generators, steps)
    result = {"noise": noise, "latents.initial": initial, "latents.final": final, **recorded}
    result |= {f"noise_pred.{k}": prediction for k, prediction in guided.predictions.items()}
    return result | {"timesteps": torch.stack(guided.times)}


def text_to_image(model, tokenizer, *, prompt, negative, **settings):
    """All stages in one precision; `image` is clamped to -1...1."""
    text = text_stage(model, tokenizer, prompt, negative)
    latents = latent_stage(model, text, **settings)
    return text | latents | {"image": model.decode(latents["latents.final"]).clamp(-1, 1)}
