"""Whole runs of every family: writes Tests/Goldens/families.

    python families_goldens.py [--check] [NAME ...]

Made with diffusers 0.42.1, transformers 5.24, torch 2.15 and DeepCache 0.1.1, in float32 on one thread. README.md describes the files.
"""

import argparse
import json
import pathlib

import torch
from diffusers.loaders.single_file_utils import (
    convert_ldm_unet_checkpoint,
    convert_ldm_vae_checkpoint,
    convert_open_clip_checkpoint,
)

import families_weights
from families_layout import TEXT
from families_models import FAMILIES, load, tensors
from families_runs import handover_run, make_pipeline, make_tokenizer, single_run
from families_weights import weight
from modules_random import read, relative_l2, save

GOLDENS = pathlib.Path(__file__).resolve().parent.parent / "Goldens" / "families"
PROMPT = {"prompt": "a red house under a yellow sun", "negative": "blurry", "seed": 42, "width": 64, "height": 64}
# 86 tokens; the last comma of the first 75 begins the second sequence.
LONG = ("a red house under a yellow sun, " * 8 + "with a green tree and a small white boat on the blue sea by a mountain, at night "
        "in the snow")
# name: (family, further family, settings)
RUNS = {
    "sd1": ("sd1", None, {"sampler": "ddim", "steps": 5, "guidance": 7.5}),
    "sd2": ("sd2", None, {"sampler": "ddim", "steps": 5, "guidance": 7.5}),
    "sd2_v": ("sd2_v", None, {"sampler": "ddim", "steps": 5, "guidance": 7.5}),
    "sd2_v_zero_snr": ("sd2_v_zero_snr", None, {"sampler": "euler", "schedule": "trailing", "steps": 5, "guidance": 7.5}),
    "sdxl": ("sdxl", None, {"sampler": "euler", "schedule": "trailing", "steps": 5, "guidance": 5.0}),
    "sdxl_no_negative": ("sdxl", None, {"sampler": "euler", "schedule": "trailing", "steps": 4, "guidance": 5.0,
                                        "negative": None}),
    "sdxl_turbo": ("sdxl_turbo", None, {"sampler": "euler_a", "schedule": "trailing", "steps": 4, "guidance": 1.0,
                                        "negative": None}),
    "sdxl_v": ("sdxl_v", None, {"sampler": "euler", "schedule": "trailing", "steps": 5, "guidance": 5.0}),
    "sdxl_edm": ("sdxl_edm", None, {"sampler": "euler", "schedule": "karras", "steps": 5, "guidance": 3.0}),
    "sdxl_refiner": ("sdxl_refiner", None, {"sampler": "euler", "schedule": "trailing", "steps": 5, "guidance": 5.0}),
    "sdxl_handover": ("sdxl", "sdxl_refiner", {"sampler": "euler", "schedule": "trailing", "steps": 10, "guidance": 5.0,
                                               "handover": 0.8}),
    "ssd_1b": ("ssd_1b", None, {"sampler": "euler", "schedule": "trailing", "steps": 5, "guidance": 5.0}),
    "sd1_inpainting": ("sd1_inpainting", None, {"sampler": "ddim", "steps": 5, "guidance": 7.5}),
    "sd1_edit": ("sd1_edit", None, {"sampler": "ddim", "steps": 5, "guidance": 7.5}),
    "sd1_lcm": ("sd1_lcm", None, {"sampler": "lcm", "steps": 4, "guidance": 8.0, "negative": None}),
    "sd1_clip_skip": ("sd1", None, {"sampler": "ddim", "steps": 3, "guidance": 7.5, "clip_skip": 2, "own_conditions": True}),
    "sd1_long": ("sd1", None, {"sampler": "ddim", "steps": 3, "guidance": 7.5, "prompt": LONG, "own_conditions": True}),
    "sdxl_long": ("sdxl", None, {"sampler": "euler", "schedule": "trailing", "steps": 3, "guidance": 5.0, "prompt": LONG,
                                 "own_conditions": True}),
    "sd1_cache": ("sd1", None, {"sampler": "ddim", "steps": 7, "guidance": 7.5, "cache": [3, 0]}),
    "sdxl_cache": ("sdxl", None, {"sampler": "euler", "schedule": "trailing", "steps": 5, "guidance": 5.0, "cache": [2, 1]}),
    "sdxl_sizes": ("sdxl", None, {"sampler": "euler", "schedule": "trailing", "steps": 3, "guidance": 5.0,
                                  "original_size": [640, 320], "crop": [24, 8], "target_size": [1024, 768]}),
}


