"""Whole runs with LoRAs: writes Tests/Goldens/adapters/picture_*.safetensors.

    python adapters_pictures.py

Made with diffusers 0.42.1, peft 0.21.2, transformers 5.24 and torch 2.15, in float32 on one thread. The files are those of
adapters_dialects.py. Two of them at different weights come from diffusers' own `set_adapters`; a DoRA and a LoKr, which it
does not read, from weights that the formulas there made.
"""

import json
import tempfile

import numpy as np
import torch
from safetensors.torch import save_file

import adapters_dialects as dialects
from adapters_dialects import GOLDENS, UNREAD, Model
from families_goldens import PROMPT
from families_models import canonical, load
from families_runs import make_pipeline, make_tokenizer, single_run
from modules_random import save

RUNS = {"sd1": {"sampler": "ddim", "steps": 3, "guidance": 7.5}, "sdxl": {"sampler": "euler", "schedule": "trailing", "steps": 3,
                                                                           "guidance": 5.0}}
# In the UNet and in the text encoders.
WEIGHTS = {"kohya": (0.5, 0.25), "diffusers with PEFT": (-0.3, 0.4)}


def settled(networks):
    """Has transformers keep the weights that networks have, where adapters are loaded beside them."""
    for network in networks.values():
        for parameter in network.parameters():
            parameter._is_hf_initialized = True


def pipeline_of(model, networks):
    settled(networks)
    tokenizers = {pad: make_tokenizer(pad) for pad in ("!", "<|endoftext|>")}
    return make_pipeline(model.pipeline_class, networks, model.configs, tokenizers, model.index)


def with_adapters(model):
    pipeline = pipeline_of(model, {p: load(p, model.configs[p]) for p in model.networks})
    return pipeline, add_adapters(pipeline, model)


def add_adapters(pipeline, model):
    """Two files, one after the other, by diffusers."""
    files = [dialects.kohya(model, "kohya", "original" if model.name == "sdxl" else "diffusers"),
             dialects.peft(model, "diffusers with PEFT")]
    for k, file in enumerate(files):
        notes = file.notes_with_targets()
        state = {n: t for n, t in file.state().items() if not any(word in n for word in UNREAD)}
        with tempfile.TemporaryDirectory() as folder:
            save_file(state, f"{folder}/{file.name}", metadata=notes)
            pipeline.load_lora_weights(folder, weight_name=file.name, adapter_name=f"a{k}")
    scales = [{"unet": WEIGHTS[f.dialect][0], **{p: WEIGHTS[f.dialect][1] for p in model.parts[1:]}} for f in files]
    pipeline.set_adapters([f"a{k}" for k in range(len(files))], scales)
    return {f.dialect: WEIGHTS[f.dialect] for f in files}


def with_formula(model, file):
    """One file, by weights in which it is merged."""
    networks = {p: load(p, model.configs[p]) for p in model.networks}
    for part in model.parts:
        for key, parameter in networks[part].named_parameters():
            changed = file.changes.get(canonical(part, key))
            if changed is not None:
                parameter.data = torch.from_numpy(np.asarray(changed, np.float32))
    return pipeline_of(model, networks), {file.dialect: (1.0, 1.0)}


def main():
    torch.set_num_threads(1)
    torch.set_grad_enabled(False)
    sd1, sdxl = Model("sd1"), Model("sdxl")
    runs = {"two_sd1": (sd1, with_adapters(sd1)), "two_sdxl": (sdxl, with_adapters(sdxl)),
            "dora_sd1": (sd1, with_formula(sd1, dialects.magnitudes(sd1, "kohya with DoRA"))),
            "lokr_sd1": (sd1, with_formula(sd1, dialects.lycoris(sd1, "LyCORIS")))}
    for name, (model, (pipeline, files)) in runs.items():
        settings = PROMPT | RUNS[model.name]
        result = single_run(model.pipeline_class, pipeline, settings)
        result = {key: value.float() if value.is_floating_point() else value for key, value in result.items()}
        path = GOLDENS / f"picture_{name}.safetensors"
        save(path, result, {"family": model.name, "files": files,
                            "settings": {key: value for key, value in settings.items() if value is not None}})
        image = result["image"]
        print(f"{name:10} image std {image.std():.2f}, {(image.abs() >= 1).float().mean():.1%} clamped, {json.dumps(files)}")


if __name__ == "__main__":
    main()
