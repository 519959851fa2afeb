"""Maps that networks which guide drawing look at, by OpenCV: writes Tests/Goldens/images/preprocessing.

The rules are those of A1111's ControlNet extension; the picture has smooth parts, lines and noise.
"""

import pathlib

import cv2
import numpy as np

GOLDENS = pathlib.Path(__file__).resolve().parent.parent / "Goldens" / "images" / "preprocessing"


def picture(width=150, height=134):
    random = np.random.default_rng(11)
    y, x = np.mgrid[0:height, 0:width].astype(np.float64)
    base = np.stack([128 + 90 * np.sin(x / 17) * np.cos(y / 23), 255 * x / width, 255 * y / height], axis=-1)
    base[(x - 60) ** 2 + (y - 70) ** 2 < 900] = [200, 40, 60]
    base[np.abs(x - 2 * y + 90) < 2] = [20, 25, 15]
    base[100:120, 20:60] = [240, 235, 220]
    return np.clip(base + random.normal(0, 6, base.shape), 0, 255).astype(np.uint8)


def lineart(image):
    x = image.astype(np.float32)
    g = cv2.GaussianBlur(x, (0, 0), 6.0)
    intensity = np.min(g - x, axis=2).clip(0, 255)
    intensity /= max(16, np.median(intensity[intensity > 8]))
    intensity *= 127
    return intensity.clip(0, 255).astype(np.uint8)


def colour(image):
    height, width = image.shape[:2]
    small = cv2.resize(image, (width // 64, height // 64), interpolation=cv2.INTER_CUBIC)
    return cv2.resize(small, (width, height), interpolation=cv2.INTER_NEAREST)


def tile(image, rate):
    height, width = image.shape[:2]
    return cv2.resize(image, (int(width / rate), int(height / rate)), interpolation=cv2.INTER_AREA)


def main():
    GOLDENS.mkdir(parents=True, exist_ok=True)
    image = picture()
    maps = {
        "picture": image,
        "canny_100_200": cv2.Canny(image, 100, 200),
        "canny_40_90": cv2.Canny(image, 40, 90),
        "canny_20_400": cv2.Canny(image, 20, 400),
        "invert": 255 - image,
        "blur_9": cv2.GaussianBlur(image, (0, 0), 9.0),
        "blur_2.5": cv2.GaussianBlur(image, (0, 0), 2.5),
        "area_2.7": tile(image, 2.7),
        "area_4": tile(image, 4),
        "lineart": lineart(image),
        "scribble_127": np.where(np.min(image, axis=2) < 127, 255, 0).astype(np.uint8),
        "colour": colour(image),
    }
    for name, values in maps.items():
        # OpenCV writes blue first.
        cv2.imwrite(str(GOLDENS / f"{name}.png"), values[..., ::-1] if values.ndim == 3 else values,
                    [cv2.IMWRITE_PNG_COMPRESSION, 9])


if __name__ == "__main__":
    main()
