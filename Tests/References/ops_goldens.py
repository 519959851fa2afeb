"""Goldens of single operations from PyTorch and diffusers: Tests/Goldens/ops/ops.json.

    python Tests/References/ops_goldens.py

Made with torch 2.15 and diffusers 0.42.1. Operands are binary32; results are computed in binary64 (but for the
timestep embedding, whose binary32 angles are part of its definition) and stored as binary32. Images are stored as
[N, H, W, C], weights in PyTorch's own layout, every tensor as its shape and the base64 of its little-endian floats.
"""

import base64
import json
import pathlib

import torch
import torch.nn.functional as F
from diffusers.models.activations import GEGLU
from diffusers.models.embeddings import get_timestep_embedding

generator = torch.Generator().manual_seed(20)


def random(*shape, mean=0.0, deviation=1.0):
    return (torch.randn(*shape, generator=generator) * deviation + mean).double()


def nhwc(image):
    return image.permute(0, 2, 3, 1)


def stored(tensor):
    values = tensor.detach().to(torch.float32).contiguous()
    return {"shape": list(values.shape), "floats": base64.b64encode(values.numpy().astype("<f4").tobytes()).decode()}


goldens = []


def golden(name, expected, **operands):
    goldens.append({"name": name, "operands": {k: stored(v) for k, v in operands.items()}, "expected": stored(expected)})


for name, size, kernel, stride, padding in [
    ("conv2d", (5, 7), 3, 1, (1, 1, 1, 1)),
    ("conv2d stride 2", (5, 8), 3, 2, (1, 1, 1, 1)),
    ("conv2d asymmetric", (6, 7), 3, 2, (0, 1, 0, 1)),
    ("conv2d 1x1", (3, 5), 1, 1, (0, 0, 0, 0)),
]:
    x, w, b = random(2, 4, *size), random(6, 4, kernel, kernel), random(6)
    golden(name, nhwc(F.conv2d(F.pad(x, padding), w, b, stride)), x=nhwc(x), weight=w, bias=b)

x, w, b = random(2, 5, 7), random(3, 7), random(3)
golden("linear", F.linear(x, w, b), x=x, weight=w, bias=b)

for name, mean in [("groupNorm", 0.5), ("groupNorm far from zero", 100.0)]:
    x, w, b = random(2, 8, 3, 5, mean=mean), random(8), random(8)
    golden(name, nhwc(F.group_norm(x, 4, w, b, 1e-5)), x=nhwc(x), weight=w, bias=b)
x, w, b = random(2, 8, 3, 5), random(8), random(8)
golden("groupNorm+silu", nhwc(F.silu(F.group_norm(x, 4, w, b, 1e-6))), x=nhwc(x), weight=w, bias=b)

x, w, b = random(2, 5, 9, mean=3), random(9), random(9)
golden("layerNorm", F.layer_norm(x, (9,), w, b, 1e-5), x=x, weight=w, bias=b)

x = torch.linspace(-12, 12, 97)
golden("silu", F.silu(x.double()), x=x)
golden("gelu", F.gelu(x.double()), x=x)
golden("quickGELU", x.double() * torch.sigmoid(1.702 * x.double()), x=x)
golden("relu", F.relu(x.double()), x=x)
golden("tanh", torch.tanh(x.double()), x=x)
golden("geluTanh", F.gelu(x.double(), approximate="tanh"), x=x)
golden("leakyReLU", F.leaky_relu(x.double(), 0.2), x=x)

x = random(2, 3, 7, deviation=30)
golden("softmax", F.softmax(x, -1), x=x)
mask = torch.ones(3, 7).tril().bool()
golden("softmax causal", F.softmax(x.masked_fill(~mask, float("-inf")), -1), x=x)


def attention(q, k, v, heads, causal):
    def split(x):
        return x.unflatten(2, (heads, -1)).transpose(1, 2)

    out = F.scaled_dot_product_attention(split(q), split(k), split(v), is_causal=causal)
    return out.transpose(1, 2).flatten(2)


for name, sources, causal in [("attention", 7, False), ("attention causal", 5, True)]:
    q, k, v = random(2, 5, 12), random(2, sources, 12), random(2, sources, 12)
    golden(name, attention(q, k, v, 3, causal), q=q, k=k, v=v)

x = random(2, 3, 10, deviation=2)
gate = GEGLU(10, 5).double()
with torch.no_grad():
    # diffusers' layer with a projection that hands on what it is given.
    gate.proj.weight.copy_(torch.eye(10))
    gate.proj.bias.zero_()
    golden("geglu", gate(x), x=x)

for height, width in [(10, 14), (9, 13), (7, 11), (5, 8), (3, 4)]:
    x = random(1, 2, 5, 7)
    golden(f"upsampleNearest {height} {width}", nhwc(F.interpolate(x, (height, width), mode="nearest")), x=nhwc(x))

table, ids = random(9, 5), torch.tensor([[0, 8, 3], [8, 1, 1]])
golden("embedding", F.embedding(ids, table), table=table)

for name, times in [("timestepEmbedding", [0, 0.5, 1, 3.25]), ("timestepEmbedding late", [250.1, 500.75, 981.4, 999])]:
    t = torch.tensor(times)
    golden(name, get_timestep_embedding(t, 320, flip_sin_to_cos=True, downscale_freq_shift=0), t=t)

x = torch.cat([torch.tensor([0.0, 1.00390625, 1.01171875, -1.00390625, 1.0039064, 3e38]), random(50).float()])
golden("bfloat16", x.bfloat16().float(), x=x)

# As in convolutions whose padding_mode is circular, along one axis or both; the asymmetric padding is no convolution's own.
for name, (columns, rows), stride in [("x", (1, 0), 1), ("y", (0, 1), 1), ("xy", (1, 1), 1), ("xy stride 2", (1, 1), 2)]:
    x, w, b = random(1, 3, 5, 4), random(2, 3, 3, 3), random(2)
    padded = F.pad(F.pad(x, (columns, columns, rows, rows), mode="circular"), (1 - columns, 1 - columns, 1 - rows, 1 - rows))
    golden(f"conv2d circular {name}", nhwc(F.conv2d(padded, w, b, stride)), x=nhwc(x), weight=w, bias=b)

for name, count in [("prelu", 7), ("prelu one slope", 1)]:
    x, slopes = random(2, 3, 5, 7, deviation=3), random(count)
    golden(name, nhwc(F.prelu(x.permute(0, 3, 1, 2), slopes)), x=x, slopes=slopes)

target = pathlib.Path(__file__).parents[1] / "Goldens" / "ops" / "ops.json"
target.parent.mkdir(parents=True, exist_ok=True)
target.write_text(json.dumps(goldens, indent=1) + "\n")
print(target, target.stat().st_size, "bytes,", len(goldens), "goldens")
