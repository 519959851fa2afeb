"""The little world of the demonstration model: how it looks and how people speak of it.

A `Scene` is a background and one to three things. `render` draws it, `caption` describes it in one of many
phrasings, and `sample_scene` invents one. Everything unnamed in a caption has a fixed, natural value (a tree is
green, a lone thing stands in the centre), so a caption always determines its picture up to a little jitter.

Pictures are 128x128 RGB; coordinates are fractions of the picture, x to the right and y down.
"""

import hashlib
import math
import random
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from PIL import Image, ImageDraw

SIZE = 128
SUPERSAMPLING = 4

COLOURS = {
    "red": (225, 35, 40),
    "orange": (255, 140, 20),
    "yellow": (255, 220, 40),
    "green": (25, 145, 60),
    "blue": (35, 80, 220),
    "purple": (130, 50, 175),
    "pink": (255, 130, 190),
    "brown": (125, 75, 35),
    "black": (20, 20, 20),
    "white": (250, 250, 250),
}

# Sky at the top, sky at the horizon, ground.
SCENERY = {
    "day": ((140, 205, 255), (190, 228, 255), (130, 205, 95)),
    "sea": ((165, 215, 250), (205, 235, 250), (25, 105, 175)),
    "desert": ((180, 215, 240), (225, 232, 230), (230, 195, 130)),
    "snow": ((175, 195, 220), (205, 218, 235), (244, 248, 252)),
    "night": ((12, 16, 52), (30, 36, 90), (20, 52, 48)),
    "sunset": ((175, 85, 140), (255, 165, 95), (75, 42, 62)),
}
HORIZON = 0.62

# Colours a thing cannot have on a scenery because nobody would see it.
INVISIBLE = {"sea": {"blue"}, "snow": {"white"}, "night": {"black"}, "sunset": {"orange", "pink"}}

BACKGROUNDS = tuple(COLOURS) + tuple(SCENERY)

# kind: (default colour, where it lives)
KINDS = {
    "circle": ("red", "shape"),
    "square": ("blue", "shape"),
    "triangle": ("green", "shape"),
    "star": ("yellow", "shape"),
    "heart": ("red", "shape"),
    "diamond": ("purple", "shape"),
    "house": ("red", "land"),
    "tree": ("green", "land"),
    "flower": ("pink", "land"),
    "car": ("red", "land"),
    "mountain": ("brown", "land"),
    "boat": ("brown", "water"),
    "fish": ("orange", "water"),
    "sun": ("yellow", "sky"),
    "moon": ("yellow", "sky"),
    "cloud": ("white", "sky"),
}

# Trunks and stems: neither is the colour of a background, so that a tree or a flower is whole on all of them.
WOOD = (160, 115, 70)
LEAF = (60, 185, 45)

SIZES = ("small", "medium", "big")
# The width of a thing's box by the number of things in the picture.
EXTENT = {
    1: {"small": 0.34, "medium": 0.46, "big": 0.66},
    2: {"small": 0.34, "medium": 0.40, "big": 0.45},
    3: {"small": 0.25, "medium": 0.27, "big": 0.31},
}
PLACES = ("centre", "left", "right", "top", "bottom")
ARRANGEMENTS = ("row", "column")


@dataclass(frozen=True)
class Thing:
    """One thing of a scene."""

    kind: str
    colour: str
    size: str = "medium"


@dataclass(frozen=True)
class Scene:
    """A background and its things: in a `row` from left to right, or in a `column` from top to bottom.

    `place` moves a lone thing; it is "centre" for scenes of several things.
    """

    background: str
    things: tuple
    place: str = "centre"
    arrangement: str = "row"


# --- Choosing scenes -------------------------------------------------------------------------------------------


def default_background(things):
    """The background of a scene whose caption names none."""
    kinds = {thing.kind for thing in things}
    habitats = {KINDS[kind][1] for kind in kinds}
    if "moon" in kinds or kinds == {"star"}:
        return "night"
    if "water" in habitats:
        return "sea"
    if habitats & {"land", "sky"}:
        return "day"
    return "black" if any(thing.colour == "white" for thing in things) else "white"


def visible(colour, background):
    """Whether a thing of this colour can be told from the background."""
    return colour != background and colour not in INVISIBLE.get(background, ())


def held_out(kind, colour, background):
    """Whether this combination is kept for testing and never trained on: about one in eight, by hash."""
    digest = hashlib.sha256(f"{kind}/{colour}/{background}".encode()).digest()
    return digest[0] < 32


