"""LoRA files of every dialect for the small models of families_models.py: writes Tests/Goldens/adapters/dialects.json.

    python adapters_dialects.py

Made with diffusers 0.42.1, peft 0.21.2, transformers 5.24 and torch 2.15. Tensors of the files are made by the formula of
families_weights.py from their names, so that the golden holds names and shapes only. Of each weight that a file changes
it has two products with numbers by the same formula. The weights after come from formulas in 64 bits; files that diffusers
reads are read by it too, fused, and found equal.
"""

import json
import math
import pathlib
import tempfile
import zlib

import numpy as np
import torch
from safetensors.torch import save_file

from families_layout import original
from families_models import FAMILIES, canonical, load
from families_runs import make_pipeline, make_tokenizer
from families_weights import weight

GOLDENS = pathlib.Path(__file__).resolve().parent.parent / "Goldens" / "adapters"
RANK = 3
SHARE = 6
# diffusers tells the dialect by projections to the output.
LATE = ("layers.1.self_attn.out_proj", "proj_in", "conv_in", "conv_out", "time_embedding.linear_1", "text_projection",
        "conv_shortcut", "mid_block.attentions.0.proj_out")


# Names of kohya's that diffusers leaves out without a word, and how the modules end.
UNREAD = {"te2_text_projection": "text_encoder_2_text_projection",
          "unet_add_embedding_linear_1": "unet_add_embedding_linear_1",
          "unet_add_embedding_linear_2": "unet_add_embedding_linear_2"}


class Model:
    """A small model's modules, with the names that the original has for them."""

    def __init__(self, name):
        self.name = name
        self.base, self.configs, self.pipeline_class, self.index, _ = FAMILIES[name]
        self.parts = [p for p in ("unet", "text_encoder", "text_encoder_2") if p in self.configs]
        self.networks = {p: load(p, self.configs[p]) for p in self.parts + ["vae"]}
        self.modules = {}
        for part in self.parts:
            for key, parameter in self.networks[part].named_parameters():
                path, kind = canonical(part, key).removeprefix(part + ".").rsplit(".", 1)
                self.modules.setdefault((part, path), {})[kind] = tuple(parameter.shape)

    def original(self, path):
        """The LDM path of a module of the UNet."""
        shape = list(self.modules["unet", path]["weight"])
        name, _ = original("unet", path + ".weight", shape, self.base, self.configs)
        return name.removeprefix("model.diffusion_model.").removesuffix(".weight")

    def chosen(self, dialect, kinds):
        """A sixth of the modules, another for each dialect, with one of each kind that is rare."""
        found = []
        for (part, path), shapes in self.modules.items():
            if "weight" not in shapes or "embeddings." in path or len(shapes["weight"]) not in kinds:
                continue
            rare = any(path.endswith(end) for end in LATE)
            if rare or zlib.crc32(f"{dialect} {part} {path}".encode()) % SHARE == 0:
                found.append((part, path, shapes["weight"], shapes.get("bias")))
        return found


def low(shape, down, up, k=RANK):
    """Shapes of a low-rank pair for a weight."""
    return {down: (k, *shape[1:]), up: (shape[0], k, *(1 for _ in shape[2:]))}


def product(values, down, up, shape, scale):
    return scale * (values[up].reshape(shape[0], -1) @ values[down].reshape(-1, math.prod(shape[1:]))).reshape(shape)


