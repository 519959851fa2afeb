"""Judges pictures against the scenes they should show, and scores the demonstration model.

    python check.py --self-test
    python check.py MODEL.safetensors --count 200 --grid grid.png
    python check.py MODEL.safetensors --decoder

A picture is right when its background, and for each thing its kind and colour, are all the best explanation of its
pixels, things stand in the arrangement that was asked for, and nothing else of any size is in it. The judge is
deterministic: it finds the background by the share of pixels that match each known one, cuts out what differs, and
compares each piece with drawings of all kinds fitted to the piece's box.
"""

import argparse
import itertools
import random
from dataclasses import replace
from functools import lru_cache

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

import world

# A colour distance (Euclidean, 0 to 441) that is a visible difference, and the smallest piece in pixels.
VISIBLE = 34
SMALLEST = 60
# The worst fit that still counts as a likeness (0 is perfect, 1 no better than nothing there).
WORST = 0.7
PALETTE = np.array(list(world.COLOURS.values()), dtype=np.float32)


def distance(a, b):
    """The Euclidean distance of colours along the last axis."""
    return np.sqrt(np.square(a.astype(np.float32) - b.astype(np.float32)).sum(-1))


@lru_cache(maxsize=None)
def plain_picture(name):
    """A background with nothing on it, anti-aliased as pictures are."""
    return world.render(world.Scene(name, ()))


def strangeness(picture, background):
    """The colour distance of each pixel to the background, where edges may be blurred over a few rows."""
    plain = np.pad(plain_picture(background), ((3, 3), (0, 0), (0, 0)), mode="edge").astype(np.float32)
    above, below = plain[: len(picture)], plain[6:]
    step = below - above
    part = ((picture - above) * step).sum(-1) / np.maximum(np.square(step).sum(-1), 1)
    blend = above + np.clip(part, 0, 1)[..., None] * step
    return np.minimum(distance(picture, blend), distance(picture, plain[3:-3]))


def find_background(picture):
    """The name of the background that most pixels agree with, and that share of pixels."""
    shares = {name: (strangeness(picture, name) < VISIBLE).mean() for name in world.BACKGROUNDS}
    best = max(shares, key=shares.get)
    return best, shares[best]


def pieces(mask):
    """The connected pieces of a mask, as masks, largest first; gaps of four pixels connect, specks are left out."""
    original = mask
    for _ in range(2):
        mask = np.array(Image.fromarray(mask.astype(np.uint8)).filter(ImageFilter.MaxFilter(3))) > 0
    labels = np.where(mask, np.arange(1, mask.size + 1).reshape(mask.shape), 0)
    while True:
        grown = labels.copy()
        for axis, step in itertools.product((0, 1), (1, -1)):
            moved = np.roll(labels, step, axis)
            edge = [slice(None)] * 2
            edge[axis] = 0 if step == 1 else -1
            moved[tuple(edge)] = 0
            grown = np.maximum(grown, moved)
        grown[~mask] = 0
        if (grown == labels).all():
            break
        labels = grown
    labels[~original] = 0
    names, counts = np.unique(labels[labels > 0], return_counts=True)
    order = np.argsort(-counts)
    return [labels == names[i] for i in order if counts[i] >= SMALLEST]


@lru_cache(maxsize=None)
def natural_box(kind):
    """The box (left, top, right, bottom) that a kind really fills within its [-1, 1]² box."""
    image = Image.new("RGB", (400, 400), (255, 0, 255))
    world.draw_thing(world.Pen(ImageDraw.Draw(image), 0.5, 0.5, 0.5, 400), kind, world.COLOURS["red"])
    rows, columns = np.where((np.array(image) != (255, 0, 255)).any(-1))
    return (columns.min() / 100 - 2, rows.min() / 100 - 2, (columns.max() + 1) / 100 - 2, (rows.max() + 1) / 100 - 2)


def fitted(kind, colour, background, box):
    """A background with a thing drawn to fill a box of pixels (left, top, right, bottom)."""
    left, top, right, bottom = natural_box(kind)
    extent = max((box[2] - box[0]) / (right - left), (box[3] - box[1]) / (bottom - top)) * 2
    x = (box[0] + box[2]) / 2 - (left + right) / 4 * extent
    y = (box[1] + box[3]) / 2 - (top + bottom) / 4 * extent
    scale = world.SUPERSAMPLING
    image = Image.fromarray(world.background_picture(background, world.SIZE * scale))
    pen = world.Pen(ImageDraw.Draw(image), x / world.SIZE, y / world.SIZE, extent / world.SIZE, world.SIZE * scale)
    world.draw_thing(pen, kind, world.COLOURS[colour])
    return np.array(image.reduce(scale))


