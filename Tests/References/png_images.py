"""Writes Tests/Goldens/images/: small PNG files made by Pillow, and `images.json` with the RGB pixels they stand for.

    python Tests/References/png_images.py

Needs Pillow, numpy and diffusers 0.42. The pixels in `images.json` are Pillow's own conversion to RGB, transparent pictures laid on
white. 16-bit RGB and interlacing, which Pillow does not write, are put together from zlib and CRC here.
`float_to_uint8` in `images.json` holds diffusers' rounding of values in -1...1.
"""

import base64
import json
import struct
import zlib
from pathlib import Path

import numpy as np
import torch
from diffusers.image_processor import VaeImageProcessor
from PIL import Image
from PIL.PngImagePlugin import PngInfo

FOLDER = Path(__file__).resolve().parents[1] / "Goldens/images"
ADAM7 = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]


def chunk(name, data):
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png(width, height, depth, colour, interlace, raw, extra=b""):
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, interlace)
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + extra + chunk(b"IDAT", zlib.compress(raw)) + chunk(b"IEND", b""))


def picture(width, height, channels):
    y, x, c = np.mgrid[0:height, 0:width, 0:channels]
    return ((x * 23 + y * 41 + c * 77 + x * y * (c + 1)) % 256).astype(np.uint8)


def flatten(image):
    rgba = image.convert("RGBA")
    white = Image.new("RGB", image.size, "white")
    white.paste(rgba, mask=rgba.getchannel("A"))
    return white


def save(name, data_or_image, pixels, texts, cases, **options):
    path = FOLDER / f"{name}.png"
    if isinstance(data_or_image, bytes):
        path.write_bytes(data_or_image)
    else:
        data_or_image.save(path, **options)
    height, width = pixels.shape[:2]
    cases.append({"name": name, "width": width, "height": height,
                  "pixels": base64.b64encode(pixels.tobytes()).decode(), "text": texts})


def main():
    FOLDER.mkdir(parents=True, exist_ok=True)
    cases = []

    rgb = picture(9, 7, 3)
    info = PngInfo()
    info.add_text("parameters", "caf\u00e9\nNegative prompt: x\nSteps: 20")
    info.add_text("Comment", "\u65e5\u672c \U0001f431")
    info.add_itxt("Title", "h\u00e9llo", lang="fr", tkey="Titre", zip=True)
    info.add_text("Software", "compressed " * 20, zip=True)
    texts = [["parameters", "caf\u00e9\nNegative prompt: x\nSteps: 20"], ["Comment", "\u65e5\u672c \U0001f431"],
             ["Title", "h\u00e9llo"], ["Software", "compressed " * 20]]
    save("text", Image.fromarray(rgb), rgb, texts, cases, pnginfo=info)

    palette = Image.fromarray(picture(11, 5, 3)).quantize(13)
    save("palette", palette, np.asarray(palette.convert("RGB")), [], cases, bits=4)
    palette_alpha = bytes(range(0, 195, 15))
    palette.info["transparency"] = palette_alpha
    save("palette_alpha", palette, np.asarray(flatten(palette)), [], cases, bits=4, transparency=palette_alpha)

    bits = Image.fromarray(picture(10, 6, 1)[..., 0] > 100)
    save("bilevel", bits, np.asarray(bits.convert("RGB")), [], cases)
    grey_alpha = Image.fromarray(picture(6, 6, 2), "LA")
    save("grey_alpha", grey_alpha, np.asarray(flatten(grey_alpha)), [], cases)
    rgba = Image.fromarray(picture(16, 16, 4), "RGBA")
    save("rgba", rgba, np.asarray(flatten(rgba)), [], cases)

    # 16 bits: the low byte moves the rounding to the nearest 8-bit value x / 257.
    wide = picture(5, 4, 3).astype(np.int64) * 257 + np.arange(60).reshape(4, 5, 3) * 17 - 500
    wide = np.clip(wide, 0, 65535)
    raw = b"".join(b"\0" + row.astype(">u2").tobytes() for row in wide)
    save("rgb16", png(5, 4, 16, 2, 0, raw), np.floor(wide / 257 + 0.5).astype(np.uint8), [], cases)

    woven = picture(13, 11, 3)
    raw = b"".join(b"\0" + woven[y, x0::dx].tobytes() for x0, y0, dx, dy in ADAM7 for y in range(y0, 11, dy))
    save("interlaced", png(13, 11, 8, 2, 1, raw), woven, [], cases)
    assert np.array_equal(np.asarray(Image.open(FOLDER / "interlaced.png")), woven)

    values = np.concatenate([np.linspace(-1.3, 1.3, 400), (np.arange(256) + 0.5) / 255 * 2 - 1]).astype(np.float32)
    rounded = VaeImageProcessor().postprocess(torch.from_numpy(values.reshape(1, 1, 1, -1)), output_type="pil")[0]
    rounded = np.asarray(rounded)
    (FOLDER / "images.json").write_text(json.dumps({
        "images": cases,
        "float_to_uint8": {"values": base64.b64encode(values.astype("<f4").tobytes()).decode(),
                           "bytes": base64.b64encode(rounded.tobytes()).decode()},
    }, indent=1) + "\n")


if __name__ == "__main__":
    main()
