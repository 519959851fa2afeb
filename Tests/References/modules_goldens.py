"""Write Tests/Goldens/modules: diffusers and transformers modules with small random weights.

Each file holds `weight.<diffusers key>`, `input.*`, `output` (and further `output.*`), all as the module has them
(NCHW), and in its metadata `module` (class name) and `config` (JSON of the constructor's arguments).
Outputs are computed in float64 from the float32 weights and inputs and then rounded, so they carry no error of their
own; the printed number is how far the same module in float32 strays from them.
"""

import argparse
import pathlib

import torch
import torch.nn as nn
import torch.nn.functional as F
from diffusers import AutoencoderKL, AutoencoderTiny, UNet2DConditionModel
from diffusers.models.attention_processor import Attention
from diffusers.models.downsampling import Downsample2D
from diffusers.models.embeddings import TimestepEmbedding, Timesteps
from diffusers.models.resnet import ResnetBlock2D
from diffusers.models.transformers.transformer_2d import Transformer2DModel
from diffusers.models.unets.unet_2d_blocks import (
    CrossAttnDownBlock2D,
    CrossAttnUpBlock2D,
    DownBlock2D,
    UNetMidBlock2DCrossAttn,
    UpBlock2D,
)
from diffusers.models.upsampling import Upsample2D
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection

from modules_random import as_double, as_single, normal, randomise, read, relative_l2, save

GOLDENS = pathlib.Path(__file__).parent.parent / "Goldens" / "modules"
CASES = {}


def case(function):
    """Register a case: a function of its own name returning (module, config, inputs, call)."""
    CASES[function.__name__] = function
    return function


def resnet(name, config, inputs):
    module = ResnetBlock2D(**config)
    return module, config, inputs, lambda m, i: {"output": m(i["sample"], i.get("temb"))}


@case
def resnet_same(name):
    config = dict(in_channels=16, out_channels=16, temb_channels=None, groups=8, eps=1e-6)
    return resnet(name, config, {"sample": normal(name, 2, 16, 5, 7)})


@case
def resnet_shortcut(name):
    config = dict(in_channels=24, out_channels=16, temb_channels=None, groups=8, eps=1e-6)
    return resnet(name, config, {"sample": normal(name, 1, 24, 6, 5)})


@case
def resnet_time(name):
    config = dict(in_channels=16, out_channels=16, temb_channels=32, groups=8, eps=1e-5)
    return resnet(name, config, {"sample": normal(name, 2, 16, 5, 7), "temb": normal(name + ".temb", 2, 32)})


@case
def resnet_time_shortcut(name):
    config = dict(in_channels=16, out_channels=24, temb_channels=32, groups=8, eps=1e-5)
    return resnet(name, config, {"sample": normal(name, 2, 16, 7, 5), "temb": normal(name + ".temb", 2, 32)})


@case
def transformer(name):
    config = dict(num_attention_heads=4, attention_head_dim=6, in_channels=24, num_layers=1, norm_num_groups=8,
                  cross_attention_dim=20, use_linear_projection=False)
    inputs = {"sample": normal(name, 2, 24, 5, 7), "context": normal(name + ".context", 2, 77, 20)}
    return (Transformer2DModel(**config), config, inputs,
            lambda m, i: {"output": m(i["sample"], encoder_hidden_states=i["context"]).sample})


@case
def transformer_linear(name):
    config = dict(num_attention_heads=2, attention_head_dim=8, in_channels=16, num_layers=2, norm_num_groups=8,
                  cross_attention_dim=20, use_linear_projection=True)
    inputs = {"sample": normal(name, 1, 16, 3, 5), "context": normal(name + ".context", 1, 77, 20)}
    return (Transformer2DModel(**config), config, inputs,
            lambda m, i: {"output": m(i["sample"], encoder_hidden_states=i["context"]).sample})


@case
def attention_self(name):
    config = dict(query_dim=24, heads=4, dim_head=6, bias=False)
    return (Attention(**config), config, {"sample": normal(name, 2, 35, 24)},
            lambda m, i: {"output": m(i["sample"])})


