"""Runs of diffusers' own pipelines with the small models of families_models.py, every stage recorded."""

import functools
import json
import pathlib
import tempfile

import diffusers
import torch
from DeepCache import DeepCacheSDHelper
from transformers import CLIPTokenizer

from families_prompts import conditions
from modules_random import relative_l2

MERGES = pathlib.Path(__file__).resolve().parent.parent.parent / "Sources" / "CVocabulary" / "merges.txt"
SIZE = 64


def make_tokenizer(pad):
    """transformers' CLIPTokenizer from the table of merges in this repository: 49408 entries."""
    merges = MERGES.read_text().split("\n")[:48894]
    kept = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    alphabet = [chr(byte) for byte in kept] + [chr(0x100 + k) for k in range(256 - len(kept))]
    words = alphabet + [letter + "</w>" for letter in alphabet] + [merge.replace(" ", "") for merge in merges]
    words += ["<|startoftext|>", "<|endoftext|>"]
    assert len(words) == 49408
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        folder.joinpath("vocab.json").write_text(json.dumps({word: k for k, word in enumerate(words)}))
        folder.joinpath("merges.txt").write_text("#version: 0.2\n" + "\n".join(merges) + "\n")
        tokenizer = CLIPTokenizer.from_pretrained(folder, model_max_length=77, pad_token=pad)
    assert tokenizer("a photo of a cat").input_ids == [49406, 320, 1125, 539, 320, 2368, 49407]
    assert tokenizer.pad_token_id == {"!": 0, "<|endoftext|>": 49407}[pad]
    return tokenizer


class Recorder:
    """Listens to a pipeline's scheduler and UNet."""

    def __init__(self, pipeline, offset=0):
        self.tensors, self.step, self.offset = {}, offset, offset
        self.timesteps = []
        scheduler, take = pipeline.scheduler, pipeline.scheduler.step

        # Pipelines look at the signature for what they may pass, the generator among it.
        @functools.wraps(take)
        def step(output, timestep, sample, *arguments, **keywords):
            if self.step == 0:
                self.tensors["latents.initial"] = sample
            self.tensors[f"latents.{self.step}"] = sample
            self.tensors[f"noise_pred.{self.step}"] = output
            self.timesteps.append(float(timestep))
            self.step += 1
            return take(output, timestep, sample, *arguments, **keywords)

        scheduler.step = step
        pipeline.unet.register_forward_pre_hook(self.heard, with_kwargs=True)

    def heard(self, _, arguments, keywords):
        """What the UNet is told beside latents and time, from its first call: the negative prompt's comes first."""
        if self.step != self.offset or "context.positive" in self.tensors:
            return
        suffix = ".refiner" if self.offset else ""
        added = keywords.get("added_cond_kwargs") or {}
        for name, value in {"context": keywords["encoder_hidden_states"], "pooled": added.get("text_embeds"),
                            "time_ids": added.get("time_ids"), "guidance": keywords.get("timestep_cond")}.items():
            if value is None:
                continue
            # InstructPix2Pix puts the prompt first, and twice the negative one after it.
            places = {3: ["positive", "negative"], 2: ["negative", "positive"], 1: ["positive"]}[len(value)]
            for place, row in zip(places, value):
                self.tensors[f"{name}.{place}{suffix}"] = row[None].clone()


# ComfyUI's, A1111's and the product's share of signal in a last level without signal. diffusers' Euler leaves 2^-24, which
# is another scale of the first latents and otherwise nothing: see check_zero_snr.
LEAST_ALPHA = 4.8973451890853435e-08


def make_pipeline(name, modules, configs, tokenizers, index):
    kind = getattr(diffusers, name)
    settings = dict(configs["scheduler"])
    parts = dict(modules)
    parts["scheduler"] = getattr(diffusers, settings["_class_name"]).from_config(settings)
    if settings.get("rescale_betas_zero_snr"):
        parts["scheduler"].alphas_cumprod[-1] = LEAST_ALPHA
    for place in ("tokenizer", "tokenizer_2"):
        if place in configs:
            parts[place] = tokenizers[configs[place]["pad_token"]]
    if "XL" in name:
        parts.setdefault("tokenizer", None)
        parts.setdefault("text_encoder", None)
        # Adapters' pipeline marks nothing.
        parts |= index if "Adapter" in name else {"add_watermarker": False, **index}
    else:
        parts |= {"safety_checker": None, "feature_extractor": None, "requires_safety_checker": False}
    pipeline = kind(**parts)
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


def tokens(pipeline, prompts):
    """Token ids of the prompts by both tokenizers, as the pipelines make them."""
    rows = {}
    for place, suffix in (("tokenizer", ""), ("tokenizer_2", "_2")):
        tokenizer = getattr(pipeline, place, None)
        for sign, prompt in prompts.items():
            if tokenizer is not None and prompt is not None:
                rows[f"tokens{suffix}.{sign}"] = tokenizer(
                    prompt, padding="max_length", max_length=77, truncation=True, return_tensors="pt").input_ids
    return rows