class File:
    """A LoRA file and what it makes of the weights."""

    def __init__(self, model, dialect, notes=None, config=None, name="lora.safetensors"):
        self.model, self.dialect, self.notes, self.config, self.name = model, dialect, notes or {}, config, name
        self.tensors, self.numbers, self.stems, self.changes = {}, {}, {}, {}

    def add(self, part, path, stem, shapes, change, alpha=None, parameter="weight", separator="."):
        """Tensors behind a stem. `change` gives the weight after from the tensors and the weight before."""
        values = {}
        for end, shape in shapes.items():
            name = f"{stem}{separator}{end}"
            assert name not in self.tensors
            self.tensors[name] = list(shape)
            self.stems.setdefault(stem + separator, {})[end] = list(shape)
            values[end] = weight(name, tuple(shape)).astype(np.float64)
        if alpha is not None:
            self.numbers[f"{stem}.alpha"] = alpha
        full = f"{part}.{path}.{parameter}"
        before = weight(full, self.model.modules[part, path][parameter]).astype(np.float64)
        self.changes[full] = change(values, before)

    def state(self):
        state = {name: torch.from_numpy(weight(name, tuple(shape))) for name, shape in self.tensors.items()}
        return state | {name: torch.tensor(float(x)) for name, x in self.numbers.items()}

    def notes_with_targets(self):
        """The notes with the modules that PEFT is to look for."""
        notes = dict(self.notes)
        if notes:
            changed = [(q, p) for q, p in self.model.modules if f"{q}.{p}.weight" in self.changes]
            # transformers 5 leaves the prefix out.
            targets = {f"{part}.target_modules": [p.removeprefix("text_model.") for q, p in changed if q == part]
                       for part in self.model.parts}
            notes["lora_adapter_metadata"] = json.dumps(json.loads(notes["lora_adapter_metadata"]) | targets)
        return notes

    def compare(self):
        """Whether diffusers makes the same of it."""
        networks = {p: load(p, self.model.configs[p]) for p in self.model.networks}
        # Else transformers 5 takes weights for missing when an adapter is loaded, and makes them anew.
        for network in networks.values():
            for parameter in network.parameters():
                parameter._is_hf_initialized = True
        tokenizers = {pad: make_tokenizer(pad) for pad in ("!", "<|endoftext|>")}
        pipeline = make_pipeline(self.model.pipeline_class, networks, self.model.configs, tokenizers, self.model.index)
        state = {n: t for n, t in self.state().items() if not any(word in n for word in UNREAD)}
        unread = {full for full in self.changes if us(full.removesuffix(".weight")).endswith(tuple(UNREAD.values()))}
        unread = unread if len(state) < len(self.state()) else set()
        notes = self.notes_with_targets()
        with tempfile.TemporaryDirectory() as folder:
            save_file(state, f"{folder}/{self.name}", metadata=notes)
            pipeline.load_lora_weights(folder, weight_name=self.name, adapter_name="a")
        pipeline.fuse_lora(components=[p for p in self.model.parts])
        largest, seen = 0, 0
        for part in self.model.parts:
            for key, parameter in networks[part].named_parameters():
                if ".lora_" in key:
                    continue
                full = canonical(part, key.replace(".base_layer.", "."))
                expected = None if full in unread else self.changes.get(full)
                seen += expected is not None
                if expected is None:
                    expected = weight(full, tuple(parameter.shape))
                expected = torch.from_numpy(np.asarray(expected, np.float64))
                largest = max(largest, float((parameter.detach().double() - expected).abs().max()))
        assert seen == len(self.changes) - len(unread), (seen, len(self.changes))
        assert largest < 2e-6, largest
        return largest

    def described(self):
        rows = {}
        for full, after in sorted(self.changes.items()):
            flat = np.asarray(after).reshape(-1)
            rows[full] = [float("%.9g" % (flat @ weight(f"{full} {k}", (flat.size, 1)).reshape(-1).astype(np.float64)))
                          for k in (1, 2)]
        return {"dialect": self.dialect, "model": self.model.name, "file": self.name, "notes": self.notes,
                **({"config": self.config} if self.config else {}),
                "tensors": self.stems, "numbers": self.numbers, "merged": rows}


def us(path):
    return path.replace(".", "_")


def lora(down, up, scale):
    return lambda v, w: w + product(v, down, up, w.shape, scale)


PROJECTIONS = {"q_proj": "to_q", "k_proj": "to_k", "v_proj": "to_v", "out_proj": "to_out"}
PREFIX = {"text_encoder": "lora_te1_", "text_encoder_2": "lora_te2_"}


def kohya(model, dialect, names, only="lora_te_"):
    """kohya's: underscores, with alpha. SD 1 has one text encoder, with no number, and diffusers' names of the UNet."""
    file = File(model, dialect)
    for part, path, shape, _ in model.chosen(dialect, (2, 4)):
        if part == "unet":
            stem = "lora_unet_" + us(model.original(path) if names == "original" else path)
        else:
            stem = (PREFIX[part] if len(model.parts) > 2 else only) + us(path)
        file.add(part, path, stem, low(shape, "lora_down.weight", "lora_up.weight"),
                 lora("lora_down.weight", "lora_up.weight", 2.0 / RANK), alpha=2.0)
    return file


def is_text_layer(part, path):
    return part == "unet" or path.startswith("text_model.encoder.")


