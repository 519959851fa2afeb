"""Trains the demonstration model's autoencoder (diffusers' AutoencoderKL) on pictures of the world.

    python train_autoencoder.py --work DIR --minutes 25

Most of the training looks at 64x64 crops around the things, the last fifth at whole 128x128 pictures. The state is
saved every four minutes to DIR/vae.pt; running the script again continues from there for the given minutes.
"""

import argparse
import os
import random
import time
from functools import lru_cache

import numpy as np
import torch
import torch.nn.functional as F
from diffusers import AutoencoderKL

import workers
import world

CONFIG = {
    "in_channels": 3,
    "out_channels": 3,
    "down_block_types": ["DownEncoderBlock2D"] * 4,
    "up_block_types": ["UpDecoderBlock2D"] * 4,
    "block_out_channels": [16, 32, 64, 64],
    "layers_per_block": 1,
    "act_fn": "silu",
    "latent_channels": 4,
    "norm_num_groups": 8,
    "sample_size": world.SIZE,
    "scaling_factor": 1.0,
}


@lru_cache(maxsize=None)
def background(name):
    """A background with nothing on it, anti-aliased as pictures are."""
    return world.render(world.Scene(name, ()))


def crops(rng, count, side):
    """A batch of pictures or crops of them around a thing, as [count, 3, side, side] in [-1, 1], and their weights.

    A weight is the larger the less a crop differs from its background: a small thing, or a dark one at night, is to be
    drawn as well as a big bright one.
    """
    pictures, weights = [], []
    for _ in range(count):
        scene = world.sample_scene(rng)
        state = random.Random(rng.random())
        picture, plain = world.render(scene, state), background(scene.background)
        if side < world.SIZE:
            x, y, extent = rng.choice(world.layout(scene))
            left, top = (
                min(max(round(c * world.SIZE + rng.uniform(-0.6, 0.6) * extent * world.SIZE) - side // 2, 0),
                    world.SIZE - side)
                for c in (x, y)
            )
            picture, plain = (p[top : top + side, left : left + side] for p in (picture, plain))
        pictures.append(picture)
        weights.append(np.clip(20 / np.abs(picture.astype(np.float32) - plain).mean(), 0.5, 4))
    batch = torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2).float()
    return batch.contiguous() / 127.5 - 1, torch.tensor(weights, dtype=torch.float32)


def edges(pictures):
    """Horizontal and vertical differences of neighbouring pixels."""
    return pictures[..., 1:] - pictures[..., :-1], pictures[..., 1:, :] - pictures[..., :-1, :]