def is_held_out(scene):
    """Whether any thing of the scene is a held-out combination with the background."""
    return any(held_out(thing.kind, thing.colour, scene.background) for thing in scene.things)


def sample_scene(rng, count=None, testing=False):
    """A random scene for training, or (`testing`) one whose things are all held-out combinations."""
    while True:
        number = count or rng.choices((1, 2, 3), (0.5, 0.45, 0.05))[0]
        kinds = rng.sample(list(KINDS), number)
        things = tuple(
            Thing(
                kind,
                KINDS[kind][0] if rng.random() < 0.15 else rng.choice(list(COLOURS)),
                rng.choices(SIZES, (0.18, 0.64, 0.18))[0],
            )
            for kind in kinds
        )
        if rng.random() < 0.25:
            background = default_background(things)
        elif rng.random() < 0.5:
            background = rng.choice(list(SCENERY))
        else:
            background = rng.choice(list(COLOURS))
        if not all(visible(thing.colour, background) for thing in things):
            continue
        if testing:
            if not all(held_out(thing.kind, thing.colour, background) for thing in things):
                continue
        place = "centre"
        if number == 1 and rng.random() < 0.35:
            place = rng.choice(PLACES[1:])
        arrangement = "column" if number == 2 and rng.random() < 0.45 else "row"
        scene = Scene(background, things, place, arrangement)
        if testing or not is_held_out(scene):
            return scene


# --- Drawing ---------------------------------------------------------------------------------------------------


def mix(a, b, amount):
    """The colour `amount` of the way from `a` to `b`."""
    return tuple(round(x + (y - x) * amount) for x, y in zip(a, b))


def luminance(colour):
    """The brightness of a colour, 0 to 255."""
    return 0.3 * colour[0] + 0.59 * colour[1] + 0.11 * colour[2]


def shade(colour):
    """A darker relative of a colour (a lighter one for near black)."""
    return (75, 75, 80) if luminance(colour) < 30 else mix(colour, (0, 0, 0), 0.3)


def tint(colour):
    """A lighter relative of a colour (a greyer one for near white)."""
    return (195, 200, 210) if luminance(colour) > 240 else mix(colour, (255, 255, 255), 0.5)


class Pen:
    """Draws in the box [-1, 1]² of one thing."""

    def __init__(self, draw, x, y, extent, pixels):
        self.draw, self.radius = draw, extent / 2 * pixels
        self.x, self.y = x * pixels, y * pixels

    def at(self, point):
        """Picture coordinates of a point of the box."""
        return self.x + point[0] * self.radius, self.y + point[1] * self.radius

    def polygon(self, points, colour):
        """A filled polygon."""
        self.draw.polygon([self.at(point) for point in points], fill=colour)

    def box(self, left, top, right, bottom, colour, corner=0.0):
        """A filled, possibly rounded, rectangle."""
        self.draw.rounded_rectangle(
            [self.at((left, top)), self.at((right, bottom))], radius=corner * self.radius, fill=colour
        )

    def disc(self, x, y, radius, colour, stretch=1.0):
        """A filled circle, or an ellipse `stretch` times as wide as high."""
        corners = [self.at((x - radius * stretch, y - radius)), self.at((x + radius * stretch, y + radius))]
        self.draw.ellipse(corners, fill=colour)


def ring(count, radius, turn=0.0, x=0.0, y=0.0):
    """`count` points on a circle, the first at the top."""
    angles = [2 * math.pi * i / count + turn for i in range(count)]
    return [(x + radius * math.sin(a), y - radius * math.cos(a)) for a in angles]


