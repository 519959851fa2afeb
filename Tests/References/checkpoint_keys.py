"""Writes Tests/Goldens/checkpoint/keys-*.tsv: original and diffusers names of the same tensors.

Which original name becomes which diffusers name is decided by diffusers' own converters: every original tensor carries a
number as its value, and the number is looked for in what the converter returns. The original names are put together
from CompVis' module structure and are complete when the converter's result has exactly the names of a model that diffusers
builds itself.

Columns: component, original name, diffusers name, shape in the original file. `openclip-*.safetensors` hold a small OpenCLIP
text encoder before and after conversion, with values.

Run: python Tests/References/checkpoint_keys.py      (torch, diffusers, transformers, safetensors)
"""

from pathlib import Path
from types import SimpleNamespace

import torch
from diffusers import AutoencoderKL, UNet2DConditionModel
from diffusers.loaders.single_file_utils import (
    convert_ldm_clip_checkpoint,
    convert_ldm_unet_checkpoint,
    convert_ldm_vae_checkpoint,
    convert_open_clip_checkpoint,
)
from safetensors.torch import save_file
from transformers import CLIPTextConfig, CLIPTextModel

GOLDENS = Path(__file__).parent.parent / "Goldens" / "checkpoint"
CROSS_DOWN, CROSS_UP = "CrossAttnDownBlock2D", "CrossAttnUpBlock2D"


def models(unet, vae, text):
    with torch.device("meta"):
        return (
            UNet2DConditionModel(**unet),
            AutoencoderKL(**vae),
            CLIPTextModel(CLIPTextConfig(**text)),
        )


def unet_names(config):
    """The original names of the UNet, by CompVis' openaimodel.UNetModel."""
    names = ["time_embed.0", "time_embed.2", "input_blocks.0.0", "out.0", "out.2"]
    if config.addition_embed_type == "text_time":
        names += ["label_emb.0.0", "label_emb.0.2"]
    resnet = ["in_layers.0", "in_layers.2", "emb_layers.1", "out_layers.0", "out_layers.3"]
    block = ["attn1.to_q", "attn1.to_k", "attn1.to_v", "attn1.to_out.0", "attn2.to_q", "attn2.to_k", "attn2.to_v"]
    block += ["attn2.to_out.0", "ff.net.0.proj", "ff.net.2", "norm1", "norm2", "norm3"]
    depths = config.transformer_layers_per_block
    depths = [depths] * len(config.block_out_channels) if isinstance(depths, int) else depths

    def attention(prefix, depth):
        inner = [f"transformer_blocks.{k}.{name}" for k in range(depth) for name in block]
        return [f"{prefix}.{name}" for name in ["norm", "proj_in", "proj_out", *inner]]

    channels = config.block_out_channels
    skips = [channels[0]]
    width = channels[0]
    index = 1
    for level, kind in enumerate(config.down_block_types):
        for _ in range(config.layers_per_block):
            names += [f"input_blocks.{index}.0.{name}" for name in resnet]
            if width != channels[level]:
                names.append(f"input_blocks.{index}.0.skip_connection")
            width = channels[level]
            skips.append(width)
            if kind == CROSS_DOWN:
                names += attention(f"input_blocks.{index}.1", depths[level])
            index += 1
        if level < len(channels) - 1:
            names.append(f"input_blocks.{index}.0.op")
            skips.append(width)
            index += 1
    for part in (0, 2):
        names += [f"middle_block.{part}.{name}" for name in resnet]
    names += attention("middle_block.1", depths[-1])
    index = 0
    for level, kind in enumerate(config.up_block_types):
        for layer in range(config.layers_per_block + 1):
            names += [f"output_blocks.{index}.0.{name}" for name in resnet]
            names.append(f"output_blocks.{index}.0.skip_connection")  # the input is wider by the skip
            module = 1
            if kind == CROSS_UP:
                names += attention(f"output_blocks.{index}.1", depths[len(channels) - 1 - level])
                module = 2
            if layer == config.layers_per_block and level < len(channels) - 1:
                names.append(f"output_blocks.{index}.{module}.conv")
            index += 1
    return [f"model.diffusion_model.{name}" for name in names]


