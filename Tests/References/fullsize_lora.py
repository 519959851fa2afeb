"""A LoRA of full size with random weights, in kohya's names: what switching costs does not hang on values.

    python fullsize_lora.py FILE [--rank 32] [--convolutions] [--seed 0]

It fits the SD 1.5 that fullsize_checkpoint.py makes: the linear layers of the UNet's transformers and those of the text
encoder, 264 of them, and with --convolutions the resnets' 3 x 3 convolutions too. Half precision, as trainers write.
"""

import argparse
import re

import torch
from diffusers import UNet2DConditionModel
from safetensors.torch import save_file
from transformers import CLIPTextConfig, CLIPTextModel

LINEAR = re.compile(r"(attn[12]\.to_(q|k|v|out\.0)|ff\.net\.(0\.proj|2)|proj_in|proj_out|self_attn\.\w+_proj|mlp\.fc[12])$")
CONVOLUTION = re.compile(r"(resnets\.\d+\.conv[12]|(down|up)samplers\.0\.conv)$")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file")
    parser.add_argument("--rank", type=int, default=32)
    parser.add_argument("--convolutions", action="store_true")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    with torch.device("meta"):
        unet = UNet2DConditionModel(cross_attention_dim=768, attention_head_dim=8)
        text = CLIPTextModel(CLIPTextConfig(hidden_size=768, intermediate_size=3072, num_hidden_layers=12, num_attention_heads=12))
    generator = torch.Generator().manual_seed(arguments.seed)
    tensors = {}
    for prefix, module in (("lora_unet_", unet), ("lora_te_", text)):
        for name, parameter in module.named_parameters():
            path, shape, rank = name.removesuffix(".weight"), parameter.shape, arguments.rank
            if not LINEAR.search(path) and not (arguments.convolutions and CONVOLUTION.search(path)):
                continue
            if prefix == "lora_te_" and not path.startswith("text_model."):
                path = "text_model." + path
            stem = prefix + path.replace(".", "_")
            ones = shape[2:] and (1,) * (len(shape) - 2)
            tensors[f"{stem}.lora_down.weight"] = torch.randn(rank, *shape[1:], generator=generator) * shape[1] ** -0.5
            tensors[f"{stem}.lora_up.weight"] = torch.randn(shape[0], rank, *ones, generator=generator) * 0.01
            tensors[f"{stem}.alpha"] = torch.tensor(rank / 2)
    save_file({name: tensor.half() for name, tensor in tensors.items()}, arguments.file)
    print(len(tensors) // 3, "modules,", sum(t.numel() for t in tensors.values()), "numbers")


if __name__ == "__main__":
    main()
