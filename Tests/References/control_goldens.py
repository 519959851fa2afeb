"""Networks beside a model, and runs with them: writes Tests/Goldens/control.

    python control_goldens.py [--check] [NAME ...]

Made with diffusers 0.42.1, transformers 5.24 and torch 2.15, in float32 on one thread. README.md describes the files.
"""

import argparse
import json
import pathlib

import torch
from diffusers.loaders.single_file_utils import convert_controlnet_checkpoint

import control_models as models
from control_runs import RUNS, authors_state, draw
from families_models import FAMILIES, load
from families_weights import weight
from modules_random import normal, read, relative_l2, save

GOLDENS = pathlib.Path(__file__).resolve().parent.parent / "Goldens" / "control"


def rows(module, root):
    """[canonical path, shape] of every weight."""
    keys = [(models.vision_key(key) if root == "image_encoder" else key, list(p.shape)) for key, p in module.named_parameters()]
    return [[f"{root}.{key}", shape] for key, shape in keys]


def controlnet_case(name):
    """What it tells the UNet, at a size whose halves are odd, for two prompts of one picture."""
    family, config = models.CONTROLNETS[name]
    module = models.controlnet(name)
    context = config["cross_attention_dim"]
    inputs = {"latents": normal(name, 2, 4, 6, 10), "timestep": torch.tensor([801.0, 801.0]),
              "context": normal(name + ".context", 2, 77, context),
              "hint": torch.rand(1, 3, 48, 80, generator=torch.Generator().manual_seed(7))}
    added = None
    if "addition_embed_type" in config:
        inputs |= {"text_embeds": normal(name + ".text", 2, 24), "time_ids": torch.tensor([[64.0, 64, 0, 0, 48, 80]] * 2)}
        added = {"text_embeds": inputs["text_embeds"], "time_ids": inputs["time_ids"]}
    skips, middle = module(
        inputs["latents"], inputs["timestep"], inputs["context"], inputs["hint"], conditioning_scale=1.0,
        added_cond_kwargs=added, return_dict=False)
    results = {f"output.{k}": value for k, value in enumerate([*skips, middle])}
    table = [[path, shape, models.controlnet_name(path.removeprefix("controlnet."), config), ""]
             for path, shape in rows(module, "controlnet")]
    check_converter(name, config, module, table)
    return inputs, results, {"kind": "controlnet", "family": family, "class": "ControlNetModel", "config": config}, table


def check_converter(name, config, module, table):
    """diffusers' own converter agrees on every name and value."""
    state = {row[2]: torch.from_numpy(weight(row[0], row[1])) for row in table}
    theirs = convert_controlnet_checkpoint(
        {"control_model." + key: value for key, value in state.items()},
        {"class_embed_type": None, "addition_embed_type": None, **config})
    ours = module.state_dict()
    # Theirs leaves SDXL's embedding of sizes out.
    wanted = {key for key in ours if not key.startswith("add_embedding.")}
    assert {key for key in theirs if theirs[key] is not None} >= wanted, (name, sorted(wanted - theirs.keys())[:5])
    assert all(torch.equal(theirs[key].reshape(ours[key].shape), ours[key]) for key in wanted), name


def adapter_case(name):
    family, config = models.ADAPTERS[name]
    module = models.adapter(name)
    # 6x10 positions: the third level halves an odd number.
    picture = torch.rand(1, config["in_channels"], 48, 80, generator=torch.Generator().manual_seed(8))
    results = {f"output.{k}": value for k, value in enumerate(module(picture))}
    table = [[path, shape, models.adapter_name(path.removeprefix("t2i_adapter."), config), ""]
             for path, shape in rows(module, "t2i_adapter")]
    return {"picture": picture}, results, {"kind": "t2i_adapter", "family": family, "class": "T2IAdapter", "config": config}, table


def image_encoder_case(_):
    module = models.image_encoder()
    pixels = normal("pixels", 1, 3, 28, 28)
    output = module(pixels, output_hidden_states=True)
    results = {"output.0": output.hidden_states[-2], "output.1": output.image_embeds}
    table = [[path, shape, path.removeprefix("image_encoder."), ""] for path, shape in rows(module, "image_encoder")]
    config = models.VISION | {"model_type": "clip_vision_model", "architectures": ["CLIPVisionModelWithProjection"]}
    return {"pixels": pixels}, results, {"kind": "image_encoder", "family": "", "class": "", "config": config}, table


def image_prompt_case(name):
    """The keys and values of each attention for two pictures."""
    family, kind = models.IMAGE_PROMPTS[name]
    module = models.projection(name)
    pictures = normal(name, 2, models.VISION["projection_dim"]) if kind == "plain" else normal(name, 2, 5, 32)
    widths = models.attentions(load("unet", FAMILIES[family][1]["unet"]))
    matrices = models.key_value_weights(family, widths)
    tokens = module(pictures)
    results = {"tokens": tokens}
    for k in range(len(widths)):
        for place, part in enumerate(("to_k_ip", "to_v_ip")):
            value = tokens @ matrices[f"attentions.{k}.{part}.weight"].T
            results[f"output.{2 * k + place}"] = value.reshape(1, -1, value.shape[-1])
    paths = rows(module, "ip_adapter.image_proj") + [["ip_adapter." + key, list(value.shape)] for key, value in matrices.items()]
    if name == "ip_sd1":
        # What the authors publish as .bin: dictionaries in a dictionary.
        torch.save(authors_state(name, load("unet", FAMILIES[family][1]["unet"])), GOLDENS / f"{name}.bin")
    table = [[path, shape, *models.image_prompt_name(path.removeprefix("ip_adapter."), kind)] for path, shape in paths]
    return {"pictures": pictures}, results, {"kind": "ip_adapter", "family": family, "class": "", "config": None}, table


NETWORKS = ({name: controlnet_case for name in models.CONTROLNETS if name != "controlnet_sd1_shuffle"} | {name: adapter_case for name in models.ADAPTERS}
            | {"image_encoder": image_encoder_case} | {name: image_prompt_case for name in models.IMAGE_PROMPTS})


def network(name, is_checking):
    inputs, results, description, table = NETWORKS[name](name)
    tensors = {f"input.{key}": value for key, value in inputs.items()} | results
    if not is_checking:
        lines = ",\n".join(json.dumps(row, separators=(",", ":")) for row in table)
        GOLDENS.joinpath(f"{name}.json").write_text(
            json.dumps(description)[:-1] + f', "rows": [\n{lines}\n]}}\n')
    return tensors, {"kind": description["kind"], "family": description["family"]}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="compare with the files instead of writing them")
    parser.add_argument("names", nargs="*", metavar="NAME")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    torch.set_grad_enabled(False)
    GOLDENS.mkdir(parents=True, exist_ok=True)
    for name in arguments.names or [*NETWORKS, *RUNS]:
        result, metadata = network(name, arguments.check) if name in NETWORKS else draw(name)
        result = {key: value.float() if value.is_floating_point() else value for key, value in result.items()}
        path = GOLDENS / f"{name}.safetensors"
        if arguments.check:
            stored = read(path)
            assert stored.keys() == result.keys(), name
            worst = max(relative_l2(result[key], stored[key]) for key in stored)
            assert worst < 5e-5, f"{name} differs from the stored golden by {worst:.1e}"
            print(f"{name:24} differs from the stored golden by {worst:.1e}")
            continue
        save(path, result, metadata)
        print(f"{name:24} {path.stat().st_size / 1e3:.0f} kB")


if __name__ == "__main__":
    main()