@case
def attention_cross(name):
    config = dict(query_dim=24, cross_attention_dim=20, heads=4, dim_head=6, bias=False)
    inputs = {"sample": normal(name, 2, 35, 24), "context": normal(name + ".context", 2, 77, 20)}
    return (Attention(**config), config, inputs,
            lambda m, i: {"output": m(i["sample"], encoder_hidden_states=i["context"])})


@case
def attention_vae(name):
    """The VAE's mid attention: one head over all channels, its own group norm, a residual connection."""
    config = dict(query_dim=16, heads=1, dim_head=16, bias=True, eps=1e-6, norm_num_groups=8, upcast_softmax=True,
                  residual_connection=True, rescale_output_factor=1.0, _from_deprecated_attn_block=True)
    return (Attention(**config), config, {"sample": normal(name, 2, 16, 5, 7)},
            lambda m, i: {"output": m(i["sample"])})


@case
def downsample_unet(name):
    config = dict(channels=12, use_conv=True, out_channels=12, padding=1, name="op")
    return (Downsample2D(**config), config, {"sample": normal(name, 2, 12, 5, 8)},
            lambda m, i: {"output": m(i["sample"])})


@case
def downsample_vae(name):
    config = dict(channels=12, use_conv=True, out_channels=12, padding=0, name="op")
    return (Downsample2D(**config), config, {"sample": normal(name, 2, 12, 6, 8)},
            lambda m, i: {"output": m(i["sample"])})


@case
def upsample(name):
    """Twice the size, and (`output.to_size`) the size 5x9 a skip connection of odd size asks for."""
    config = dict(channels=12, use_conv=True, out_channels=12)
    return (Upsample2D(**config), config, {"sample": normal(name, 2, 12, 3, 5)},
            lambda m, i: {"output": m(i["sample"]), "output.to_size": m(i["sample"], output_size=(5, 9))})


class TimeEmbedding(nn.Module):
    """diffusers' Timesteps followed by its TimestepEmbedding."""

    def __init__(self, num_channels, time_embed_dim):
        super().__init__()
        self.time_proj = Timesteps(num_channels, flip_sin_to_cos=True, downscale_freq_shift=0)
        self.time_embedding = TimestepEmbedding(num_channels, time_embed_dim)

    def forward(self, timesteps):
        # The angle t·f is formed in float32 by diffusers whatever the model's precision: part of the definition.
        sinusoid = self.time_proj(timesteps)
        return sinusoid, self.time_embedding(sinusoid.to(self.time_embedding.linear_1.weight.dtype))


@case
def time_embedding(name):
    """Time values 0, 1, 999 and fractional ones; `output.sinusoid` is the vector before the linear layers."""
    config = dict(num_channels=20, time_embed_dim=32)

    def call(m, i):
        sinusoid, output = m(i["timesteps"].float())
        return {"output": output, "output.sinusoid": sinusoid}

    inputs = {"timesteps": torch.tensor([0.0, 1.0, 20.0, 500.0, 999.0, 0.25, 123.456, 837.2071])}
    return TimeEmbedding(**config), config, inputs, call


BLOCK = dict(temb_channels=32, resnet_eps=1e-5, resnet_groups=4)
CROSS = dict(cross_attention_dim=20, num_attention_heads=4)


def down(m, i):
    arguments = {"encoder_hidden_states": i["context"]} if "context" in i else {}
    output, skips = m(i["sample"], i["temb"], **arguments)
    return {"output": output} | {f"output.skip.{k}": skip for k, skip in enumerate(skips)}


def up(m, i):
    skips = tuple(i[f"skip.{k}"] for k in range(3))
    arguments = {"encoder_hidden_states": i["context"]} if "context" in i else {}
    output = m(i["sample"], skips, i["temb"], **arguments)
    larger = m(i["sample"], skips, i["temb"], upsample_size=(9, 13), **arguments)
    return {"output": output, "output.to_size": larger}