def image_arguments(name, pipeline):
    """What pipelines that edit pictures are given where there is none."""
    grey = torch.zeros(1, 3, SIZE, SIZE)
    latent = torch.zeros(1, 4, SIZE // 8, SIZE // 8)
    if name == "StableDiffusionInpaintPipeline":
        # The mean of what the encoder says, where diffusers would draw from it.
        masked = pipeline.vae.encode(grey).latent_dist.mode() * pipeline.vae.config.scaling_factor
        return {"image": grey, "mask_image": torch.ones(1, 1, SIZE, SIZE), "masked_image_latents": masked, "strength": 1.0,
                "width": SIZE, "height": SIZE}
    if name == "StableDiffusionInstructPix2PixPipeline":
        return {"image": latent, "image_guidance_scale": 1.5}
    if name == "StableDiffusionXLImg2ImgPipeline":
        # From latents of nothing, with noise at full strength: the picture comes from the prompt alone.
        return {"image": latent, "strength": 1.0}
    return {"width": SIZE, "height": SIZE}


def decoded(vae, latents):
    latents = latents / vae.config.scaling_factor
    if getattr(vae.config, "latents_mean", None):
        mean, deviation = (torch.tensor(values).view(1, -1, 1, 1) for values in (vae.config.latents_mean, vae.config.latents_std))
        latents = latents * deviation + mean
    return vae.decode(latents).sample.clamp(-1, 1)


def draw(name, pipeline, settings, **more):
    """A run of one pipeline from `seed`, decoded."""
    recorder = Recorder(pipeline)
    # diffusers' consistency models are told the guidance, and take no negative prompt.
    prompts = {"positive": settings["prompt"], "negative": settings["negative"]}
    if settings.get("own_conditions"):
        # diffusers reads these prompts in another way.
        words, rows = conditions(pipeline, prompts, settings.get("clip_skip"))
    else:
        words, rows = {"prompt": settings["prompt"]}, None
        if name != "LatentConsistencyModelPipeline":
            words["negative_prompt"] = settings["negative"]
    for place, keyword in (("original_size",) * 2, ("crop", "crops_coords_top_left"), ("target_size",) * 2):
        if place in settings:  # width and height, left and top: diffusers has them the other way round
            more[keyword] = tuple(reversed(settings[place]))
    helper = DeepCacheSDHelper(pipe=pipeline)
    if "cache" in settings:  # the interval, and the branch
        helper.set_params(cache_interval=settings["cache"][0], cache_branch_id=settings["cache"][1])
        helper.enable()
    latents = pipeline(
        **words, num_inference_steps=settings["steps"], guidance_scale=settings["guidance"],
        generator=torch.Generator().manual_seed(settings["seed"]), output_type="latent",
        **image_arguments(name, pipeline), **more).images
    if "cache" in settings:
        helper.disable()
    return recorder, latents, rows or tokens(pipeline, prompts)


def check_zero_snr(name, pipeline, settings, image):
    """What diffusers itself leaves of the last level's signal gives the same picture."""
    pipeline.scheduler = type(pipeline.scheduler).from_config(pipeline.scheduler.config)
    assert pipeline.scheduler.alphas_cumprod[-1] == 2**-24
    _, latents, _ = draw(name, pipeline, settings)
    difference = relative_l2(decoded(pipeline.vae, latents), image)
    assert difference < 1e-3, difference


def single_run(name, pipeline, settings):
    recorder, latents, rows = draw(name, pipeline, settings)
    assert recorder.step == settings["steps"]
    image = decoded(pipeline.vae, latents)
    if pipeline.scheduler.config.get("rescale_betas_zero_snr"):
        check_zero_snr(name, pipeline, settings, image)
    return recorder.tensors | rows | {
        "latents.final": latents, "image": image, "timesteps": torch.tensor(recorder.timesteps)}


def handover_run(base, refiner, settings):
    """The base model down to a share of the noise, and the refiner from there."""
    share = settings["handover"]
    first, latents, rows = draw("StableDiffusionXLPipeline", base, settings, denoising_end=share)
    handed = first.step
    assert 0 < handed < settings["steps"]
    second = Recorder(refiner, offset=handed)
    latents = refiner(
        settings["prompt"], negative_prompt=settings["negative"], num_inference_steps=settings["steps"],
        guidance_scale=settings["guidance"], generator=torch.Generator().manual_seed(settings["seed"]),
        image=latents, denoising_start=share, output_type="latent").images
    assert second.step == settings["steps"], (handed, second.step)
    return first.tensors | second.tensors | rows | {
        "latents.final": latents, "image": decoded(refiner.vae, latents),
        "timesteps": torch.tensor(first.timesteps + second.timesteps), "handover": torch.tensor([handed])}
