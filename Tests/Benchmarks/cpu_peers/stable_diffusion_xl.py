"""Stable Diffusion XL's UNet, in PyTorch. Its weights are made on the spot: a checkpoint of them has 5 GB."""

import torch
from diffusers import UNet2DConditionModel

# What diffusers calls a head's width is the number of heads here, too.
CONFIGURATION = {
    "in_channels": 4, "out_channels": 4, "sample_size": 128, "block_out_channels": [320, 640, 1280],
    "layers_per_block": 2, "transformer_layers_per_block": [1, 2, 10], "attention_head_dim": [5, 10, 20],
    "cross_attention_dim": 2048, "use_linear_projection": True, "addition_embed_type": "text_time",
    "addition_time_embed_dim": 256, "projection_class_embeddings_input_dim": 2816,
    "down_block_types": ["DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"],
    "up_block_types": ["CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"],
}


def unet(dtype):
    """A function of tensors to one tensor. Its weights keep the size of values from layer to layer."""
    with torch.device("meta"):
        module = UNet2DConditionModel.from_config(CONFIGURATION).to(dtype)
    module.to_empty(device="cpu")
    with torch.no_grad():
        for name, parameter in module.named_parameters():
            if parameter.dim() > 1:
                reach = (3 / parameter[0].numel()) ** 0.5
                parameter.uniform_(-reach, reach)
            else:
                parameter.fill_(1 if name.endswith("weight") else 0)

    class Network(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.module = module

        def forward(self, latents, timestep, context, text, ids):
            added = {"text_embeds": text, "time_ids": ids}
            return self.module(latents, timestep, context, added_cond_kwargs=added, return_dict=False)[0]

    return Network().eval()
