"""The structures of published checkpoints as their single files have them: tensors, and what is noted of them."""

import json

from pipeline_structure import SD15, TINY, checkpoint_shapes, openclip_shapes, text_shapes, unet_shapes, vae_shapes

OPENCLIP_H = {"hidden_size": 1024, "intermediate_size": 4096, "num_hidden_layers": 24, "vocab_size": 49408,
              "max_position_embeddings": 77}
OPENCLIP_BIGG = OPENCLIP_H | {"hidden_size": 1280, "intermediate_size": 5120, "num_hidden_layers": 32}

SD21_UNET = SD15["unet"] | {"cross_attention_dim": 1024, "use_linear_projection": True}
XL_UNET = SD15["unet"] | {
    "block_out_channels": [320, 640, 1280], "cross_attention_dim": 2048, "use_linear_projection": True,
    "transformer_layers_per_block": [0, 2, 10], "projection_class_embeddings_input_dim": 1280 + 6 * 256,
    "down_block_types": ["DownBlock2D"] + ["CrossAttnDownBlock2D"] * 2,
}
REFINER_UNET = XL_UNET | {
    "block_out_channels": [384, 768, 1536, 1536], "cross_attention_dim": 1280,
    "transformer_layers_per_block": [0, 4, 4, 4], "projection_class_embeddings_input_dim": 1280 + 5 * 256,
    "down_block_types": ["DownBlock2D"] + ["CrossAttnDownBlock2D"] * 2 + ["DownBlock2D"],
}


def sd1(config):
    # The configurations make the file one that `fullsize_compare.py` can build in diffusers.
    return checkpoint_shapes(config), {"config": json.dumps(config, sort_keys=True)}


def sd21():
    shapes = unet_shapes(SD21_UNET) | vae_shapes(SD15["vae"]) | openclip_shapes(OPENCLIP_H, "cond_stage_model.model")
    return shapes, {"modelspec.prediction_type": "v"}


def sdxl():
    shapes = unet_shapes(XL_UNET) | vae_shapes(SD15["vae"])
    shapes |= text_shapes(SD15["text_encoder"], "conditioner.embedders.0.transformer")
    return shapes | openclip_shapes(OPENCLIP_BIGG, "conditioner.embedders.1.model"), {}


def refiner():
    shapes = unet_shapes(REFINER_UNET) | vae_shapes(SD15["vae"])
    return shapes | openclip_shapes(OPENCLIP_BIGG, "conditioner.embedders.0.model"), {}


# By name: gives the shapes of the tensors and the notes of the file's header.
FAMILIES = {"sd15": lambda: sd1(SD15), "sd15-tiny": lambda: sd1(TINY), "sd21": sd21, "sdxl": sdxl, "refiner": refiner}