def block_inputs(name, channels, skips=(), context=True):
    inputs = {"sample": normal(name, 2, channels, 5, 7), "temb": normal(name + ".temb", 2, 32)}
    if context:
        inputs["context"] = normal(name + ".context", 2, 77, 20)
    return inputs | {f"skip.{k}": normal(f"{name}.skip.{k}", 2, c, 5, 7) for k, c in enumerate(skips)}


@case
def down_block_cross(name):
    """`output.skip.k`: what the block leaves for the up path, in the order it is made."""
    config = dict(in_channels=8, out_channels=16, num_layers=2, downsample_padding=1, **BLOCK, **CROSS)
    return CrossAttnDownBlock2D(**config), config, block_inputs(name, 8), down


@case
def down_block(name):
    config = dict(in_channels=16, out_channels=16, num_layers=2, add_downsample=False, **BLOCK)
    return DownBlock2D(**config), config, block_inputs(name, 16, context=False), down


@case
def mid_block_cross(name):
    config = dict(in_channels=16, **BLOCK, **CROSS)
    return (UNetMidBlock2DCrossAttn(**config), config, block_inputs(name, 16),
            lambda m, i: {"output": m(i["sample"], i["temb"], encoder_hidden_states=i["context"])})


@case
def up_block_cross(name):
    """Skips are taken from the last, `input.skip.2`, to the first; `output.to_size` is upsampled to 9x13."""
    config = dict(in_channels=8, out_channels=12, prev_output_channel=16, num_layers=3, **BLOCK, **CROSS)
    return CrossAttnUpBlock2D(**config), config, block_inputs(name, 16, (8, 12, 12)), up


@case
def up_block(name):
    config = dict(in_channels=12, out_channels=16, prev_output_channel=16, num_layers=3, **BLOCK)
    return UpBlock2D(**config), config, block_inputs(name, 16, (12, 16, 16), context=False), up


VAE = dict(block_out_channels=(8, 12, 16, 16), layers_per_block=2, norm_num_groups=4, latent_channels=4,
           down_block_types=("DownEncoderBlock2D",) * 4, up_block_types=("UpDecoderBlock2D",) * 4)


class VAEDecoder(nn.Module):
    def __init__(self, **config):
        super().__init__()
        vae = AutoencoderKL(**config)
        self.post_quant_conv, self.decoder = vae.post_quant_conv, vae.decoder

    def forward(self, latent):
        return self.decoder(self.post_quant_conv(latent))


class VAEEncoder(nn.Module):
    def __init__(self, **config):
        super().__init__()
        vae = AutoencoderKL(**config)
        self.encoder, self.quant_conv = vae.encoder, vae.quant_conv

    def forward(self, image):
        return self.quant_conv(self.encoder(image))


@case
def vae_decoder(name):
    """Decoder with post_quant_conv; the latent is the one already divided by the scaling factor."""
    return (VAEDecoder(**VAE), VAE, {"latent": normal(name, 2, 4, 3, 5)},
            lambda m, i: {"output": m(i["latent"])})


@case
def vae_encoder(name):
    """Encoder with quant_conv: `output` is [mean, log variance] on channels, unclamped; no scaling factor."""
    inputs = {"image": normal(name, 2, 3, 24, 40, scale=0.5).clamp(-1, 1)}
    return VAEEncoder(**VAE), VAE, inputs, lambda m, i: {"output": m(i["image"])}


@case
def vae_bare(name):
    """Without quant_conv and post_quant_conv, and 6 latent channels: `output` decodes latents as the denoiser leaves them,
    by mean, deviation and scale as diffusers' pipeline for XL does; `output.encoded` is [mean, log variance]."""
    config = VAE | dict(block_out_channels=(8, 12), layers_per_block=1, latent_channels=6, use_quant_conv=False,
                        use_post_quant_conv=False, down_block_types=("DownEncoderBlock2D",) * 2,
                        up_block_types=("UpDecoderBlock2D",) * 2, scaling_factor=0.5,
                        latents_mean=[-1.6, 1.9, -1.4, 2.5, 0, 0.3], latents_std=[8.5, 5.9, 6.5, 5.2, 1, 0.25])
    inputs = {"latent": normal(name, 1, 6, 5, 7), "image": normal(name + ".image", 1, 3, 10, 14, scale=0.5).clamp(-1, 1)}

    def call(m, i):
        mean, deviation = (torch.tensor(config[key], dtype=i["latent"].dtype).view(1, -1, 1, 1)
                           for key in ("latents_mean", "latents_std"))
        latent = i["latent"] * deviation / config["scaling_factor"] + mean
        return {"output": m.decode(latent).sample, "output.encoded": m.encode(i["image"]).latent_dist.parameters}

    return AutoencoderKL(**config), config, inputs, call