def colour_of(picture, piece):
    """The palette colour that most pixels of the inside of a piece are nearest to."""
    inside = piece.copy()
    for axis, step in itertools.product((0, 1), (1, -1)):
        inside &= np.roll(piece, step, axis)
    pixels = picture[inside if inside.sum() > 30 else piece].astype(np.float32)
    nearest = distance(pixels[:, None], PALETTE[None]).argmin(1)
    return list(world.COLOURS)[np.bincount(nearest, minlength=len(PALETTE)).argmax()]


def errors(picture, piece, background, colour):
    """For each kind, how badly a thing of this colour explains a piece: 0 perfect, 1 no better than nothing there."""
    rows, columns = np.where(piece)
    box = (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)
    left, top = max(box[0] - 6, 0), max(box[1] - 6, 0)
    window = (slice(top, box[3] + 6), slice(left, box[2] + 6))
    plain = plain_picture(background)[window]
    truth = picture[window]
    nothing = np.minimum(distance(truth, plain), 150).sum()
    # A blurred thing's piece is a little larger than the thing.
    boxes = [(box[0] + i, box[1] + i, box[2] - i, box[3] - i) for i in (0, 1, 2)]
    return {
        kind: min(
            np.minimum(distance(truth, fitted(kind, colour, background, b)[window]), 150).sum() / nothing for b in boxes
        )
        for kind in world.KINDS
    }


def see(picture):
    """What is in a picture: the background and [(kind, colour, error, x, y)] of its things."""
    background, share = find_background(picture)
    mask = strangeness(picture, background) > VISIBLE
    things = []
    for piece in pieces(mask):
        if len(things) == 5:
            break
        colour = colour_of(picture, piece)
        scores = errors(picture, piece, background, colour)
        kind = min(scores, key=scores.get)
        rows, columns = np.where(piece)
        things.append((kind, colour, scores[kind], columns.mean() / world.SIZE, rows.mean() / world.SIZE))
    return (background if share > 0.3 else None), things


def judge(picture, scene):
    """Which parts of a scene a picture shows rightly, and what was seen instead.

    `things`: kinds and colours are those asked for, and no others. `places`: they are arranged as asked.
    `right`: things and background are right (the figure of the contract); `all`: places too.
    """
    background, seen = see(picture)
    asked = [(thing.kind, thing.colour) for thing in scene.things]
    found = [(kind, colour) for kind, colour, error, _, _ in seen if error < WORST]
    result = {"background": background == scene.background}
    result["kinds"] = sorted(kind for kind, _ in found) == sorted(kind for kind, _ in asked)
    result["colours"] = sorted(colour for _, colour in found) == sorted(colour for _, colour in asked)
    result["things"] = len(found) == len(seen) and sorted(found) == sorted(asked)
    axis = 4 if scene.arrangement == "column" else 3
    result["places"] = result["things"] and [t[:2] for t in sorted(seen, key=lambda t: t[axis])] == asked
    if result["things"] and len(asked) == 1 and scene.place != "centre":
        offset = {"left": 0.5 - seen[0][3], "right": seen[0][3] - 0.5, "top": 0.5 - seen[0][4],
                  "bottom": seen[0][4] - 0.5}[scene.place]
        result["places"] = offset > 0.04
    result["right"] = result["things"] and result["background"]
    result["all"] = result["right"] and result["places"]
    return result, (background, [(f"{colour} {kind}", round(float(error), 2)) for kind, colour, error, _, _ in seen])


def test_scenes(count, seed=1):
    """Held-out scenes with captions: half with one thing, half with two."""
    rng = random.Random(seed)
    scenes = [world.sample_scene(rng, 1 + i % 2, testing=True) for i in range(count)]
    return scenes, [world.caption(scene, rng) for scene in scenes]