def ideal_latents(pictures):
    """The latents [count, 4, height / 8, width / 8] that the encoder learns to give and the decoder to read.

    Three channels are the colours of an eight times smaller picture; the fourth tells on which side of a cell's
    falling diagonal it is brighter, which places small details. Fixing what latents mean lets the encoder, the decoder
    and the diffusion model train at the same time, and such latents are quick to learn.
    """
    ramp = (torch.arange(8) - 3.5) / 4
    moment = (ramp[:, None] + ramp[None, :]).repeat(pictures.shape[2] // 8, pictures.shape[3] // 8)
    brightness = (pictures * torch.tensor([0.3, 0.59, 0.11])[:, None, None]).sum(1, keepdim=True)
    return torch.cat([1.5 * F.avg_pool2d(pictures, 8), 6 * F.avg_pool2d(brightness * moment, 8)], dim=1)


def decoder_loss(vae, pictures, weights, noise):
    """How badly the decoder draws pictures from disturbed ideal latents: L1, squares and edges.

    The denoiser's latents are never quite right. A decoder that has seen disturbances up to the standard deviation
    `noise` draws the likeliest thing anyway, where one that knows only true latents draws the disturbance.
    """
    latents = ideal_latents(pictures)
    amount = noise * torch.rand(len(latents), 1, 1, 1)
    decoded = vae.decode(latents + amount * torch.randn_like(latents)).sample
    error = decoded - pictures
    losses = (error.abs() + 2 * error.square()).mean((1, 2, 3))
    for a, b in zip(edges(decoded), edges(pictures)):
        losses = losses + 0.5 * (a - b).abs().mean((1, 2, 3))
    return (losses * weights).mean()


def encoder_loss(vae, pictures):
    """How far the encoder is from the ideal latents; the variance it gives is drawn to a small constant."""
    posterior = vae.encode(pictures).latent_dist
    away = posterior.mean - ideal_latents(pictures)
    return away.square().mean() + 0.3 * away.abs().mean() + 1e-3 * (posterior.logvar + 6).square().mean()


@torch.no_grad()
def decibels(vae, side=world.SIZE, count=32):
    """The signal to noise ratio (PSNR) of unseen scenes decoded from ideal and from encoded latents."""
    pictures, _ = crops(random.Random(77), count, side)
    scores = []
    for latents in (vae.encode(pictures).latent_dist.mean, ideal_latents(pictures)):
        decoded = vae.decode(latents).sample.clamp(-1, 1)
        error = (decoded - pictures).square().mean(dim=(1, 2, 3))
        scores.append((10 * torch.log10(4 / error)).mean().item())
    return scores[1], scores[0], pictures, decoded


def save_grid(path, *rows):
    """Writes batches of pictures as the rows of one PNG."""
    lines = [torch.cat(list(row[:12]), dim=2) for row in rows]
    grid = torch.cat(lines, dim=1).clamp(-1, 1).add(1).mul(127.5).round().byte()
    world.Image.fromarray(grid.permute(1, 2, 0).numpy()).save(path)


def train(rank, meeting, options):
    """One worker's training loop; worker 0 also saves the state and reports."""
    torch.set_num_threads(1)
    torch.manual_seed(rank)
    vae = AutoencoderKL(**CONFIG)
    optimizer = torch.optim.AdamW(vae.parameters(), lr=options.rate, betas=(0.9, 0.98), weight_decay=1e-4)
    path, step = os.path.join(options.work, "vae.pt"), 0
    if os.path.exists(path):
        state = torch.load(path, weights_only=True)
        vae.load_state_dict(state["vae"])
        if "optimizer" in state:
            optimizer.load_state_dict(state["optimizer"])
        step = state["step"]
    rng = random.Random(10 * step + rank)
    start, saved = time.time(), time.time()

    def save():
        state = {"vae": vae.state_dict(), "optimizer": optimizer.state_dict(), "step": step}
        workers.save(path, state)
        ideal, encoded, pictures, decoded = decibels(vae)
        save_grid(os.path.join(options.work, "vae.png"), pictures, decoded, pictures[12:], decoded[12:])
        print(f"step {step} {time.time() - start:.0f} s loss {loss.item():.4f} PSNR {ideal:.2f} dB, "
              f"through the encoder {encoded:.2f} dB", flush=True)

    while (done := (time.time() - start) / 60 / options.minutes) < 1:
        whole = done > 1 - options.whole
        pictures, weights = crops(rng, max(options.batch // 3, 3) if whole else options.batch, 128 if whole else 64)
        if step % 4 == 0 and not options.decoder_only:
            loss = encoder_loss(vae, pictures)
        else:
            loss = decoder_loss(vae, pictures, weights, options.noise)
        workers.learn(optimizer, loss, options.rate, step, done)
        step += 1
        if step % 10 == 0:
            meeting.mix([vae], rank)
        if step % 50 == 0 and rank == 0:
            print(f"step {step} {time.time() - start:.0f} s loss {loss.item():.4f}", flush=True)
        if rank == 0 and time.time() - saved > 240:
            saved = time.time()
            save()
    if rank == 0:
        save()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", required=True, help="folder for the training state")
    parser.add_argument("--minutes", type=float, default=25)
    parser.add_argument("--rate", type=float, default=1.5e-3)
    parser.add_argument("--batch", type=int, default=12)
    parser.add_argument("--whole", type=float, default=0.2, help="last part of the time spent on whole pictures")
    parser.add_argument("--noise", type=float, default=0.25, help="greatest disturbance of the decoder's latents")
    parser.add_argument("--decoder-only", action="store_true", help="leave the encoder as it is")
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    workers.launch(train, options.workers, workers.Meeting([AutoencoderKL(**CONFIG)], options.workers), options)


if __name__ == "__main__":
    main()