@case
def vae_tiny(name):
    """`output` decodes latents as the denoiser leaves them; `output.encoded` are those of an image."""
    config = dict(encoder_block_out_channels=(8,) * 3, decoder_block_out_channels=(8,) * 3,
                  num_encoder_blocks=(1, 2, 1), num_decoder_blocks=(2, 1, 1))
    inputs = {"latent": normal(name, 2, 4, 3, 5, scale=2), "image": normal(name + ".image", 2, 3, 12, 20, scale=0.5)}
    return (AutoencoderTiny(**config), config, inputs,
            lambda m, i: {"output": m.decode(i["latent"]).sample, "output.encoded": m.encode(i["image"]).latents})


@case
def unet(name):
    """Two inputs: latents 8x8 at two times (`input.sample`), and 5x7, whose skips need sizes (`input.odd.sample`)."""
    config = dict(block_out_channels=(8, 8, 12, 12), layers_per_block=2, cross_attention_dim=16, attention_head_dim=4,
                  norm_num_groups=4, sample_size=8, in_channels=4, out_channels=4,
                  down_block_types=("CrossAttnDownBlock2D",) * 3 + ("DownBlock2D",),
                  up_block_types=("UpBlock2D",) + ("CrossAttnUpBlock2D",) * 3)
    inputs = {"sample": normal(name, 2, 4, 8, 8), "timesteps": torch.tensor([981.0, 12.5]),
              "context": normal(name + ".context", 2, 77, 16),
              "odd.sample": normal(name + ".odd", 2, 4, 5, 7)}

    def call(m, i):
        return {prefix and f"output.{prefix}" or "output":
                m(i[f"{prefix}.sample" if prefix else "sample"], i["timesteps"].float(), i["context"]).sample
                for prefix in ("", "odd")}

    return UNet2DConditionModel(**config), config, inputs, call


@case
def unet_xl(name):
    """The structure of SDXL's: three levels of which the first has no attention, and an addition embedding."""
    config = dict(block_out_channels=(8, 12, 16), layers_per_block=1, cross_attention_dim=16,
                  attention_head_dim=(2, 3, 4), transformer_layers_per_block=(1, 2, 3), norm_num_groups=4,
                  sample_size=8, in_channels=4, out_channels=4, use_linear_projection=True,
                  addition_embed_type="text_time", addition_time_embed_dim=8,
                  projection_class_embeddings_input_dim=20 + 6 * 8,
                  down_block_types=("DownBlock2D",) + ("CrossAttnDownBlock2D",) * 2,
                  up_block_types=("CrossAttnUpBlock2D",) * 2 + ("UpBlock2D",))
    inputs = {"sample": normal(name, 2, 4, 6, 10), "timesteps": torch.tensor([981.0, 12.5]),
              "context": normal(name + ".context", 2, 77, 16), "text_embeds": normal(name + ".text", 2, 20),
              "time_ids": torch.tensor([[1024.0, 768.0, 0.0, 16.0, 1000.0, 900.0], [512.0, 512.0, 8.0, 0.0, 1024.0, 1.0]])}

    def call(m, i):
        # As with timesteps, sinusoids are made of 32-bit angles: diffusers casts the ids itself.
        added = {"text_embeds": i["text_embeds"], "time_ids": i["time_ids"].float()}
        return {"output": m(i["sample"], i["timesteps"].float(), i["context"], added_cond_kwargs=added).sample}

    return UNet2DConditionModel(**config), config, inputs, call