def processors(model, dialect):
    """diffusers up to 0.18: attention processors alone, no alpha."""
    file = File(model, dialect)
    for part, path, shape, _ in model.chosen(dialect, (2,)):
        if ".attn" in path and part == "unet" and path.rsplit(".", 1)[0].endswith(("attn1", "attn2", "to_out")):
            at, name = path.removesuffix(".0").rsplit(".", 1)
            stem = f"unet.{at}.processor.{name}_lora"
        elif ".self_attn." in path:
            at, name = path.rsplit(".", 1)
            stem = f"{part}.{at}.{PROJECTIONS[name]}_lora"
        else:
            continue
        file.add(part, path, stem, low(shape, "down.weight", "up.weight"), lora("down.weight", "up.weight", 1.0))
    return file


def peft(model, dialect):
    """diffusers since 0.22 with PEFT, with its notes of alpha."""
    notes = {"lora_adapter_metadata": json.dumps({
        f"{part}.{k}": v for part in model.parts for k, v in (("r", RANK), ("lora_alpha", 5), ("use_rslora", False))})}
    file = File(model, dialect, notes)
    for part, path, shape, _ in model.chosen(dialect, (2, 4)):
        if is_text_layer(part, path):
            file.add(part, path, f"{part}.{path}", low(shape, "lora_A.weight", "lora_B.weight"),
                     lora("lora_A.weight", "lora_B.weight", 5 / RANK))
    return file


def linear_layer(model, dialect):
    """diffusers 0.19 to 0.21: layers beside the layers."""
    file = File(model, dialect)
    for part, path, shape, _ in model.chosen(dialect, (2,)):
        ends = "down.weight", "up.weight"
        if part == "unet" and (".attn1." in path or ".attn2." in path):
            file.add(part, path, f"unet.{path}.lora", low(shape, *ends), lora(*ends, 1.0))
        elif part != "unet" and path.startswith("text_model.encoder."):
            file.add(part, path, f"{part}.{path}.lora_linear_layer", low(shape, *ends), lora(*ends, 1.0))
    return file


def plain_peft(model, dialect):
    """PEFT's own file of a UNet, with its configuration beside it, rank stabilised, and DoRA."""
    config = {"peft_type": "LORA", "r": RANK, "lora_alpha": 4, "use_rslora": True, "use_dora": True}
    file = File(model, dialect, config=config, name="adapter_model.safetensors")

    def change(v, w):
        changed = w + product(v, "lora_A.weight", "lora_B.weight", w.shape, 4 / math.sqrt(RANK))
        norm = np.sqrt((changed ** 2).reshape(w.shape[0], -1).sum(1))
        return changed * (v["lora_magnitude_vector"].reshape(-1) / norm).reshape(-1, *(1 for _ in w.shape[1:]))

    for part, path, shape, _ in model.chosen(dialect, (2, 4)):
        if part == "unet":
            magnitude = (shape[0],) if len(shape) == 2 else (1, shape[0], 1, 1)
            file.add(part, path, f"base_model.model.{path}",
                     {**low(shape, "lora_A.weight", "lora_B.weight"), "lora_magnitude_vector": magnitude}, change)
    return file


CLIP = {"text_encoder": "clip_l", "text_encoder_2": "clip_g"}


def comfy(model, dialect):
    """ComfyUI's: the networks' own original names with dots, text encoders as it has them."""
    file = File(model, dialect)
    for part, path, shape, _ in model.chosen(dialect, (2, 4)):
        stem = f"text_encoders.{CLIP.get(part)}.transformer.{path}"
        if part == "unet":
            stem = f"diffusion_model.{model.original(path)}"
        ends = "lora_A.weight", "lora_B.weight"
        file.add(part, path, stem, low(shape, *ends), lora(*ends, 1.5 / RANK), alpha=1.5)
    return file


