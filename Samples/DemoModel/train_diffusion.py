"""Trains the demonstration model's denoiser (diffusers' UNet2DConditionModel) on cached latents of the world.

    python train_diffusion.py --work DIR --minutes 80

Needs DIR/text.pt; the autoencoder may train at the same time, as the meaning of latents is fixed. The first run
draws the training scenes and keeps their latents in DIR/latents.pt. The state is saved every three minutes to
DIR/unet.pt; running the script again continues from there, with the learning rate falling from --rate to zero over
the given minutes. Touch DIR/stop to end early.
"""

import argparse
import os
import random
import time

import torch
from diffusers import DDPMScheduler, UNet2DConditionModel

import text_encoder
import tokens
import train_autoencoder
import workers
import world

CONFIG = {
    "sample_size": 16,
    "in_channels": 4,
    "out_channels": 4,
    "down_block_types": ["CrossAttnDownBlock2D"] * 3 + ["DownBlock2D"],
    "mid_block_type": "UNetMidBlock2DCrossAttn",
    "up_block_types": ["UpBlock2D"] + ["CrossAttnUpBlock2D"] * 3,
    "block_out_channels": [32, 64, 80, 96],
    "layers_per_block": 1,
    "cross_attention_dim": text_encoder.CONFIG["hidden_size"],
    "attention_head_dim": 2,
    "norm_num_groups": 8,
    "act_fn": "silu",
    "use_linear_projection": False,
}

SCHEDULER = {
    "num_train_timesteps": 1000,
    "beta_start": 0.00085,
    "beta_end": 0.012,
    "beta_schedule": "scaled_linear",
    "prediction_type": "epsilon",
}


def new_unet():
    """A denoiser whose residual branches begin at zero, which lets a short training start faster."""
    unet = UNet2DConditionModel(**CONFIG)
    with torch.no_grad():
        for name, parameter in unet.named_parameters():
            if name.endswith(("conv2.weight", "conv2.bias", "proj_out.weight", "proj_out.bias")):
                parameter.zero_()
            elif name.startswith("conv_out."):
                parameter.zero_()
    return unet.to(memory_format=torch.channels_last)


def draw_latents(rank, scenes, latents, options):
    """Draws one worker's share of the scenes and takes their ideal latents."""
    torch.set_num_threads(1)
    rng = random.Random(rank)
    mine = range(rank, len(scenes), options.workers)
    for first in range(0, len(mine), 16):
        chosen = list(mine[first : first + 16])
        pictures = torch.stack([torch.from_numpy(world.render(scenes[i], rng)) for i in chosen])
        pictures = pictures.permute(0, 3, 1, 2).float().div(127.5).sub(1)
        latents[chosen] = train_autoencoder.ideal_latents(pictures)


def training_scenes(options):
    """The scenes of the cache, always the same for a number of scenes."""
    rng = random.Random(2026)
    return [world.sample_scene(rng) for _ in range(options.scenes)]


def noise_weights(alphas):
    """The weight of the squared error of the noise at each timestep: the inverse root of the signal to noise ratio.

    Plain weights would hardly care for the noisiest steps, where colours and places are decided.
    """
    return (alphas / (1 - alphas)).rsqrt().clamp(0.05, 12)