def draw_thing(pen, kind, colour):
    """Draws a thing of this kind in this RGB colour."""
    dark, light = (45, 42, 48), (255, 242, 205)
    detail = light if luminance(colour) < 150 else dark
    if kind == "circle":
        pen.disc(0, 0, 0.92, colour)
    elif kind == "square":
        pen.box(-0.82, -0.82, 0.82, 0.82, colour)
    elif kind == "triangle":
        pen.polygon([(0, -0.92), (1, 0.82), (-1, 0.82)], colour)
    elif kind == "star":
        outer, inner = ring(5, 1.05, y=0.08), ring(5, 0.44, math.pi / 5, y=0.08)
        pen.polygon([p for pair in zip(outer, inner) for p in pair], colour)
    elif kind == "heart":
        angles = [2 * math.pi * i / 60 for i in range(60)]
        points = [
            (
                math.sin(a) ** 3,
                -(13 * math.cos(a) - 5 * math.cos(2 * a) - 2 * math.cos(3 * a) - math.cos(4 * a)) / 16 - 0.1,
            )
            for a in angles
        ]
        pen.polygon(points, colour)
    elif kind == "diamond":
        pen.polygon([(0, -1), (0.68, 0), (0, 1), (-0.68, 0)], colour)
    elif kind == "house":
        pen.box(-0.72, -0.1, 0.72, 0.92, colour)
        pen.polygon([(-1, -0.05), (0, -0.95), (1, -0.05)], shade(colour))
        pen.box(-0.16, 0.36, 0.2, 0.92, detail)
    elif kind == "tree":
        pen.box(-0.16, 0.2, 0.16, 1, WOOD)
        pen.disc(0, -0.42, 0.56, colour)
        pen.disc(-0.46, 0.08, 0.44, colour)
        pen.disc(0.46, 0.08, 0.44, colour)
        pen.disc(0, 0.05, 0.4, colour)
    elif kind == "flower":
        pen.box(-0.1, 0.1, 0.1, 1, LEAF)
        pen.disc(0.3, 0.7, 0.14, LEAF, 1.8)
        for x, y in ring(6, 0.42, y=-0.32):
            pen.disc(x, y, 0.29, colour)
        centre = (140, 85, 30) if luminance(colour) > 150 else (255, 220, 60)
        pen.disc(0, -0.32, 0.25, centre)
    elif kind == "car":
        pen.polygon([(-0.62, -0.02), (-0.36, -0.52), (0.36, -0.52), (0.66, -0.02)], colour)
        pen.box(-1, -0.08, 1, 0.42, colour, 0.14)
        pen.polygon([(-0.4, -0.08), (-0.26, -0.38), (0.26, -0.38), (0.42, -0.08)], (205, 225, 235))
        for x in (-0.52, 0.52):
            pen.disc(x, 0.42, 0.27, dark)
            pen.disc(x, 0.42, 0.11, (190, 190, 195))
    elif kind == "mountain":
        pen.polygon([(-1, 0.75), (-0.3, -0.85), (0.12, 0.05), (0.42, -0.32), (1, 0.75)], colour)
        pen.polygon([(-0.3, -0.85), (-0.44, -0.54), (-0.3, -0.6), (-0.15, -0.52)], tint(colour))
    elif kind == "boat":
        pen.polygon([(-1, 0.3), (1, 0.3), (0.66, 0.88), (-0.66, 0.88)], colour)
        pen.box(-0.1, -0.95, 0, 0.32, dark)
        pen.polygon([(0.06, -0.9), (0.8, 0.2), (0.06, 0.2)], tint(colour))
    elif kind == "fish":
        pen.polygon([(0.25, 0), (1, -0.58), (1, 0.58)], colour)
        pen.disc(-0.25, 0, 0.52, colour, 1.42)
        pen.disc(-0.6, -0.12, 0.12, (250, 250, 250) if luminance(colour) < 150 else dark)
    elif kind == "sun":
        for i in range(8):
            angle = 2 * math.pi * i / 8
            tip = ring(1, 1.05, angle)[0]
            base = [ring(1, 0.6, angle + d)[0] for d in (-0.3, 0.3)]
            pen.polygon([tip, *base], colour)
        pen.disc(0, 0, 0.58, colour)
    elif kind == "moon":
        outer = [(0.25 + 0.95 * math.cos(a), 0.95 * math.sin(a)) for a in np.linspace(0.98, 2 * math.pi - 0.98, 40)]
        inner = [(0.66 + 0.8 * math.cos(a), 0.8 * math.sin(a)) for a in np.linspace(2 * math.pi - 1.4, 1.4, 40)]
        pen.polygon(outer + inner, colour)
    elif kind == "cloud":
        pen.disc(-0.56, 0.14, 0.42, colour)
        pen.disc(0.58, 0.18, 0.38, colour)
        pen.disc(0.02, -0.12, 0.52, colour)
        pen.box(-0.56, 0.1, 0.58, 0.56, colour)
    else:
        raise ValueError(f"unknown kind {kind}")