def vae_names(config):
    """The original names of the VAE, by CompVis' autoencoder.AutoencoderKL."""
    names = ["quant_conv", "post_quant_conv"]
    resnet = ["norm1", "conv1", "norm2", "conv2"]
    channels = config.block_out_channels
    for side in ("encoder", "decoder"):
        names += [f"{side}.{name}" for name in ("conv_in", "norm_out", "conv_out")]
        for block in ("block_1", "block_2"):
            names += [f"{side}.mid.{block}.{name}" for name in resnet]
        names += [f"{side}.mid.attn_1.{name}" for name in ("norm", "q", "k", "v", "proj_out")]
    for level in range(len(channels)):
        for i in range(config.layers_per_block):
            names += [f"encoder.down.{level}.block.{i}.{name}" for name in resnet]
        if level > 0 and channels[level] != channels[level - 1]:
            names.append(f"encoder.down.{level}.block.0.nin_shortcut")
        if level < len(channels) - 1:
            names.append(f"encoder.down.{level}.downsample.conv")
        for i in range(config.layers_per_block + 1):
            names += [f"decoder.up.{level}.block.{i}.{name}" for name in resnet]
        if level < len(channels) - 1 and channels[level] != channels[level + 1]:
            names.append(f"decoder.up.{level}.block.0.nin_shortcut")
        if level > 0:
            names.append(f"decoder.up.{level}.upsample.conv")
    return [f"first_stage_model.{name}" for name in names]


def text_names(layers):
    """The original names of the text encoder: those of transformers 4."""
    names = ["embeddings.token_embedding", "embeddings.position_embedding", "final_layer_norm"]
    layer = [f"self_attn.{p}_proj" for p in "qkv"] + ["self_attn.out_proj", "mlp.fc1", "mlp.fc2"]
    layer += ["layer_norm1", "layer_norm2"]
    names += [f"encoder.layers.{i}.{name}" for i in range(layers) for name in layer]
    return [f"cond_stage_model.transformer.text_model.{name}" for name in names]


def tagged(names):
    """A stand-in checkpoint: every possible weight and bias, whose value is its number. Which exist comes out later."""
    keys = [f"{name}.{kind}" for name in names for kind in ("weight", "bias")]
    tensors = {}
    for number, key in enumerate(keys):
        # An attention of the VAE is a convolution that the converter flattens; others keep their rank.
        tensors[key] = torch.full((1, 1, 1, 1) if ".mid.attn_1." in key and key.endswith("weight") else (1,), float(number))
    return keys, tensors


def pairs(component, names, convert, state, prefix=""):
    keys, tensors = tagged(names)
    converted = {prefix + key: value for key, value in convert(tensors).items()}
    rows = []
    for key, value in converted.items():
        original = keys[int(value.flatten()[0])]
        if key not in state:
            assert original.endswith(".bias"), (key, original)  # layers without bias
            continue
        shape = list(state[key].shape)
        # CompVis writes q, k, v and proj_out as 1x1 convolutions.
        if component == "vae" and ".mid.attn_1." in original and len(shape) == 2:
            shape += [1, 1]
        rows.append((component, original, key, "x".join(map(str, shape))))
    assert {row[2] for row in rows} == set(state), set(state) ^ {row[2] for row in rows}
    assert len({row[1] for row in rows}) == len(rows)
    return sorted(rows)


def write(name, unet_config, vae_config, text_config):
    unet, vae, text = models(unet_config, vae_config, text_config)
    # Since version 5, transformers leaves `text_model.` out; canonical names have it.
    state = {k if k.startswith("text_model.") else f"text_model.{k}": v for k, v in text.state_dict().items()}
    state = {k: v for k, v in state.items() if not k.endswith("position_ids")}
    config = dict(unet.config)
    config["class_embed_type"] = None
    rows = pairs("unet", unet_names(unet.config), lambda t: convert_ldm_unet_checkpoint(t, config), unet.state_dict())
    rows += pairs("vae", vae_names(vae.config), lambda t: convert_ldm_vae_checkpoint(t, vae.config), vae.state_dict())
    rows += pairs("text_encoder", text_names(text.config.num_hidden_layers), convert_ldm_clip_checkpoint, state)
    text = "".join("\t".join(row) + "\n" for row in rows)
    (GOLDENS / f"keys-{name}.tsv").write_text(text)
    print(name, len(rows), sum(p.numel() for p in unet.parameters()), sum(p.numel() for p in vae.parameters()))