def lycoris(model, dialect):
    """LyCORIS' own names: LoHa for linear layers, LoKr for convolutions."""
    file = File(model, dialect)
    for part, path, shape, _ in model.chosen(dialect, (2, 4)):
        stem = {"unet": "lycoris_", "text_encoder": "lycoris_te1_", "text_encoder_2": "lycoris_te2_"}[part] + us(path)
        if len(shape) == 2:
            file.add(part, path, stem, {"hada_w1_a": (shape[0], RANK), "hada_w1_b": (RANK, shape[1]),
                                        "hada_w2_a": (shape[0], RANK), "hada_w2_b": (RANK, shape[1])},
                     lambda v, w: w + (v["hada_w1_a"] @ v["hada_w1_b"]) * (v["hada_w2_a"] @ v["hada_w2_b"]) / RANK, alpha=1.0)
        elif shape[0] % 2 == 0 and shape[1] % 2 == 0:
            def change(v, w):
                second = (v["lokr_w2_a"] @ v["lokr_w2_b"]).reshape(w.shape[0] // 2, w.shape[1] // 2, *w.shape[2:])
                return w + 0.5 * np.kron(v["lokr_w1"][:, :, None, None], second)

            file.add(part, path, stem, {"lokr_w1": (2, 2), "lokr_w2_a": (shape[0] // 2, 2),
                                        "lokr_w2_b": (2, shape[1] // 2 * shape[2] * shape[3])}, change, alpha=1.0)
    return file


def magnitudes(model, dialect):
    """kohya's with DoRA, of inputs for linear layers and of rows for convolutions, and numbered text encoders."""
    file = File(model, dialect)

    def change(v, w):
        changed = w + product(v, "lora_down.weight", "lora_up.weight", w.shape, 1.0)
        axes = (0,) if w.ndim == 2 else (1, 2, 3)
        return changed * v["dora_scale"] / np.sqrt((changed ** 2).sum(axis=axes, keepdims=True))

    for part, path, shape, _ in model.chosen(dialect, (2, 4)):
        stem = "lora_unet_" + us(path) if part == "unet" else PREFIX[part] + us(path)
        scale = (1, shape[1]) if len(shape) == 2 else (shape[0], 1, 1, 1)
        file.add(part, path, stem, {**low(shape, "lora_down.weight", "lora_up.weight"), "dora_scale": scale}, change,
                 alpha=float(RANK))
    return file


def full(model, dialect):
    """LyCORIS' full differences of weights, biases and norms."""
    file = File(model, dialect)
    for part, path, shape, bias in model.chosen(dialect, (1, 2, 4)):
        stem = "lora_unet_" + us(model.original(path)) if part == "unet" else PREFIX[part] + us(path)
        names = ("w_norm", "b_norm") if len(shape) == 1 else ("diff", "diff_b")
        file.add(part, path, stem, {names[0]: shape}, lambda v, w: w + v[names[0]])
        if bias:
            file.add(part, path, stem, {names[1]: bias}, lambda v, w: w + v[names[1]], parameter="bias")
    return file


def bare(model, dialect):
    """Without a prefix for the UNet, as plain layers' own names, and `lora.down`; the text encoders as kohya has them."""
    file = File(model, dialect)
    for part, path, shape, _ in model.chosen(dialect, (2, 4)):
        stem = path if part == "unet" else PREFIX[part] + us(path)
        ends = ("lora.down.weight", "lora.up.weight") if part == "unet" else ("lora_down.weight", "lora_up.weight")
        file.add(part, path, stem, low(shape, *ends), lora(*ends, 1.0))
    return file


def main():
    files = []
    for name in ("sd1", "sdxl"):
        model = Model(name)
        is_xl = len(model.parts) > 2
        made = [
            (kohya(model, "kohya", "original" if is_xl else "diffusers"), True),
            (processors(model, "attention processors"), True),
            (peft(model, "diffusers with PEFT"), True), (linear_layer(model, "linear layers"), True),
            (kohya(model, "kohya with the other names", "diffusers" if is_xl else "original", "lora_te1_"), is_xl),
            (plain_peft(model, "PEFT"), False), (comfy(model, "ComfyUI"), False), (lycoris(model, "LyCORIS"), False),
            (magnitudes(model, "kohya with DoRA"), False), (full(model, "full differences"), False),
            (bare(model, "bare"), False),
        ]
        for file, is_read in made:
            note = "formula"
            if is_read:
                note = f"diffusers, {file.compare():.1e}"
            print(name, file.dialect, len(file.tensors) + len(file.numbers), "tensors,", note)
            files.append(file.described() | {"oracle": note.split(",")[0]})
    GOLDENS.mkdir(parents=True, exist_ok=True)
    text = json.dumps({"files": files}, separators=(",", ":"))
    (GOLDENS / "dialects.json").write_text(text + "\n")
    print(len(text), "bytes")


if __name__ == "__main__":
    main()