@lru_cache(maxsize=None)
def background_picture(name, pixels=SIZE):
    """A background without things, as a uint8 array [pixels, pixels, 3]."""
    if name in COLOURS:
        return np.broadcast_to(np.uint8(COLOURS[name]), (pixels, pixels, 3)).copy()
    top, low, ground = (np.array(c, dtype=np.float64) for c in SCENERY[name])
    rows = (np.arange(pixels) + 0.5) / pixels
    sky = top + (low - top) * np.clip(rows / HORIZON, 0, 1)[:, None]
    lines = np.where((rows < HORIZON)[:, None], sky, ground)
    picture = np.repeat(lines[:, None], pixels, axis=1).round().astype(np.uint8)
    if name == "night":
        image = Image.fromarray(picture)
        draw = ImageDraw.Draw(image)
        for x, y in ((0.08, 0.1), (0.3, 0.06), (0.9, 0.14), (0.68, 0.08), (0.06, 0.42), (0.94, 0.45)):
            r = 0.011
            draw.ellipse([(x - r) * pixels, (y - r) * pixels, (x + r) * pixels, (y + r) * pixels], (235, 235, 215))
        picture = np.array(image)
    return picture


def layout(scene, rng=None):
    """Where things stand: [(x, y, extent)], jittered when `rng` is given."""
    count = len(scene.things)
    places = []
    for i, thing in enumerate(scene.things):
        extent = EXTENT[count][thing.size]
        habitat = KINDS[thing.kind][1]
        x, y = 0.5, {"land": 0.58, "water": 0.58, "sky": 0.4, "shape": 0.5}[habitat]
        if count == 1:
            x = {"left": 0.26, "right": 0.74}.get(scene.place, x)
            y = {"top": 0.26, "bottom": 0.74}.get(scene.place, y)
        elif scene.arrangement == "column":
            y = (0.25, 0.75)[i]
        else:
            x = (0.25, 0.75)[i] if count == 2 else (0.18, 0.5, 0.82)[i]
        if rng is not None:
            # Two things stay apart, but for the largest.
            jitter = 0.025 if count == 1 else 0.015
            x += rng.uniform(-jitter, jitter)
            y += rng.uniform(-jitter, jitter)
            extent *= rng.uniform(0.95, 1.05)
        half = extent / 2 + 0.01
        places.append((min(max(x, half), 1 - half), min(max(y, half), 1 - half), extent))
    return places


def render(scene, rng=None, size=SIZE):
    """Draws a scene as a uint8 array [size, size, 3], anti-aliased by supersampling."""
    pixels = size * SUPERSAMPLING
    image = Image.fromarray(background_picture(scene.background, pixels))
    draw = ImageDraw.Draw(image)
    for thing, (x, y, extent) in zip(scene.things, layout(scene, rng)):
        draw_thing(Pen(draw, x, y, extent, pixels), thing.kind, COLOURS[thing.colour])
    return np.array(image.reduce(SUPERSAMPLING))


# --- Captions --------------------------------------------------------------------------------------------------

NOUNS = {
    "circle": ("circle", "circle", "ball", "disc"),
    "square": ("square", "square", "box"),
    "triangle": ("triangle",),
    "star": ("star",),
    "heart": ("heart",),
    "diamond": ("diamond", "diamond", "rhombus"),
    "house": ("house", "house", "house", "home", "hut", "cottage"),
    "tree": ("tree",),
    "flower": ("flower", "flower", "flower", "rose"),
    "car": ("car", "car", "car", "automobile"),
    "mountain": ("mountain", "mountain", "hill"),
    "boat": ("boat", "boat", "ship", "sailboat"),
    "fish": ("fish",),
    "sun": ("sun",),
    "moon": ("moon", "moon", "crescent moon"),
    "cloud": ("cloud",),
}
SIZE_WORDS = {"small": ("small", "small", "little", "tiny"), "big": ("big", "large", "huge"), "medium": ("",)}
COLOUR_WORDS = {"purple": ("purple", "purple", "violet")}
PLACE_PHRASES = {
    "left": ("on the left", "at the left", "on the left side", "to the left"),
    "right": ("on the right", "at the right", "on the right side", "to the right"),
    "top": ("at the top", "on top", "in the upper part", "at the top of the picture"),
    "bottom": ("at the bottom", "at the bottom of the picture", "in the lower part"),
    "centre": ("in the centre", "in the center", "in the middle"),
}
SCENERY_PHRASES = {
    "day": (
        "on grass", "on the grass", "on green grass", "in a field", "in a green field", "on a meadow", "by day",
        "in the daytime", "on a sunny day",
    ),
    "sea": ("on the sea", "in the sea", "at sea", "on the water", "on the ocean", "in the ocean"),
    "desert": ("in the desert", "in a desert", "on sand", "on the sand", "on the beach"),
    "snow": ("in the snow", "in snow", "on snow", "on the snow", "in winter"),
    "night": ("at night", "at night", "in the night", "by night", "at midnight", "in the dark"),
    "sunset": ("at sunset", "at sunset", "at dusk", "in the evening", "at sunrise"),
}
PLAIN_PHRASES = (
    "on a {} background", "on a {} background", "on {}", "against a {} background", "with a {} background",
    "on plain {}", "in front of a {} background",
)
OPENINGS = (
    "a picture of", "picture of", "a drawing of", "an image of", "a painting of", "a photo of", "an illustration of",
    "draw", "a simple drawing of", "a scene with",
)
BELOW = ("under", "under", "below", "beneath", "underneath")
ABOVE = ("above", "above", "over", "on top of")
LEFT_OF = ("left of", "to the left of", "on the left of")
RIGHT_OF = ("right of", "to the right of", "on the right of")
BESIDE = ("next to", "beside", "and", "and", "by", "near", "with")