def spoiled(rng, scene):
    """The scene with one kind, colour or the background changed."""
    while True:
        i = rng.randrange(len(scene.things))
        choice = rng.choice(("kind", "colour", "background"))
        if choice == "background":
            other = replace(scene, background=rng.choice(world.BACKGROUNDS))
        else:
            options = world.KINDS if choice == "kind" else world.COLOURS
            thing = replace(scene.things[i], **{choice: rng.choice(list(options))})
            other = replace(scene, things=(*scene.things[:i], thing, *scene.things[i + 1 :]))
        if (other.background, sorted((t.kind, t.colour) for t in other.things)) != (
            scene.background, sorted((t.kind, t.colour) for t in scene.things)
        ):
            return other


def self_test(count):
    """Judges true drawings, which must be accepted, against true and against spoiled scenes."""
    rng = random.Random(3)
    scenes, captions = test_scenes(count, seed=2)
    accepted = refused = 0
    for scene, text in zip(scenes, captions):
        picture = world.render(scene, rng)
        noisy = np.clip(picture + np.random.default_rng(0).normal(0, 6, picture.shape), 0, 255).astype(np.uint8)
        result, seen = judge(noisy, scene)
        accepted += result["all"]
        if not result["all"]:
            print("refused:", text, "| seen:", seen)
        refused += not judge(picture, spoiled(rng, scene))[0]["right"]
    print(f"true drawings accepted: {accepted}/{count}; wrong captions refused: {refused}/{count}")


def decoder_test(pipeline, count):
    """Judges true drawings that went through their ideal latents and the decoder: what the other parts can reach at best."""
    import torch

    import train_autoencoder

    rng = random.Random(4)
    scenes, _ = test_scenes(count, seed=5)
    right = [0, 0]
    for scene in scenes:
        picture = torch.from_numpy(world.render(scene, rng).copy()).permute(2, 0, 1)[None].float() / 127.5 - 1
        with torch.no_grad():
            decoded = pipeline.vae.decode(train_autoencoder.ideal_latents(picture)).sample[0].clamp(-1, 1)
        decoded = (decoded.permute(1, 2, 0) + 1).mul(127.5).round().byte().numpy()
        right[len(scene.things) - 1] += judge(decoded, scene)[0]["right"]
    print(f"decoded true drawings, right: one thing {right[0]}/{(count + 1) // 2}, two things {right[1]}/{count // 2}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", nargs="?")
    parser.add_argument("--self-test", action="store_true")
    parser.add_argument("--decoder", action="store_true", help="judge the decoder alone, on true drawings")
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1, help="chooses the prompts and the noise of the pictures")
    parser.add_argument("--grid", help="write the first pictures to this PNG")
    parser.add_argument("--steps", type=int)
    parser.add_argument("--guidance", type=float)
    parser.add_argument("--sampler", choices=("ddim", "euler"))
    parser.add_argument("--verbose", action="store_true", help="print every wrong picture")
    options = parser.parse_args()
    if options.self_test:
        self_test(options.count)
    if not options.model:
        return
    import load_in_diffusers

    pipeline, config = load_in_diffusers.load(options.model)
    if options.decoder:
        return decoder_test(pipeline, options.count)
    if options.sampler:
        pipeline.scheduler = load_in_diffusers.scheduler_of(config, options.sampler)
    scenes, captions = test_scenes(options.count, options.seed)
    pictures = []
    for first in range(0, options.count, 8):
        part = captions[first : first + 8]
        drawn = load_in_diffusers.draw(pipeline, config, part, 1000 * options.seed + first, options.steps, options.guidance)
        pictures += [np.array(image) for image in drawn]
    totals, alone, pairs = {}, 0, 0
    for i, (picture, scene, text) in enumerate(zip(pictures, scenes, captions)):
        result, seen = judge(picture, scene)
        for name, good in result.items():
            totals[name] = totals.get(name, 0) + good
        alone += result["right"] and len(scene.things) == 1
        pairs += result["right"] and len(scene.things) == 2
        if options.verbose and not result["all"]:
            print(f"{i}: {text!r} seen: {seen}")
    print(", ".join(f"{name} {count}/{options.count}" for name, count in totals.items()))
    print(f"right: one thing {alone}/{(options.count + 1) // 2}, two things {pairs}/{options.count // 2}")
    if options.grid:
        shown = (pictures + [np.zeros_like(pictures[0])] * 11)[: (min(len(pictures), 72) + 11) // 12 * 12]
        lines = [np.concatenate(shown[i : i + 12], 1) for i in range(0, len(shown), 12)]
        Image.fromarray(np.concatenate(lines)).save(options.grid)


if __name__ == "__main__":
    main()