def train(rank, meeting, scenes, latents, scale, options):
    """One worker's training loop; worker 0 also keeps the moving average, saves and reports."""
    torch.set_num_threads(1)
    torch.manual_seed(rank)
    vocabulary = tokens.Vocabulary(os.path.join(options.work, "tokenizer"))
    encoder = text_encoder.compact_encoder(vocabulary)
    encoder.load_state_dict(torch.load(os.path.join(options.work, "text.pt"), weights_only=True)["text"])
    encoder.requires_grad_(False)
    unet = new_unet()
    optimizer = torch.optim.AdamW(
        unet.parameters(), lr=options.rate, betas=(0.9, 0.99), weight_decay=0.01, fused=True
    )
    path, step, pictures = os.path.join(options.work, "unet.pt"), 0, 0
    average = [p.detach().clone() for p in unet.parameters()]
    if os.path.exists(path):
        state = torch.load(path, weights_only=True)
        unet.load_state_dict(state["unet"])
        if "optimizer" in state:
            optimizer.load_state_dict(state["optimizer"])
        average = [state["average"][name].clone() for name, _ in unet.named_parameters()]
        step, pictures = state["step"], state["pictures"]
    alphas = DDPMScheduler(**SCHEDULER).alphas_cumprod
    weights = noise_weights(alphas)
    by_count = [[i for i, scene in enumerate(scenes) if len(scene.things) == n] for n in (1, 2, 3)]
    rng = random.Random(100 * step + rank)
    torch.manual_seed(100 * step + rank)
    start = saved = time.time()
    losses = []

    def save():
        named = {name: p for (name, _), p in zip(unet.named_parameters(), average)}
        state = {"unet": unet.state_dict(), "average": named, "optimizer": optimizer.state_dict(), "step": step,
                 "pictures": pictures, "scale": scale}
        workers.save(path, state)

    while (done := (time.time() - start) / 60 / options.minutes) < 1:
        if os.path.exists(os.path.join(options.work, "stop")):
            break
        count = options.batch
        shares = (1, 0, 0) if step < options.easy else (0.95 - options.pairs, options.pairs, 0.05)
        chosen = [rng.choice(indices) for indices in rng.choices(by_count, shares, k=count)]
        texts = ["" if rng.random() < 0.1 else world.caption(scenes[i], rng) for i in chosen]
        with torch.no_grad():
            context = text_encoder.encode(encoder, vocabulary.rows(texts, rng))
        clean = latents[chosen] * scale
        noise = torch.randn_like(clean)
        t = (1000 * torch.rand(count) ** 0.7).long().clamp(0, 999)
        a, s = alphas[t].sqrt()[:, None, None, None], (1 - alphas[t]).sqrt()[:, None, None, None]
        # Sampling begins with pure noise, but the schedule's noisiest step still holds a little of the picture.
        # Half of the noisiest examples hold none, so that the words alone have to tell.
        seen = torch.where((t > 880) & (torch.rand(count) < 0.5), 0.0, 1.0)[:, None, None, None]
        noisy = a * clean * seen + s * noise
        target = (noisy - a * clean) / s
        predicted = unet(noisy.contiguous(memory_format=torch.channels_last), t, context, return_dict=False)[0]
        loss = ((predicted - target).square().mean((1, 2, 3)) * weights[t]).mean()
        workers.learn(optimizer, loss, options.rate, step, done)
        losses.append(loss.item())
        step += 1
        pictures += count * options.workers
        if step % 10 == 0:
            meeting.mix([unet], rank)
        if rank == 0:
            with torch.no_grad():
                keep = min(0.998, step / (step + 20))
                torch._foreach_lerp_(average, list(unet.parameters()), 1 - keep)
            if step % 50 == 0:
                print(f"step {step} {time.time() - start:.0f} s loss {sum(losses) / len(losses):.4f}", flush=True)
                losses = []
            if time.time() - saved > 180:
                saved = time.time()
                save()
    if rank == 0:
        save()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", required=True, help="folder of the training state")
    parser.add_argument("--minutes", type=float, default=80)
    parser.add_argument("--rate", type=float, default=1.5e-3)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--scenes", type=int, default=14000, help="training scenes in the cache")
    parser.add_argument("--easy", type=int, default=500, help="first steps with a single thing only")
    parser.add_argument("--pairs", type=float, default=0.45, help="share of the examples with two things")
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    scenes = training_scenes(options)
    path = os.path.join(options.work, "latents.pt")
    if not os.path.exists(path):
        latents = torch.zeros(len(scenes), 4, 16, 16).share_memory_()
        workers.launch(draw_latents, options.workers, scenes, latents, options)
        workers.save(path, latents)
    latents = torch.load(path, weights_only=True)[: len(scenes)].share_memory_()
    scale = 1 / latents.std().item()
    print(f"latents: scale {scale:.4f}, mean {latents.mean((0, 2, 3)).tolist()}, std {latents.std((0, 2, 3)).tolist()}")
    meeting = workers.Meeting([UNet2DConditionModel(**CONFIG)], options.workers)
    workers.launch(train, options.workers, meeting, scenes, latents, scale, options)


if __name__ == "__main__":
    main()