def colour_word(rng, colour):
    """One of the names of a colour."""
    return rng.choice(COLOUR_WORDS.get(colour, (colour,)))


def noun_phrase(rng, thing, articles):
    """A thing with its colour and size, such as "a small red house"."""
    noun = rng.choice(NOUNS[thing.kind])
    size = rng.choice(SIZE_WORDS[thing.size])
    colour = colour_word(rng, thing.colour)
    if thing.colour == KINDS[thing.kind][0] and rng.random() < 0.45:
        colour = ""
    if colour and articles and rng.random() < 0.05:
        words = [w for w in (size, noun, "that is", colour) if w]
    else:
        words = [w for w in (size, colour, noun) if w]
        if size and colour and rng.random() < 0.1:
            words = [colour, size, noun]
    phrase = " ".join(words)
    if not articles:
        return phrase
    article = "the" if rng.random() < 0.12 else ("an" if phrase[0] in "aeiou" else "a")
    if thing.kind in ("sun", "moon") and rng.random() < 0.4:
        article = "the"
    return f"{article} {phrase}"


def background_phrase(rng, background):
    """The words for a background, such as "at night" or "on a blue background"."""
    if background in SCENERY:
        return rng.choice(SCENERY_PHRASES[background])
    return rng.choice(PLAIN_PHRASES).format(colour_word(rng, background))


def caption(scene, rng):
    """Describes the scene in one of many phrasings, leaving out only what has its natural value."""
    articles = rng.random() < 0.85
    phrases = [noun_phrase(rng, thing, articles) for thing in scene.things]
    if len(phrases) == 1:
        text = phrases[0]
        if scene.place != "centre" or rng.random() < 0.08:
            text += " " + rng.choice(PLACE_PHRASES[scene.place])
    elif len(phrases) == 3:
        text = f"{phrases[0]}, {phrases[1]} and {phrases[2]}"
    else:
        first, second = phrases
        if scene.arrangement == "column":
            choice = rng.random()
            if choice < 0.55:
                text = f"{second} {rng.choice(BELOW)} {first}"
            else:
                text = f"{first} {rng.choice(ABOVE)} {second}"
        else:
            choice = rng.random()
            if choice < 0.25:
                text = f"{first} {rng.choice(LEFT_OF)} {second}"
            elif choice < 0.45:
                text = f"{second} {rng.choice(RIGHT_OF)} {first}"
            else:
                text = f"{first} {rng.choice(BESIDE)} {second}"
    if scene.background != default_background(scene.things) or rng.random() < 0.4:
        phrase = background_phrase(rng, scene.background)
        choice = rng.random()
        if choice < 0.7:
            text = f"{text} {phrase}"
        elif choice < 0.88 or not articles:
            text = f"{text}, {phrase.removeprefix('with a ').removeprefix('on a ')}"
        else:
            text = f"{phrase}, {text}"
    if rng.random() < 0.2:
        text = f"{rng.choice(OPENINGS)} {text}"
    if rng.random() < 0.1:
        text += "."
    return text
