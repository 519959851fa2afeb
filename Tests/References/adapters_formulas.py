"""What adapters do to single weights: writes Tests/Goldens/adapters/formulas.json.

    python adapters_formulas.py

Made with lycoris-lora 4.1.3, peft 0.21.2 and torch 2.15, in float32 on one thread. A case has the weight before, the tensors
by the end of their names, the notes that a file would have, and for each strength the weight after. LyCORIS' own merge
multiplies LoHa and LoKr by alpha / rank twice; the forward pass of its training does once, and that is what is taken.
"""

import json
import math
import pathlib
import warnings

import lycoris.modules as lycoris
import numpy as np
import peft
import torch
from lycoris.functional.general import weight_decompose
from lycoris.modules.ia3 import _ia3_weight

warnings.filterwarnings("ignore")
torch.set_num_threads(1)
GOLDENS = pathlib.Path(__file__).resolve().parent.parent / "Goldens" / "adapters"
LINEAR, CONV = (6, 8), (6, 4, 3, 3)
CASES = []
GENERATOR = torch.Generator().manual_seed(16)


def random(*shape, around=0.0):
    return around + 0.5 * torch.randn(shape, generator=GENERATOR)


def numbers(tensor):
    return [float("%.8g" % x) for x in tensor.detach().double().reshape(-1).tolist()]


def add(name, weight, tensors, merged, notes=None, config=None):
    assert all(torch.isfinite(m).all() for m in merged.values())
    CASES.append({
        "name": name, "weight": {"shape": list(weight.shape), "values": numbers(weight)},
        "tensors": {k: {"shape": list(v.shape), "values": numbers(v)} for k, v in tensors.items()},
        "merged": {str(s): numbers(m) for s, m in merged.items()},
        **({"notes": notes} if notes else {}), **({"config": config} if config else {})})


def layer(weight):
    if weight.dim() == 2:
        module = torch.nn.Linear(weight.shape[1], weight.shape[0], bias=False)
    else:
        module = torch.nn.Conv2d(weight.shape[1], weight.shape[0], weight.shape[2:], padding=1, bias=False)
    module.weight.data = weight.clone()
    return module


@torch.no_grad()
def with_lycoris(name, shape, tensors, strengths=(1.0, 0.6), once=False):
    """The weight that LyCORIS makes of a layer.

    once: LoHa and LoKr, where W + s * get_weight, which the forward pass adds, is taken.
    """
    weight = random(*shape)
    module, parameters = lycoris.get_module({f"m.{k}": v.clone() for k, v in tensors.items()}, "m")
    module = module.make_module_from_state_dict("m", layer(weight), *parameters)
    merged = {}
    for s in strengths:
        if once:
            merged[s] = weight + s * module.get_weight(weight.shape).reshape(weight.shape) * module.scalar
        else:
            merged[s] = module.get_merged_weight(s, weight.shape, "cpu")[0]
    add("LyCORIS " + name, weight, tensors, merged)


def with_own(name, shape, tensors, delta, strengths=(1.0, 0.6)):
    """The same by a formula in 64 bits, for what LyCORIS writes and its own merge does not read."""
    weight = random(*shape)
    change = torch.from_numpy(delta({k: v.double().numpy() for k, v in tensors.items()})).reshape(shape)
    add("formula " + name, weight, tensors, {s: weight.double() + s * change for s in strengths})


class Net(torch.nn.Module):
    def __init__(self, weight):
        super().__init__()
        self.lin = layer(weight)

    def forward(self, x):
        return self.lin(x)


@torch.no_grad()
def with_peft(name, shape, config, **kept):
    """The weight that PEFT makes of a layer, with its settings as it writes them beside the file."""
    weight = random(*shape)
    model = peft.get_peft_model(Net(weight), config)
    state = peft.get_peft_model_state_dict(model)
    tensors = {}
    for key in sorted(state):
        around = 1.0 if "magnitude" in key or "ia3" in key else 0.0
        tensors[key] = random(*state[key].shape, around=around)
    peft.set_peft_model_state_dict(model, tensors)
    model.eval()
    merged = model.merge_and_unload().lin.weight
    prefix = "base_model.model.lin."
    assert all(k.startswith(prefix) for k in tensors)
    add("PEFT " + name, weight, {k.removeprefix(prefix): v for k, v in tensors.items()}, {1.0: merged},
        config={k: v for k, v in config.to_dict().items() if k in SETTINGS and v is not None})


