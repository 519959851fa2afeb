"""Latents as colours, as numpy computes them: writes Tests/Goldens/previews/latent_colours.json.

    python latent_colours.py

The matrices are ComfyUI's (`latent_rgb_factors` and `latent_rgb_factors_bias` in comfy/latent_formats.py), and so is the way
from their product to bytes (`preview_to_image` in latent_preview.py): (x + 1) / 2, cut to 0...1, times 255, cut off.
Latents are drawn until no value lies so close to a whole number that rounding could go either way.
"""

import json
import pathlib

import numpy

SPACES = {
    "stableDiffusion1": ([[0.3512, 0.2297, 0.3227], [0.3250, 0.4974, 0.2350], [-0.2829, 0.1762, 0.2721],
                          [-0.2120, -0.2616, -0.7177]], [0, 0, 0]),
    "stableDiffusionXL": ([[0.3651, 0.4232, 0.4341], [-0.2533, -0.0042, 0.1068], [0.1076, 0.1111, -0.0362],
                           [-0.3165, -0.2492, -0.2188]], [0.1084, -0.0175, -0.0011]),
    "playground": ([[0.3920, 0.4054, 0.4549], [-0.2634, -0.0196, 0.0653], [0.0568, 0.1687, -0.0755],
                    [-0.3112, -0.2359, -0.2076]], [0, 0, 0]),
}
HEIGHT, WIDTH = 5, 3


def main():
    cases = {}
    for name, (factors, bias) in SPACES.items():
        random = numpy.random.default_rng(len(name))
        while True:
            latents = random.normal(size=(4, HEIGHT, WIDTH)).astype(numpy.float32)
            colours = numpy.einsum("chw,cr->hwr", latents.astype(numpy.float64), numpy.array(factors)) + bias
            values = ((colours + 1) / 2).clip(0, 1) * 255
            inside = (values > 0) & (values < 255)
            if (abs(values - values.round())[inside] > 1e-3).all() and not inside.all():
                break
        cases[name] = {"width": WIDTH, "height": HEIGHT, "latents": [float(x) for x in latents.reshape(-1)],
                       "pixels": values.astype(numpy.uint8).reshape(-1).tolist()}
    target = pathlib.Path(__file__).parents[1] / "Goldens" / "previews" / "latent_colours.json"
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(json.dumps(cases, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
