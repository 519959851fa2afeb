"""Writes Tests/Goldens/images/masks.json: what becomes of masks and of pictures under them.

    python Tests/References/image_masks.py

Needs Pillow, numpy and opencv-python-headless. The steps are those that AUTOMATIC1111 takes around inpainting, done here
with the same calls of Pillow and OpenCV that it makes: brightness and alpha as masks, the blur, the part around a mask,
the reduction to latents, the filling, and the final composition.
"""

import base64
import json
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageFilter, ImageOps

FOLDER = Path(__file__).resolve().parents[1] / "Goldens/images"
LAYERS = ((256, 1), (64, 1), (16, 2), (4, 4), (2, 2), (0, 1))


def base64_of(array):
    return base64.b64encode(np.ascontiguousarray(array).tobytes()).decode()


def grey(array):
    height, width = array.shape
    return {"width": width, "height": height, "values": base64_of(array)}


def colour(array):
    return {"width": array.shape[1], "height": array.shape[0], "values": base64_of(array)}


def blurred(mask, sigma):
    size = 2 * int(2.5 * sigma + 0.5) + 1
    return cv2.GaussianBlur(cv2.GaussianBlur(mask, (size, 1), sigma), (1, size), sigma)


def kept(picture, mask):
    """The picture where it stays, with the rest transparent, premultiplied."""
    result = Image.new("RGBa", picture.size)
    result.paste(picture.convert("RGBA").convert("RGBa"), mask=ImageOps.invert(mask))
    return result


def filled(picture, mask):
    stays = kept(picture, mask)
    result = Image.new("RGBA", picture.size)
    for radius, count in LAYERS:
        layer = stays.filter(ImageFilter.GaussianBlur(radius)).convert("RGBA")
        for _ in range(count):
            result.alpha_composite(layer)
    return result.convert("RGB")


def composed(drawn, original, mask, box=None):
    if box is not None:
        part = Image.new("RGBA", original.size)
        part.paste(drawn.resize((box[2] - box[0], box[3] - box[1]), Image.Resampling.LANCZOS), box[:2])
        drawn = part
    drawn = drawn.convert("RGBA")
    drawn.alpha_composite(kept(original, mask).convert("RGBA"))
    return drawn.convert("RGB")


def region(mask, padding):
    rows, columns = np.nonzero(mask.any(1))[0], np.nonzero(mask.any(0))[0]
    height, width = mask.shape
    return [int(max(columns[0] - padding, 0)), int(max(rows[0] - padding, 0)),
            int(min(columns[-1] + 1 + padding, width)), int(min(rows[-1] + 1 + padding, height))]


def main():
    random = np.random.default_rng(3)
    noise = random.integers(0, 256, (19, 29, 3), np.uint8)
    blob = np.zeros((40, 56), np.uint8)
    blob[10:22, 14:30] = 255
    blob[18:30, 26:33] = 140
    smooth = np.stack([np.fromfunction(lambda y, x: 4 * x + 10, (40, 56)), np.fromfunction(lambda y, x: 6 * y, (40, 56)),
                       np.fromfunction(lambda y, x: 255 - 3 * x - y, (40, 56))], -1).astype(np.uint8)
    drawn = random.integers(0, 256, (40, 56, 3), np.uint8)
    part = random.integers(0, 256, (24, 32, 3), np.uint8)

    soft = blurred(blob, 4)
    soft_mask = Image.fromarray(soft)
    box = [3, 2, 47, 35]
    softer = Image.fromarray(blurred(blob, 2))
    record = {
        "noise": colour(noise), "luminance": grey(np.asarray(Image.fromarray(noise).convert("L"))),
        "blob": grey(blob), "blurred": [{"sigma": sigma, **grey(blurred(blob, sigma))} for sigma in [1, 2, 3, 4, 8, 16, 64]],
        "regions": [{"padding": padding, "box": region(blob, padding)} for padding in [0, 3, 32, 100]],
        "latent": {"width": 7, "height": 5,
                   "values": base64_of(np.asarray(soft_mask.convert("RGB").resize((7, 5)))[..., 0])},
        "picture": colour(smooth), "drawn": colour(drawn), "part": colour(part), "box": box,
        "filled": colour(np.asarray(filled(Image.fromarray(smooth), Image.fromarray(blob)))),
        "filled_soft": colour(np.asarray(filled(Image.fromarray(smooth), soft_mask))),
        "composed": colour(np.asarray(composed(Image.fromarray(drawn), Image.fromarray(smooth), soft_mask))),
        "composed_part": colour(np.asarray(composed(Image.fromarray(part), Image.fromarray(smooth), softer, box))),
    }
    (FOLDER / "masks.json").write_text(json.dumps(record, indent=1) + "\n")


if __name__ == "__main__":
    main()
