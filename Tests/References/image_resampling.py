"""Writes Tests/Goldens/images/resampling.json and latents.json: pictures and latents brought to other sizes.

    python Tests/References/image_resampling.py

Needs Pillow, numpy and torch. Pictures are Pillow's `resize`, along rows first: Pillow 13 begins with columns where that is
less work, which rounds otherwise, while the versions before it, AUTOMATIC1111's among them, always begin with rows. `fitted` does what AUTOMATIC1111's `resize_image` does in
its modes 0, 1 and 2, with Pillow. Latents are torch's `interpolate`.
"""

import base64
import json
from pathlib import Path

import numpy as np
import torch
from PIL import Image

FOLDER = Path(__file__).resolve().parents[1] / "Goldens/images"
FILTERS = ["nearest", "box", "bilinear", "hamming", "bicubic", "lanczos"]


def base64_of(array):
    return base64.b64encode(np.ascontiguousarray(array).tobytes()).decode()


def resized(image, size, filter):
    width, height = size
    if width == image.width or filter == Image.Resampling.NEAREST:
        return image.resize(size, filter)
    return image.resize((width, image.height), filter).resize(size, filter)


def fitted(image, mode, width, height):
    if mode == "stretch":
        return resized(image, (width, height), Image.Resampling.LANCZOS)
    wider = image.width * height > width * image.height
    taller = image.width * height < width * image.height
    by_width = taller if mode == "crop" else not taller
    by_height = not taller if mode == "crop" else not wider
    size = (width if by_width else image.width * height // image.height,
            height if by_height else image.height * width // image.width)
    whole = resized(image, size, Image.Resampling.LANCZOS)
    result = Image.new(image.mode, (width, height))
    left, top = width // 2 - size[0] // 2, height // 2 - size[1] // 2
    result.paste(whole, (left, top))
    if mode == "fill" and top > 0:
        result.paste(whole.resize((width, top), box=(0, 0, width, 0)), (0, 0))
        below = whole.resize((width, top + 1), box=(0, size[1], width, size[1]))
        result.paste(below, (0, top + size[1]))
    if mode == "fill" and left > 0:
        result.paste(whole.resize((left, height), box=(0, 0, 0, height)), (0, 0))
        after = whole.resize((left + 1, height), box=(size[0], 0, size[0], height))
        result.paste(after, (left + size[0], 0))
    return result


def pictures():
    random = np.random.default_rng(11)
    sources = {"rgb": random.integers(0, 256, (17, 23, 3), np.uint8), "grey": random.integers(0, 256, (17, 23), np.uint8),
               "line": random.integers(0, 256, (1, 9, 3), np.uint8)}
    record = {"sources": {}, "resized": [], "fitted": []}
    for name, source in sources.items():
        image = Image.fromarray(source)
        record["sources"][name] = {"width": image.width, "height": image.height, "values": base64_of(source)}
        for filter in FILTERS:
            for width, height in [(23, 17), (31, 40), (9, 5), (23, 8), (64, 17), (1, 1), (3, 29)]:
                result = resized(image, (width, height), Image.Resampling[filter.upper()])
                record["resized"].append({"source": name, "filter": filter, "width": width, "height": height,
                                          "values": base64_of(np.asarray(result))})
        if name == "line":
            continue
        for mode in ["stretch", "crop", "fill"]:
            for width, height in [(24, 24), (16, 40), (40, 16), (46, 34), (23, 17), (25, 31), (8, 8)]:
                result = fitted(image, mode, width, height)
                record["fitted"].append({"source": name, "filter": mode, "width": width, "height": height,
                                         "values": base64_of(np.asarray(result))})
    return record


def latents():
    generator = torch.Generator().manual_seed(5)
    source = torch.randn(1, 2, 7, 9, generator=generator)
    record = {"channels": 2, "width": 9, "height": 7, "values": base64_of(source.numpy()), "resampled": []}
    for mode, antialias in [("nearest", False), ("nearest-exact", False), ("bilinear", False), ("bilinear", True),
                            ("bicubic", False), ("bicubic", True)]:
        for width, height in [(9, 7), (18, 14), (13, 11), (4, 3), (1, 1), (27, 5)]:
            options = {"antialias": True} if antialias else {}
            result = torch.nn.functional.interpolate(source, size=(height, width), mode=mode, **options)
            record["resampled"].append({"filter": mode, "antialias": antialias, "width": width, "height": height,
                                        "values": base64_of(result.numpy())})
    return record


def main():
    (FOLDER / "resampling.json").write_text(json.dumps(pictures(), indent=1) + "\n")
    (FOLDER / "latents.json").write_text(json.dumps(latents(), indent=1) + "\n")


if __name__ == "__main__":
    main()