SETTINGS = ("r", "lora_alpha", "alpha", "use_rslora", "use_dora", "oft_block_size", "coft", "use_cayley_neumann",
            "num_cayley_neumann_terms", "block_share", "peft_type")


def tucker(core, a, b):
    return np.einsum("ijxy,ip,jr->prxy", core, a, b)


def main():
    alpha = torch.tensor(2.0)
    low = {"lora_up.weight": random(6, 3), "lora_down.weight": random(3, 8), "alpha": alpha}
    conv = {"lora_up.weight": random(6, 3, 1, 1), "lora_down.weight": random(3, 4, 3, 3), "alpha": alpha}
    with_lycoris("LoRA", LINEAR, low)
    with_lycoris("LoRA without alpha", LINEAR, {**low, "alpha": torch.tensor(3.0)})
    with_lycoris("LoCon", CONV, conv)
    with_lycoris("LoCon with a core", CONV, {
        "lora_up.weight": random(6, 3, 1, 1), "lora_mid.weight": random(3, 3, 3, 3), "lora_down.weight": random(3, 4, 1, 1),
        "alpha": alpha})
    with_lycoris("DoRA of rows", LINEAR, {**low, "dora_scale": random(6, 1, around=2.0)}, (1.0,))
    with_lycoris("DoRA of rows of a convolution", CONV, {**conv, "dora_scale": random(6, 1, 1, 1, around=2.0)}, (1.0,))
    for name, shape, tensors in [("", LINEAR, low), (" of a convolution", CONV, conv)]:
        # LyCORIS' modules cannot be made from a state dict of this direction; its function can.
        weight, magnitude = random(*shape), random(1, shape[1], *(1 for _ in shape[2:]), around=2.0)
        change = tensors["lora_up.weight"].flatten(1) @ tensors["lora_down.weight"].flatten(1) * (2 / 3)
        merged = weight_decompose(weight + change.reshape(shape), magnitude, 1.0, False)
        add("LyCORIS DoRA of inputs" + name, weight, {**tensors, "dora_scale": magnitude}, {1.0: merged})
    ha = {"hada_w1_a": random(6, 3), "hada_w1_b": random(3, 8), "hada_w2_a": random(6, 3), "hada_w2_b": random(3, 8),
          "alpha": alpha}
    with_lycoris("LoHa", LINEAR, ha, once=True)
    with_lycoris("LoHa of a convolution", CONV, {
        "hada_w1_a": random(6, 3), "hada_w1_b": random(3, 36), "hada_w2_a": random(6, 3), "hada_w2_b": random(3, 36),
        "alpha": alpha}, once=True)
    with_lycoris("LoHa with cores", CONV, {
        "hada_w1_a": random(3, 6), "hada_w1_b": random(3, 4), "hada_w2_a": random(3, 6), "hada_w2_b": random(3, 4),
        "hada_t1": random(3, 3, 3, 3), "hada_t2": random(3, 3, 3, 3), "alpha": alpha}, once=True)
    with_lycoris("LoKr", LINEAR, {"lokr_w1": random(2, 2), "lokr_w2_a": random(3, 1), "lokr_w2_b": random(1, 4),
                                  "alpha": alpha}, once=True)
    with_lycoris("LoKr of whole matrices", LINEAR, {"lokr_w1": random(2, 2), "lokr_w2": random(3, 4), "alpha": alpha},
                 once=True)
    with_lycoris("LoKr of a convolution", CONV, {"lokr_w1": random(2, 2), "lokr_w2": random(3, 2, 3, 3), "alpha": alpha},
                 once=True)
    with_lycoris("DoRA on LoKr", LINEAR, {"lokr_w1": random(2, 2), "lokr_w2": random(3, 4), "alpha": alpha,
                                          "dora_scale": random(6, 1, around=2.0)}, (1.0,))
    with_own("LoKr of two products", LINEAR, {
        "lokr_w1_a": random(2, 3), "lokr_w1_b": random(3, 4), "lokr_w2_a": random(3, 2), "lokr_w2_b": random(2, 2),
        "alpha": alpha}, lambda d: np.kron(d["lokr_w1_a"] @ d["lokr_w1_b"], d["lokr_w2_a"] @ d["lokr_w2_b"]) * (2 / 2))
    with_own("LoKr with a core", CONV, {
        "lokr_w1": random(2, 2), "lokr_t2": random(2, 3, 3, 3), "lokr_w2_a": random(2, 3), "lokr_w2_b": random(3, 2),
        "alpha": alpha}, lambda d: np.kron(
            d["lokr_w1"][:, :, None, None], tucker(d["lokr_t2"], d["lokr_w2_a"], d["lokr_w2_b"])) * (2 / 3))
    with_own("LoKr of a convolution's product", CONV, {
        "lokr_w1": random(2, 2), "lokr_w2_a": random(3, 2), "lokr_w2_b": random(2, 18), "alpha": alpha},
        lambda d: np.kron(d["lokr_w1"][:, :, None, None], (d["lokr_w2_a"] @ d["lokr_w2_b"]).reshape(3, 2, 3, 3)) * (2 / 2))
    with_lycoris("full difference", LINEAR, {"diff": random(6, 8)})
    with_lycoris("OFT", (16, 6), {"oft_blocks": random(4, 4, 4), "alpha": torch.tensor(0.0)})
    with_lycoris("OFT with a bound", CONV, {"oft_blocks": random(3, 2, 2), "alpha": torch.tensor(0.1)})
    with_lycoris("OFT with factors", LINEAR, {"oft_blocks": random(3, 2, 2), "alpha": torch.tensor(0.0),
                                              "rescale": random(6, 1, around=1.0)})
    with_lycoris("BOFT", (8, 6), {"oft_blocks": random(3, 4, 2, 2), "alpha": torch.tensor(0.0)})
    with_lycoris("BOFT with a bound", (16, 6), {"oft_blocks": random(3, 4, 4, 4), "alpha": torch.tensor(0.05)})
    for name, shape, tensors in [
        ("of outputs", LINEAR, {"weight": random(6), "on_input": torch.tensor(0)}),
        ("of inputs", LINEAR, {"weight": random(8), "on_input": torch.tensor(1)}),
        ("of a convolution's outputs", CONV, {"weight": random(1, 6, 1, 1), "on_input": torch.tensor(0)}),
        ("of a convolution's inputs", CONV, {"weight": random(1, 4, 1, 1), "on_input": torch.tensor(1)}),
    ]:
        weight = random(*shape)
        # Of a convolution's outputs, LyCORIS multiplies by the tensor with its first axes exchanged.
        add("LyCORIS IA3 " + name, weight, tensors, {
            s: _ia3_weight(weight, tensors["weight"], bool(tensors["on_input"]), s, False) for s in (1.0, 0.6)})
    with_peft("LoRA", LINEAR, peft.LoraConfig(r=3, lora_alpha=5, target_modules=["lin"]))
    with_peft("LoRA, rank stabilised", LINEAR, peft.LoraConfig(r=3, lora_alpha=5, use_rslora=True, target_modules=["lin"]))
    with_peft("LoRA of a convolution", CONV, peft.LoraConfig(r=3, lora_alpha=5, target_modules=["lin"]))
    with_peft("DoRA", LINEAR, peft.LoraConfig(r=3, lora_alpha=5, use_dora=True, target_modules=["lin"]))
    with_peft("DoRA of a convolution", CONV, peft.LoraConfig(r=3, lora_alpha=5, use_dora=True, target_modules=["lin"]))
    with_peft("LoHa", LINEAR, peft.LoHaConfig(r=3, alpha=5, target_modules=["lin"]))
    with_peft("LoKr", LINEAR, peft.LoKrConfig(r=2, alpha=5, target_modules=["lin"]))
    with_peft("OFT", LINEAR, peft.OFTConfig(r=0, oft_block_size=4, target_modules=["lin"], use_cayley_neumann=False))
    with_peft("OFT by a series", LINEAR, peft.OFTConfig(r=0, oft_block_size=4, target_modules=["lin"]))
    with_peft("OFT shared by all blocks", LINEAR, peft.OFTConfig(
        r=0, oft_block_size=4, block_share=True, target_modules=["lin"], use_cayley_neumann=False))
    with_peft("OFT of a convolution", CONV, peft.OFTConfig(
        r=0, oft_block_size=4, target_modules=["lin"], use_cayley_neumann=False))
    with_peft("IA3", LINEAR, peft.IA3Config(target_modules=["lin"], feedforward_modules=[]))
    with_peft("IA3 of inputs", LINEAR, peft.IA3Config(target_modules=["lin"], feedforward_modules=["lin"]))
    GOLDENS.mkdir(parents=True, exist_ok=True)
    text = json.dumps({"cases": CASES}, separators=(",", ":"))
    (GOLDENS / "formulas.json").write_text(text + "\n")
    print(len(CASES), "cases,", len(text), "bytes")


if __name__ == "__main__":
    main()
