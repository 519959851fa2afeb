"""Writes Tests/Goldens/images/files.json and small JPEG and WebP files beside it, made and read by Pillow.

    python Tests/References/image_files.py

Needs Pillow, numpy and piexif. `pixels` are Pillow's own, turned by `ImageOps.exif_transpose` and converted to RGB;
`alpha` is there where the file has one. `text` pairs keyword and value. `comments` are texts with the EXIF that piexif
makes of them for AUTOMATIC1111.
"""

import base64
import io
import json
from pathlib import Path

import numpy as np
import piexif
import piexif.helper
from PIL import Image, ImageOps
from PIL.PngImagePlugin import PngInfo

FOLDER = Path(__file__).resolve().parents[1] / "Goldens/images"
SETTINGS = "a caf\u00e9, \u65e5\u672c \U0001f431\nNegative prompt: x\nSteps: 20, Sampler: Euler a, CFG scale: 7"


def picture(width, height, channels):
    y, x, c = np.mgrid[0:height, 0:width, 0:channels]
    return (127 + 60 * np.sin(x / 3 + c) + 60 * np.cos(y / 2 - c)).astype(np.uint8)


def base64_of(array):
    return base64.b64encode(np.ascontiguousarray(array).tobytes()).decode()


def comment(text):
    return {"Exif": {piexif.ExifIFD.UserComment: piexif.helper.UserComment.dump(text, encoding="unicode")}}


def main():
    cases = []

    def case(name, image, text=(), **options):
        path = FOLDER / name
        image.save(path, **options)
        record(name, text)

    def record(name, text=()):
        image = ImageOps.exif_transpose(Image.open(FOLDER / name))
        has_alpha = image.mode == "RGBA"
        cases.append({"name": name, "width": image.width, "height": image.height,
                      "pixels": base64_of(np.asarray(image.convert("RGB"))),
                      "alpha": base64_of(np.asarray(image)[..., 3]) if has_alpha else None,
                      "text": [list(pair) for pair in text]})

    rgb = Image.fromarray(picture(21, 13, 3))
    rgba = Image.fromarray(picture(21, 13, 4), "RGBA")
    written = piexif.dump(comment(SETTINGS))
    parameters = [("parameters", SETTINGS)]

    case("colour.jpg", rgb, quality=85)
    case("full.jpg", rgb, quality=95, subsampling=0)
    case("half.jpg", rgb, quality=85, subsampling=1)
    case("grey.jpg", rgb.convert("L"), quality=85)
    case("progressive.jpg", rgb, quality=85, progressive=True)
    case("restarts.jpg", rgb, quality=85, restart_marker_blocks=1)
    case("cmyk.jpg", rgb.convert("CMYK"), quality=90)
    case("settings.jpg", rgb, parameters, quality=80, exif=written)
    case("lossy.webp", rgb, quality=80)
    case("lossless.webp", rgb, lossless=True)
    case("alpha.webp", rgba, quality=80)
    case("alpha_lossless.webp", rgba, lossless=True, exact=True)
    case("settings.webp", rgb, parameters, quality=80, exif=written)

    # Every orientation, in the order of both kinds of bytes.
    for orientation in range(1, 9):
        exif = Image.Exif()
        exif.endian = ">" if orientation % 2 else "<"
        exif[0x0112] = orientation
        case(f"turned_{orientation}.jpg", rgb, quality=85, exif=exif)
    exif = Image.Exif()
    exif[0x0112] = 6
    case("turned_6.webp", rgba, lossless=True, exact=True, exif=exif)
    case("turned_6.png", rgba, exif=exif)

    # As other programs write the comment, and as ComfyUI writes its graphs.
    little = b"UNICODE\0" + "Steps: 20, Seed: 7".encode("utf-16-le")
    case("comment_little.jpg", rgb, [("parameters", "Steps: 20, Seed: 7")],
         exif=piexif.dump({"Exif": {piexif.ExifIFD.UserComment: little}}))
    ascii_comment = b"ASCII\0\0\0Steps: 20, Seed: 7\0\0"
    case("comment_ascii.jpg", rgb, [("parameters", "Steps: 20, Seed: 7")],
         exif=piexif.dump({"Exif": {piexif.ExifIFD.UserComment: ascii_comment}}))
    exif = Image.Exif()
    exif[0x010F] = 'workflow:{"nodes": []}'
    exif[0x0110] = 'prompt:{"3": {}}'
    case("comfy.webp", rgb, [("workflow", '{"nodes": []}'), ("prompt", '{"3": {}}')], quality=80, exif=exif)

    # What is refused by name.
    rgb.save(FOLDER / "animated.webp", save_all=True, append_images=[rgb.transpose(Image.Transpose.ROTATE_180)],
             duration=100, quality=50)

    texts = ["", "a", SETTINGS, "x" * 301]
    comments = [{"text": text, "exif": base64.b64encode(piexif.dump(comment(text))).decode()} for text in texts]
    (FOLDER / "files.json").write_text(json.dumps({"files": cases, "comments": comments}, indent=1) + "\n")


if __name__ == "__main__":
    main()