class Family:
    def __init__(self, name, tokenizers):
        self.base, self.configs, self.pipeline_name, self.index, self.single = FAMILIES[name]
        self.name, self.tokenizers = name, tokenizers
        parts = [part for part in ("unet", "vae", "text_encoder", "text_encoder_2") if part in self.configs]
        self.modules = {part: load(part, self.configs[part]) for part in parts}

    def pipeline(self):
        return make_pipeline(self.pipeline_name, self.modules, self.configs, self.tokenizers, self.index)

    def rows(self):
        return tensors(self.base, self.configs, self.modules)

    def description(self, table):
        """The model's configurations as files of a diffusers folder, and what its single file has."""
        names = {"unet": "UNet2DConditionModel", "vae": "AutoencoderKL", "text_encoder": "CLIPTextModel",
                 "text_encoder_2": "CLIPTextModelWithProjection"}
        configs = {part: {"_class_name": names[part], **config} if part in ("unet", "vae") else config
                   for part, config in self.configs.items()}
        index = {"_class_name": self.pipeline_name, "_diffusers_version": "0.42.1", **self.index,
                 **{part: ["diffusers" if part in ("unet", "vae") else "transformers", names[part]] for part in self.modules}}
        files = {"model_index.json": index, "scheduler/scheduler_config.json": configs.pop("scheduler")}
        for part, config in configs.items():
            file = "tokenizer_config.json" if part.startswith("tokenizer") else "config.json"
            files[f"{part}/{file}"] = config
        markers = self.single.get("markers", {})
        markers = markers if isinstance(markers, dict) else {marker: [] for marker in markers}
        return {"files": files, "tensors": table, "markers": markers,
                "notes": self.single.get("notes", {})}


def run(name, families):
    family, refiner, settings = RUNS[name]
    settings = PROMPT | settings
    if refiner:
        return handover_run(families[family].pipeline(), families[refiner].pipeline(), settings), settings
    return single_run(families[family].pipeline_name, families[family].pipeline(), settings), settings


def write_tables(families):
    """The models, and their tables of tensors: one for each layout, and what of a model's is not so."""
    tables = {}
    for name, family in families.items():
        rows = {row[0]: row for row in family.rows()}
        table = next((other for other, known in tables.items() if known.keys() <= rows.keys()
                      and sum(known.get(path) != row for path, row in rows.items()) < 10), None)
        if table is None:
            table = f"tensors-{name}"
            tables[table] = rows
            lines = ",\n".join(json.dumps(row, separators=(",", ":")) for row in rows.values())
            GOLDENS.joinpath(f"{table}.json").write_text(f"[\n{lines}\n]\n")
        changes = [row for path, row in rows.items() if tables[table].get(path) != row]
        description = json.dumps(family.description(table) | {"changes": changes}, indent=1)
        GOLDENS.joinpath(f"{name}.json").write_text(description + "\n")