def write_openclip():
    """A text encoder of width 4 with two layers, as OpenCLIP saves it and as transformers does."""
    width, generator = 4, torch.Generator().manual_seed(0)
    shapes = {
        "positional_embedding": (5, width), "token_embedding.weight": (6, width), "text_projection": (width, width),
        "ln_final.weight": (width,), "ln_final.bias": (width,), "logit_scale": (),
    }
    for i in range(2):
        layer = f"transformer.resblocks.{i}."
        shapes |= {
            layer + "attn.in_proj_weight": (3 * width, width), layer + "attn.in_proj_bias": (3 * width,),
            layer + "attn.out_proj.weight": (width, width), layer + "attn.out_proj.bias": (width,),
            layer + "mlp.c_fc.weight": (2 * width, width), layer + "mlp.c_fc.bias": (2 * width,),
            layer + "mlp.c_proj.weight": (width, 2 * width), layer + "mlp.c_proj.bias": (width,),
        }
        shapes |= {f"{layer}ln_{n}.{kind}": (width,) for n in (1, 2) for kind in ("weight", "bias")}
    prefix = "conditioner.embedders.1.model."
    source = {prefix + name: torch.randn(shape, generator=generator) for name, shape in shapes.items()}
    model = SimpleNamespace(config=SimpleNamespace(hidden_size=width))
    converted = convert_open_clip_checkpoint(model, source, prefix=prefix)
    save_file(source, GOLDENS / "openclip-original.safetensors")
    save_file({k: v.contiguous() for k, v in converted.items()}, GOLDENS / "openclip-converted.safetensors")


def main():
    GOLDENS.mkdir(parents=True, exist_ok=True)
    write(
        "sd1",
        dict(
            sample_size=64, cross_attention_dim=768, attention_head_dim=8, block_out_channels=(320, 640, 1280, 1280),
            down_block_types=(CROSS_DOWN, CROSS_DOWN, CROSS_DOWN, "DownBlock2D"),
            up_block_types=("UpBlock2D", CROSS_UP, CROSS_UP, CROSS_UP),
        ),
        dict(
            block_out_channels=(128, 256, 512, 512), layers_per_block=2, latent_channels=4, sample_size=512,
            down_block_types=("DownEncoderBlock2D",) * 4, up_block_types=("UpDecoderBlock2D",) * 4,
        ),
        dict(hidden_size=768, intermediate_size=3072, num_attention_heads=12, num_hidden_layers=12, projection_dim=768),
    )
    write(
        "tiny",
        dict(
            cross_attention_dim=32, attention_head_dim=2, block_out_channels=(32, 64), layers_per_block=1,
            down_block_types=("DownBlock2D", CROSS_DOWN), up_block_types=(CROSS_UP, "UpBlock2D"),
        ),
        dict(
            block_out_channels=(32, 32, 64), layers_per_block=1, latent_channels=4,
            down_block_types=("DownEncoderBlock2D",) * 3, up_block_types=("UpDecoderBlock2D",) * 3,
        ),
        dict(hidden_size=32, intermediate_size=64, num_attention_heads=2, num_hidden_layers=2, vocab_size=100),
    )
    write(
        "tiny-xl",
        dict(
            cross_attention_dim=64, attention_head_dim=(2, 4), block_out_channels=(32, 64), layers_per_block=3,
            transformer_layers_per_block=(1, 2), use_linear_projection=True, addition_embed_type="text_time",
            addition_time_embed_dim=8, projection_class_embeddings_input_dim=80,
            down_block_types=("DownBlock2D", CROSS_DOWN), up_block_types=(CROSS_UP, "UpBlock2D"),
        ),
        dict(block_out_channels=(32,), down_block_types=("DownEncoderBlock2D",), up_block_types=("UpDecoderBlock2D",)),
        dict(hidden_size=32, intermediate_size=64, num_attention_heads=2, num_hidden_layers=1, vocab_size=100),
    )
    small = dict(
        vae=dict(block_out_channels=(32,), down_block_types=("DownEncoderBlock2D",), up_block_types=("UpDecoderBlock2D",)),
        text=dict(hidden_size=32, intermediate_size=64, num_attention_heads=2, num_hidden_layers=1, vocab_size=100),
    )
    # The structures of SD 2 and of SDXL's refiner, with one layer a level.
    write(
        "tiny-2",
        dict(
            cross_attention_dim=64, attention_head_dim=(2, 4, 4), block_out_channels=(32, 64, 64), layers_per_block=1,
            use_linear_projection=True,
            down_block_types=(CROSS_DOWN, CROSS_DOWN, "DownBlock2D"), up_block_types=("UpBlock2D", CROSS_UP, CROSS_UP),
        ),
        small["vae"], small["text"],
    )
    write(
        "tiny-refiner",
        dict(
            cross_attention_dim=64, attention_head_dim=(2, 4, 4, 4), block_out_channels=(32, 64, 64, 64),
            layers_per_block=1, use_linear_projection=True, addition_embed_type="text_time",
            addition_time_embed_dim=8, projection_class_embeddings_input_dim=104,
            down_block_types=("DownBlock2D", CROSS_DOWN, CROSS_DOWN, "DownBlock2D"),
            up_block_types=("UpBlock2D", CROSS_UP, CROSS_UP, "UpBlock2D"),
        ),
        small["vae"], small["text"],
    )
    write_openclip()


if __name__ == "__main__":
    main()
