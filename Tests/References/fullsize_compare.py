"""Compare a dump of the product (`--dump-tensors`) with diffusers in float32, and PyTorch in bfloat16 for a yardstick.

Two comparisons, each a table of relative L2 distances to float32 and their ratio (below 1: nearer than PyTorch):

  forced  every step starts from the product's own latents and context, so each line is the error of one pass of one
          network. The latents are rebuilt from the dump's noise predictions by the reference sampling loop.
  free    whole runs from the prompt, errors piling up as they do for a user.

References are computed once and kept in the cache folder. Those of free runs do not depend on the dump, so that another
dump of the same settings is compared at once (`--compare free`); forced ones belong to one dump. At full size a pass in
float32 takes seconds to minutes and in bfloat16 without hardware for it many times longer: choose steps with
--forced-steps. Memory stays below 12 GB.
"""

import argparse
import hashlib
import json
import os
import pathlib

import torch

from modules_random import read, relative_l2, save
from pipeline_runs import SAMPLERS, Model, latent_stage, make_tokenizer, text_stage

DTYPES = {"float32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}


def cached(folder, key, compute):
    """Tensors from the cache, or computed and kept there."""
    name = hashlib.sha256(json.dumps(key, sort_keys=True).encode()).hexdigest()[:20]
    path = pathlib.Path(folder) / f"{name}.safetensors"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        save(path, compute(), {"key": key})
    return read(path)


def digest(tensors):
    return hashlib.sha256(b"".join(tensors[key].float().numpy().tobytes() for key in sorted(tensors))).hexdigest()


def free_run(model, arguments):
    """A whole run; each part of the model is dropped as soon as it is done."""
    text = text_stage(model, make_tokenizer(), arguments.prompt, arguments.negative)
    model.drop("text_encoder")
    result = text | latent_stage(model, text, **sampling(arguments), one_by_one=True)
    model.drop("unet")
    result["image"] = model.decode(result["latents.final"]).clamp(-1, 1)
    model.drop("vae")
    return result


def forced_run(model, arguments, dump, steps):
    """What the model makes of the product's own inputs: its tokens, its latents at every step, its final latents."""
    result = {f"context.{side}": model.context(dump[f"tokens.{side}"]) for side in ("positive", "negative")}
    model.drop("text_encoder")
    text = {key: dump[key].float() for key in ("context.positive", "context.negative")}
    predictions = [dump[f"noise_pred.{k}"].float() for k in range(arguments.steps)]
    rebuilt = latent_stage(model, text, **sampling(arguments), forced=predictions, only=steps, one_by_one=True)
    model.drop("unet")
    result |= {f"noise_pred.{k}": rebuilt[f"noise_pred.{k}"] for k in steps}
    # The loop itself, fed the product's predictions: any distance here is the product's sampler, not a network.
    result |= {key: rebuilt[key] for key in ("latents.initial", "latents.final")}
    result["image"] = model.decode(dump["latents.final"].float()).clamp(-1, 1)
    model.drop("vae")
    return result


def sampling(arguments):
    seeds = [arguments.seed + k for k in range(arguments.batch)]
    return {name: getattr(arguments, name) for name in ("sampler", "width", "height", "steps", "guidance")} | {
        "seeds": seeds}


def table(title, ours, reference, yardstick, yardstick_name):
    print(f"\n{title:20} {'ours':>10} {yardstick_name:>10} {'ratio':>8}   (relative L2 to diffusers in float32)")
    steps = sorted((key for key in reference if key.startswith("noise_pred.")), key=lambda key: int(key.split(".")[1]))
    for key in ["latents.initial", "context.positive", "context.negative", *steps, "latents.final", "image"]:
        mine = ours[key].clamp(-1, 1) if key == "image" else ours[key]
        line = f"{key:20} {relative_l2(mine, reference[key]):10.2e}"
        if yardstick is not None and key in yardstick:
            theirs = relative_l2(yardstick[key], reference[key])
            ratio = relative_l2(mine, reference[key]) / theirs if theirs > 0 else float("nan")
            line += f" {theirs:10.2e} {ratio:8.3f}"
        print(line)


def check_dump(dump, arguments):
    steps = sum(key.startswith("noise_pred.") for key in dump)
    assert steps == arguments.steps, f"The dump has {steps} steps, not {arguments.steps}: give --steps {steps}."
    wanted = (arguments.batch, 4, arguments.height // 8, arguments.width // 8)
    found = tuple(dump["latents.initial"].shape)
    assert found == wanted, f"The dump's latents are {found}, not {wanted}: give --width, --height and --batch."
    return dump


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoint", help="written by fullsize_checkpoint.py")
    parser.add_argument("dump", help="safetensors written by --dump-tensors")
    parser.add_argument("--prompt", default="a red house under a yellow sun")
    parser.add_argument("--negative", default="blurry")
    parser.add_argument("--seed", type=int, default=42)
    parser.add_argument("--batch", type=int, default=1)
    parser.add_argument("--sampler", choices=SAMPLERS, default="euler")
    parser.add_argument("--steps", type=int, default=6)
    parser.add_argument("--width", type=int, default=512)
    parser.add_argument("--height", type=int, default=512)
    parser.add_argument("--guidance", type=float, default=7.5)
    parser.add_argument("--compare", choices=["forced", "free", "both"], default="forced")
    parser.add_argument("--forced-steps", help="steps to look at when forced, e.g. 0,3,5; all by default")
    parser.add_argument("--yardstick", choices=["bf16", "fp16", "none"], default="bf16")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--cache", default="fullsize-cache", help="folder for computed references")
    return parser.parse_args()


def main():
    arguments = parse()
    torch.set_num_threads(arguments.threads)
    torch.set_grad_enabled(False)
    dump = check_dump(read(arguments.dump), arguments)
    status = os.stat(arguments.checkpoint)
    key = sampling(arguments) | {"prompt": arguments.prompt, "negative": arguments.negative,
                                 "checkpoint": [status.st_size, int(status.st_mtime)]}
    steps = [int(k) for k in arguments.forced_steps.split(",")] if arguments.forced_steps else range(arguments.steps)
    forced = key | {"dump": digest(dump), "forced": list(steps)}
    runs = {"forced": (forced, lambda model: forced_run(model, arguments, dump, list(steps))),
            "free": (key, lambda model: free_run(model, arguments))}
    for name in ["forced", "free"] if arguments.compare == "both" else [arguments.compare]:
        run_key, run = runs[name]
        results = {}
        for precision in ["float32"] + [arguments.yardstick] * (arguments.yardstick != "none"):
            print(f"  {name}, {precision}", flush=True)
            results[precision] = cached(arguments.cache, run_key | {"precision": precision},
                                        lambda: run(Model(arguments.checkpoint, DTYPES[precision])))
        if name == "free":
            for side in ("positive", "negative"):
                same = torch.equal(dump[f"tokens.{side}"], results["float32"][f"tokens.{side}"])
                print(f"tokens.{side}: {'equal' if same else 'DIFFERENT'}")
        table(name, dump, results["float32"], results.get(arguments.yardstick), arguments.yardstick)


if __name__ == "__main__":
    main()
