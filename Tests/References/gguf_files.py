"""Writes Tests/Goldens/gguf: blocks of every quantised format, and two files, with the values that gguf's own decoders give.

- blocks.safetensors: `<format>` U8, a few blocks of random bytes whose scales are finite, and `<format>.values` F32.
- files.safetensors: what the tensors of these two files stand for, `<file>/<name>` F32:
  - notes.gguf: notes of every type before the tensors, an alignment of 64, plain and quantised tensors.
  - reshaped.gguf: as ComfyUI-GGUF's converter cuts the tensors of SD 1 and XL into rows of 256.

The files come from gguf's own writer, so reading them also tests the container.

Run: python Tests/References/gguf_files.py      (gguf, numpy, safetensors)
"""

from pathlib import Path

import numpy as np
from gguf import GGMLQuantizationType as Type
from gguf import GGUFWriter
from gguf.constants import GGML_QUANT_SIZES, GGUFValueType
from gguf.quants import dequantize, quantize
from safetensors.numpy import save_file

GOLDENS = Path(__file__).parent.parent / "Goldens" / "gguf"

# The places of the binary16 numbers in a block of each format.
SCALES = {
    Type.Q4_0: [0], Type.Q4_1: [0, 2], Type.Q5_0: [0], Type.Q5_1: [0, 2], Type.Q8_0: [0], Type.Q2_K: [80, 82],
    Type.Q3_K: [108], Type.Q4_K: [0, 2], Type.Q5_K: [0, 2], Type.Q6_K: [208], Type.IQ4_NL: [0], Type.IQ4_XS: [0],
}


def random_blocks(random, format, count):
    """Rows of one block each, of every bit pattern but for scales, some of which are negative and some subnormal."""
    _, size = GGML_QUANT_SIZES[format]
    blocks = random.integers(0, 256, (count, size), dtype=np.uint8)
    for place in SCALES[format]:
        scales = (random.normal(size=count) * 0.02).astype(np.float16)
        scales[1] = np.float16(3e-6)
        blocks[:, place : place + 2] = scales[:, None].view(np.uint8)
    return blocks


def write_blocks(random):
    tensors = {}
    for format in SCALES:
        blocks = random_blocks(random, format, 5)
        tensors[format.name] = blocks.reshape(-1)
        tensors[f"{format.name}.values"] = dequantize(blocks, format).reshape(-1).astype(np.float32)
    save_file(tensors, GOLDENS / "blocks.safetensors", metadata={"note": "ggml's blocks, decoded by gguf"})


def quantised(values, format):
    stored = quantize(values, format)
    return stored, dequantize(stored, format).astype(np.float32)


def write_notes(random, expected):
    writer = GGUFWriter(GOLDENS / "notes.gguf", "sd1")
    writer.add_custom_alignment(64)
    writer.add_string("general.name", "notes of every type")
    for name, value, kind in [
        ("a.u8", 200, GGUFValueType.UINT8), ("a.i8", -3, GGUFValueType.INT8), ("a.u16", 50000, GGUFValueType.UINT16),
        ("a.i16", -3, GGUFValueType.INT16), ("a.u32", 7, GGUFValueType.UINT32), ("a.i32", -7, GGUFValueType.INT32),
        ("a.f32", 0.5, GGUFValueType.FLOAT32), ("a.bool", True, GGUFValueType.BOOL), ("a.u64", 1 << 40, GGUFValueType.UINT64),
        ("a.i64", -(1 << 40), GGUFValueType.INT64), ("a.f64", 0.25, GGUFValueType.FLOAT64),
    ]:
        writer.add_key_value(name, value, kind)
    writer.add_array("a.words", ["one", "", "zwölf"])
    writer.add_array("a.scores", [0.5, -1.0])
    for name, values in {
        "f32": random.normal(size=(3, 5)), "f16": random.normal(size=(2, 3, 3, 3)), "scalar": random.normal(size=(1,)),
    }.items():
        values = values.astype(np.float16 if name == "f16" else np.float32)
        writer.add_tensor(name, values)
        expected[f"notes/{name}"] = values.astype(np.float32)
    for format in [Type.BF16, Type.Q8_0, Type.Q5_1, Type.Q4_0]:
        stored, values = quantised(random.normal(size=(6, 96)).astype(np.float32), format)
        writer.add_tensor(format.name.lower(), stored, raw_dtype=format)
        expected[f"notes/{format.name.lower()}"] = values
    finish(writer)


def write_reshaped(random, expected):
    """Names of SD 1's UNet, whose widths of 320 are no multiple of 256."""
    writer = GGUFWriter(GOLDENS / "reshaped.gguf", "sd1")
    for name, shape, format in [
        ("input_blocks.1.1.transformer_blocks.0.attn1.to_q.weight", (16, 320), Type.Q4_K),
        ("input_blocks.0.0.weight", (64, 4, 3, 3), Type.Q6_K),
        ("out.2.weight", (4, 64, 3, 3), Type.F16),
        # As stable-diffusion.cpp names OpenCLIP's, read by columns and by thirds.
        ("cond_stage_model.1.transformer.text_model.text_projection", (32, 64), Type.Q8_0),
        ("cond_stage_model.1.transformer.text_model.encoder.layers.0.self_attn.in_proj.weight", (96, 32), Type.Q5_0),
    ]:
        values = random.normal(size=shape).astype(np.float32)
        if format == Type.F16:
            stored = values.astype(np.float16)
            writer.add_tensor(name, stored)
            expected[f"reshaped/{name}"] = stored.astype(np.float32)
            continue
        if format in [Type.Q8_0, Type.Q5_0]:
            stored, expected[f"reshaped/{name}"] = quantised(values, format)
            writer.add_tensor(name, stored, raw_dtype=format)
            continue
        rows = values.size // 256
        stored = random_blocks(random, format, rows)
        writer.add_tensor(name, stored, raw_dtype=format)
        writer.add_array(f"comfy.gguf.orig_shape.{name}", list(shape))
        expected[f"reshaped/{name}"] = dequantize(stored, format).reshape(shape).astype(np.float32)
    finish(writer)


def finish(writer):
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def main():
    GOLDENS.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(11)
    write_blocks(random)
    expected = {}
    write_notes(random, expected)
    write_reshaped(random, expected)
    save_file(expected, GOLDENS / "files.safetensors", metadata={"note": "the values in notes.gguf and reshaped.gguf"})


if __name__ == "__main__":
    main()
