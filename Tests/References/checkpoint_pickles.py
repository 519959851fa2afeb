"""Writes Tests/Goldens/checkpoint/pickles/: files as torch.save makes them, and what torch finds in them.

`expected.safetensors` holds, as `<file>/<tensor>`, every tensor that the reader should find, contiguous, in its own format.
`index.json` lists the files with the notes that are expected of them. `old.ckpt` is another file each time: in the old form,
storages are called by their addresses.

Run: python Tests/References/checkpoint_pickles.py      (torch, safetensors)
"""

import io
import json
import zipfile
from collections import OrderedDict
from pathlib import Path

import torch
from safetensors.torch import save_file

FOLDER = Path(__file__).parent.parent / "Goldens" / "checkpoint" / "pickles"


def numbers(*shape, dtype=torch.float32):
    generator = torch.Generator().manual_seed(sum(shape))
    return torch.randn(*shape, generator=generator).to(dtype)


def formats():
    tensors = {
        "f64": numbers(3, dtype=torch.float64), "f32": numbers(2, 3), "f16": numbers(5, dtype=torch.float16),
        "bf16": numbers(4, 2, dtype=torch.bfloat16), "scalar": torch.tensor(2.5), "empty": torch.zeros(0, 4),
        "f8": numbers(6).to(torch.float8_e4m3fn), "f8_5": numbers(6).to(torch.float8_e5m2),
    }
    for name in ("int64", "int32", "int16", "int8", "uint8"):
        tensors[name] = torch.tensor([0, 1, 2, 100], dtype=getattr(torch, name))
    tensors["bool"] = torch.tensor([True, False, True])
    return tensors


def views():
    base = numbers(4, 6)
    volume = numbers(2, 3, 4)
    return {
        "base": base, "transposed": base.t(), "columns": base[:, 1:4], "steps": base[::2, ::3], "row": base[2],
        "inner": base[1:3], "permuted": volume.permute(2, 0, 1), "one": volume[:, :, :1], "diagonal": base.diagonal(),
        "half": numbers(3, 5, dtype=torch.float16).t(), "bytes": torch.arange(12, dtype=torch.uint8).reshape(3, 4).t(),
        "channels_last": numbers(2, 3, 2, 2).to(memory_format=torch.channels_last),
    }


def checkpoint():
    """As trainers save them: the state among other things, a shared weight, parameters, attributes of the state."""
    shared = numbers(3, 3)
    state = OrderedDict(a=torch.nn.Parameter(numbers(2, 2)), b=shared, c=shared, d=shared[1])
    state._metadata = OrderedDict({"": {"version": 1}})
    return {
        "epoch": 3, "global_step": 470000, "lr": 0.25, "name": "small", "large": 10**30, "negative": -(2**40),
        "callbacks": {"x": [1, 2, (3, 4, {"y": None})], 7: True}, "size": torch.Size([1, 2]), "dtype": torch.float16,
        "optimizer_states": [{"state": {0: {"exp_avg": numbers(4)}}}], "state_dict": state,
    }


def embedding():
    parameters = torch.nn.ParameterDict({"*": torch.nn.Parameter(numbers(2, 8))})
    return {"string_to_token": {"*": torch.tensor(265)}, "string_to_param": parameters, "name": "style"}


def nested():
    return {"image_proj": {"proj.weight": numbers(2, 3)}, "ip_adapter": OrderedDict({"1.to_k_ip.weight": numbers(3, 2)})}


def resaved_with_zip64(data):
    """The same archive written with 64-bit fields for every member, as large ones have."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as source, zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as target:
        for member in source.infolist():
            with target.open(zipfile.ZipInfo(member.filename), "w", force_zip64=True) as file:
                file.write(source.read(member))
    return out.getvalue()


def flatten(value, prefix=""):
    for key, inner in value.items():
        if isinstance(inner, torch.Tensor):
            yield prefix + key, inner
        elif hasattr(inner, "items"):
            yield from flatten(inner, f"{prefix}{key}.")


def main():
    torch.set_num_threads(1)
    FOLDER.mkdir(parents=True, exist_ok=True)
    makers = {"formats": formats, "views": views, "checkpoint": checkpoint, "embedding": embedding, "nested": nested}
    files = {f"{name}.pt": (make(), {}) for name, make in makers.items()}
    old = {k: v for k, v in formats().items() if not k.startswith("f8")}
    files["old.ckpt"] = ({"state_dict": {**old, **views()}, "global_step": 5}, {"_use_new_zipfile_serialization": False})
    for protocol in (3, 4, 5):
        files[f"protocol{protocol}.bin"] = (checkpoint(), {"pickle_protocol": protocol})
    expected, index = {}, {}
    for name, (value, options) in files.items():
        torch.save(value, FOLDER / name, **options)
        loaded = torch.load(FOLDER / name, weights_only=False)
        for key, tensor in flatten(loaded.get("state_dict", loaded)):
            expected[f"{name}/{key}"] = tensor.detach().contiguous().clone()
        notes = {k: v for k, v in loaded.items() if type(v) in (int, float, str) and abs(len(str(v))) < 20}
        index[name] = {k: str(v) for k, v in notes.items()}
    data = resaved_with_zip64((FOLDER / "views.pt").read_bytes())
    (FOLDER / "zip64.pt").write_bytes(data)
    index["zip64.pt"] = {}
    expected.update({f"zip64.pt/{k[9:]}": v.clone() for k, v in expected.items() if k.startswith("views.pt/")})
    save_file(expected, FOLDER / "expected.safetensors")
    (FOLDER / "index.json").write_text(json.dumps(index, indent=1, sort_keys=True) + "\n")


if __name__ == "__main__":
    main()