def unet_of(name, config, ids=None, size=(6, 10)):
    """A UNet of a family, on latents of a size; with `ids`, so many numbers about the picture and a prompt's vector."""
    module = UNet2DConditionModel(**config)
    inputs = {"sample": normal(name, 2, config["in_channels"], *size), "timesteps": torch.tensor([981.0, 12.5]),
              "context": normal(name + ".context", 2, 77, config["cross_attention_dim"])}
    if ids:
        width = config["projection_class_embeddings_input_dim"] - ids * config["addition_time_embed_dim"]
        inputs |= {"text_embeds": normal(name + ".text", 2, width),
                   "time_ids": torch.tensor([[1024.0, 768.0, 0.0, 16.0, 6.0, 900.0], [512.0, 512.0, 8.0, 0.0, 2.5, 1.0]])[:, :ids]}
    if config.get("time_cond_proj_dim"):
        inputs["timestep_cond"] = normal(name + ".guidance", 2, config["time_cond_proj_dim"])

    def call(m, i):
        added = {"text_embeds": i["text_embeds"], "time_ids": i["time_ids"].float()} if ids else None
        return {"output": m(i["sample"], i["timesteps"].float(), i["context"], added_cond_kwargs=added,
                            timestep_cond=i.get("timestep_cond")).sample}

    return module, config, inputs, call


SMALL = dict(block_out_channels=(8, 12), layers_per_block=1, cross_attention_dim=16, norm_num_groups=4, sample_size=8,
             in_channels=4, out_channels=4, attention_head_dim=4, down_block_types=("CrossAttnDownBlock2D", "DownBlock2D"),
             up_block_types=("UpBlock2D", "CrossAttnUpBlock2D"))
SMALL_XL = dict(block_out_channels=(8, 8, 12), layers_per_block=2, cross_attention_dim=16, norm_num_groups=4,
                sample_size=8, in_channels=4, out_channels=4, attention_head_dim=(2, 2, 3), use_linear_projection=True,
                addition_embed_type="text_time", addition_time_embed_dim=8,
                down_block_types=("DownBlock2D",) + ("CrossAttnDownBlock2D",) * 2,
                up_block_types=("CrossAttnUpBlock2D",) * 2 + ("UpBlock2D",))


@case
def unet_sd2(name):
    """Stable Diffusion 2's: linear projections, heads of one width in every level, which is 4 here."""
    return unet_of(name, SMALL | dict(attention_head_dim=(2, 3), use_linear_projection=True), size=(5, 7))


@case
def unet_inpainting(name):
    """Nine channels: latents, a mask, latents of the masked picture."""
    return unet_of(name, SMALL | dict(in_channels=9))


@case
def unet_lcm(name):
    """The time embedding is told the strength of guidance, as `input.timestep_cond`."""
    return unet_of(name, SMALL | dict(time_cond_proj_dim=10))


@case
def unet_refiner(name):
    """Stable Diffusion XL's refiner: no attention in the first and last level but in the middle, five numbers."""
    config = SMALL_XL | dict(block_out_channels=(8, 8, 12), attention_head_dim=(2, 2, 3), layers_per_block=1,
                             transformer_layers_per_block=2, projection_class_embeddings_input_dim=20 + 5 * 8,
                             down_block_types=("DownBlock2D", "CrossAttnDownBlock2D", "DownBlock2D"),
                             up_block_types=("UpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"))
    return unet_of(name, config, ids=5)


@case
def unet_ssd(name):
    """SSD-1B's: depths of their own after each resnet on the way up, one resnet in the middle."""
    config = SMALL_XL | dict(transformer_layers_per_block=[1, 1, 2], mid_block_type="UNetMidBlock2D",
                             reverse_transformer_layers_per_block=[[2, 1, 3], [2, 1, 1], 1],
                             projection_class_embeddings_input_dim=20 + 6 * 8)
    return unet_of(name, config, ids=6)


@case
def unet_without_middle(name):
    """KOALA's and small Stable Diffusions': fewer layers and nothing in the middle."""
    config = SMALL_XL | dict(layers_per_block=1, transformer_layers_per_block=(1, 1, 2), mid_block_type=None,
                             projection_class_embeddings_input_dim=20 + 6 * 8)
    return unet_of(name, config, ids=6, size=(7, 5))


