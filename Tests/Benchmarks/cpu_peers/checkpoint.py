"""A checkpoint in its original single-file layout, as diffusers wants it: without a network and without a hub."""

import json
import pathlib
import struct
import sys

ROOT = pathlib.Path(__file__).resolve().parents[3]
REFERENCES = ROOT / "Tests" / "References"
MERGES = ROOT / "Sources" / "CVocabulary" / "merges.txt"
TINY = ROOT / "Tests" / "Goldens" / "pipeline" / "tiny-sd.safetensors"


def references():
    """Make the scripts that know the layout of checkpoints importable."""
    if str(REFERENCES) not in sys.path:
        sys.path.append(str(REFERENCES))


def configuration(path):
    """The parts' settings: the file's own where its metadata have them, else Stable Diffusion 1.5's."""
    references()
    from pipeline_structure import SD15

    with open(path, "rb") as file:
        length = struct.unpack("<Q", file.read(8))[0]
        metadata = json.loads(file.read(length)).get("__metadata__", {})
    return json.loads(metadata["config"]) if "config" in metadata else SD15


def write_settings(config, folder):
    """A diffusers folder without weights: what `from_single_file` would otherwise fetch."""
    merges = MERGES.read_text().splitlines()
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    alphabet = [chr(byte) for byte in printable] + [chr(0x100 + k) for k in range(256 - len(printable))]
    words = alphabet + [letter + "</w>" for letter in alphabet] + [merge.replace(" ", "") for merge in merges]
    words += ["<|startoftext|>", "<|endoftext|>"]
    end = words[-1]
    files = {
        "unet/config.json": config["unet"] | {"_class_name": "UNet2DConditionModel"},
        "vae/config.json": config["vae"] | {"_class_name": "AutoencoderKL"},
        "text_encoder/config.json": config["text_encoder"] | {"architectures": ["CLIPTextModel"]},
        "scheduler/scheduler_config.json": config["scheduler"] | {"_class_name": "EulerDiscreteScheduler"},
        "tokenizer/vocab.json": {word: index for index, word in enumerate(words)},
        "tokenizer/tokenizer_config.json": {
            "tokenizer_class": "CLIPTokenizer", "model_max_length": 77, "bos_token": words[-2], "eos_token": end,
            "unk_token": end, "pad_token": end},
        "model_index.json": {
            "_class_name": "StableDiffusionPipeline", "unet": ["diffusers", "UNet2DConditionModel"],
            "vae": ["diffusers", "AutoencoderKL"], "text_encoder": ["transformers", "CLIPTextModel"],
            "tokenizer": ["transformers", "CLIPTokenizer"], "scheduler": ["diffusers", "EulerDiscreteScheduler"],
            "safety_checker": [None, None], "feature_extractor": [None, None], "requires_safety_checker": False},
    }
    for name, value in files.items():
        path = pathlib.Path(folder) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(value))
    (pathlib.Path(folder) / "tokenizer" / "merges.txt").write_text("#version: 0.2\n" + "\n".join(merges) + "\n")


def network(path, name, dtype):
    """A network as a function of tensors to one tensor, with its weights from the file; nothing else is read."""
    references()
    import torch
    from diffusers import AutoencoderKL, UNet2DConditionModel
    from pipeline_layout import load_part
    from transformers import CLIPTextConfig, CLIPTextModel

    part = {"text": "text_encoder", "unet": "unet", "vae": "vae"}[name]
    config = configuration(path)[part]
    with torch.device("meta"):
        if name == "text":
            module = CLIPTextModel(CLIPTextConfig(**config))
        else:
            module = {"unet": UNet2DConditionModel, "vae": AutoencoderKL}[name].from_config(config)

    class Network(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.module = load_part(path, part, module, dtype)
            if name == "vae":
                # Only the decoder is measured: the encoder's weights would count as memory.
                self.module.encoder = self.module.quant_conv = None

        def forward(self, first, timestep=None, context=None):
            if name == "text":
                return self.module(first).last_hidden_state
            if name == "vae":
                return self.module.decode(first / config["scaling_factor"], return_dict=False)[0]
            return self.module(first, timestep, context, return_dict=False)[0]

    return Network().eval()


def inputs(stage, dtype):
    """Values of the stage's shapes, the same every time."""
    import torch
    from .stages import VOCABULARY

    generator = torch.Generator().manual_seed(0)
    if stage.network == "text":
        return [torch.randint(VOCABULARY, stage.input_shapes[0], generator=generator)]
    values = [torch.randn(shape, generator=generator).to(dtype) for shape in stage.input_shapes]
    if stage.network in ("unet", "unet-xl"):
        values[1] = torch.full(stage.input_shapes[1], 500.0)
    return values