def check_converters(family):
    """diffusers' own single-file converters agree with families_layout.py on every name and value."""
    state = {row[2]: (weight(row[0], row[1]), row) for row in family.rows() if "single" not in row[3]}
    state = {name: torch.from_numpy(value).reshape(*row[1], 1, 1) if row[3] == "conv" else torch.from_numpy(value)
             for name, (value, row) in state.items() if not row[3] or row[3] == "conv"}
    config = {"class_embed_type": None, "addition_embed_type": None, **family.configs["unet"]}
    converted = {"unet": convert_ldm_unet_checkpoint(dict(state), config),
                 "vae": convert_ldm_vae_checkpoint(dict(state), family.configs["vae"])}
    for part, theirs in converted.items():
        ours = family.modules[part].state_dict()
        # Theirs does not know the guidance of consistency models.
        wanted = {key for key in ours if "cond_proj" not in key}
        assert theirs.keys() == wanted, (family.name, part, sorted(theirs.keys() ^ wanted)[:5])
        assert all(torch.equal(theirs[key].reshape(ours[key].shape), ours[key]) for key in wanted), (family.name, part)
    if family.base in ("sdxl", "refiner", "sd2"):
        check_openclip(family)


def check_openclip(family):
    """The same for OpenCLIP's text encoder, put together as a file has it."""
    part = "text_encoder_2" if "text_encoder_2" in family.modules else "text_encoder"
    thirds, state = {}, {}
    for path, shape, name, form in family.rows():
        if not path.startswith(part + ".") or "single" in form:
            continue
        value = torch.from_numpy(weight(path, shape))
        if form in ("q", "k", "v"):
            thirds.setdefault(name, {})[form] = value
        else:
            state[name] = value.T.contiguous() if form == "transposed" else value
    state |= {name: torch.cat([parts[third] for third in "qkv"]) for name, parts in thirds.items()}
    prefix = TEXT[family.base][part][0]
    module = family.modules[part]
    # Theirs reads the width off the projection, which Stable Diffusion 2's folder does not have.
    state.setdefault(prefix + "text_projection", torch.zeros(module.config.hidden_size, module.config.hidden_size))
    theirs = convert_open_clip_checkpoint(module, state, prefix=prefix)
    bare = {key.removeprefix("text_model."): value for key, value in theirs.items()}
    for key, value in module.state_dict().items():
        key = key.removeprefix("text_model.")
        assert torch.equal(bare[key], value), (family.name, key)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="compare with the files instead of writing them")
    parser.add_argument("names", nargs="*", metavar="NAME")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    torch.set_grad_enabled(False)
    families_weights.check()
    tokenizers = {pad: make_tokenizer(pad) for pad in ("!", "<|endoftext|>")}
    names = arguments.names or list(RUNS)
    used = {family for name in names for family in RUNS[name][:2] if family}
    families = {name: Family(name, tokenizers) for name in FAMILIES if name in used}
    for name, family in families.items():
        if name != "ssd_1b":  # depths that theirs takes from no configuration
            check_converters(family)
    GOLDENS.mkdir(parents=True, exist_ok=True)
    if not arguments.check:
        write_tables(families)
    for name in names:
        result, settings = run(name, families)
        result = {key: value.float() if value.is_floating_point() else value for key, value in result.items()}
        path = GOLDENS / f"{name}.safetensors"
        if arguments.check:
            stored = read(path)
            assert stored.keys() == result.keys(), name
            drift = {key: relative_l2(result[key], stored[key]) for key in stored}
            worst = max(drift, key=drift.get)
            assert drift[worst] < 5e-5, f"{name}: {worst} differs from the stored golden by {drift[worst]:.1e}"
            print(f"{name:18} differs from the stored golden by {drift[worst]:.1e} ({worst})")
            continue
        metadata = {"family": RUNS[name][0], "settings": {key: value for key, value in settings.items() if value is not None}}
        save(path, result, metadata | ({"refiner": RUNS[name][1]} if RUNS[name][1] else {}))
        image, final = result["image"], result["latents.final"]
        print(f"{name:18} latents std {final.std():.2f}, image std {image.std():.2f}, "
              f"{(image.abs() >= 1).float().mean():.1%} clamped, {path.stat().st_size / 1e3:.0f} kB")


if __name__ == "__main__":
    main()