def clip(name, config, model=CLIPTextModel):
    tokens = torch.randint(0, config["vocab_size"], (2, 77), generator=torch.Generator().manual_seed(3))
    # The prompts end somewhere: transformers pools at the first token of this id. `pooling` is 1 there.
    config = config | dict(eos_token_id=config["vocab_size"] - 1)
    tokens[tokens == config["eos_token_id"]] = 1
    tokens[0, 5:9] = tokens[1, 76] = config["eos_token_id"]

    def call(m, i):
        hidden = m(i["tokens"], output_hidden_states=True)
        final_norm = getattr(m, "text_model", m).final_layer_norm
        pooled = hidden.text_embeds if model is CLIPTextModelWithProjection else hidden.pooler_output
        return {"output": hidden.last_hidden_state, "output.penultimate": hidden.hidden_states[-2],
                "output.penultimate_normed": final_norm(hidden.hidden_states[-2]), "output.pooled": pooled}

    ends = (tokens == config["eos_token_id"]).int().argmax(dim=-1)
    pooling = F.one_hot(ends, 77).float().unsqueeze(1)
    return model(CLIPTextConfig(**config)), config, {"tokens": tokens, "pooling": pooling}, call


CLIP = dict(hidden_size=32, intermediate_size=64, num_hidden_layers=3, num_attention_heads=4, vocab_size=100,
            max_position_embeddings=77, layer_norm_eps=1e-5)


@case
def clip_quick_gelu(name):
    """`output`: last hidden state after the final norm; `.penultimate` before it; `.penultimate_normed`: clip skip 2."""
    return clip(name, CLIP | dict(hidden_act="quick_gelu"))


@case
def clip_gelu(name):
    return clip(name, CLIP | dict(hidden_act="gelu", hidden_size=24, num_hidden_layers=2, intermediate_size=48))


@case
def clip_projection(name):
    """As OpenCLIP's bigG: gelu, and `output.pooled` is projected, to another width here."""
    return clip(name, CLIP | dict(hidden_act="gelu", hidden_size=24, num_hidden_layers=3, intermediate_size=48,
                                  projection_dim=20), CLIPTextModelWithProjection)


def compute(name):
    """Build a case in float64 and float32: (tensors, metadata, largest relative L2 of float32 against float64)."""
    module, config, inputs, call = CASES[name](name)
    randomise(module, name)
    weights = {f"weight.{key}": value.clone() for key, value in module.state_dict().items()
               if not key.endswith("position_ids")}
    single = call(module, inputs)
    outputs = call(module.double(), {key: as_double(value) for key, value in inputs.items()})
    error = max(relative_l2(single[key], outputs[key]) for key in outputs)
    tensors = weights | {f"input.{key}": value for key, value in inputs.items()}
    tensors |= {key: as_single(value) for key, value in outputs.items()}
    metadata = {"module": type(module).__name__, "config": config}
    if CASES[name].__doc__:
        metadata["note"] = CASES[name].__doc__
    return tensors, metadata, error


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="compare with the files instead of writing them")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("cases", nargs="*", help="names of cases; all by default")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    torch.set_grad_enabled(False)
    GOLDENS.mkdir(parents=True, exist_ok=True)
    for name in arguments.cases or CASES:
        tensors, metadata, error = compute(name)
        path = GOLDENS / f"{name}.safetensors"
        if arguments.check:
            stored = read(path)
            assert stored.keys() == tensors.keys(), name
            drift = max(relative_l2(tensors[key], stored[key]) for key in stored)
            assert drift < 1e-6, f"{name} differs from the stored golden by {drift:.1e}"
            print(f"{name:24} differs from the stored golden by {drift:.1e}")
        else:
            save(path, tensors, metadata)
            print(f"{name:24} std {tensors['output'].std():.2f}  float32 vs float64 {error:.1e}  "
                  f"{path.stat().st_size / 1e3:.0f} kB")


if __name__ == "__main__":
    main()
