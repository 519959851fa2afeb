"""Time the networks of Stable Diffusion 1.5, or the UNet of XL, in plain PyTorch with random weights, eager or compiled.

The structures are those that `imagine bench --random sd15` and `sdxl` run: the same layers, widths and operations.
Convolutions run channels-last, attention through scaled_dot_product_attention. --compile is torch.compile with
mode="reduce-overhead": fused kernels, started as CUDA graphs. Prints the median and the fastest, measured with CUDA events
where there is CUDA, and how long the first run took, with compiling; nothing but torch is needed.
"""

import argparse
import pathlib
import statistics
import time

import torch
from torch import nn
from torch.nn import functional

# Transformer blocks at each level and in the middle; heads by their number, or, where that is None, 64 wide.
SD15 = dict(
    channels=[320, 640, 1280, 1280], depths=[1, 1, 1, 0], middle=1, layers=2, heads=8, context=768, groups=32, addition=None,
    parameters=859_520_964, vae_channels=[128, 256, 512, 512], vae_layers=2, text_layers=12, text_heads=12, text_inner=3072)
SDXL = dict(
    channels=[320, 640, 1280], depths=[0, 2, 10], middle=10, layers=2, heads=None, context=2048, groups=32, addition=2816,
    parameters=2_567_463_684, vae_channels=[128, 256, 512, 512])
TINY = dict(
    channels=[32, 64], depths=[1, 0], middle=1, layers=1, heads=4, context=64, groups=8, addition=None, vae_channels=[16, 32],
    vae_layers=1, text_layers=2, text_heads=4, text_inner=128)
TOKENS, VOCABULARY = 77, 49408


class ResnetBlock(nn.Module):
    """norm, silu, conv, time, norm, silu, conv, shortcut; `time` is the width of the time embedding, or None."""

    def __init__(self, inputs, outputs, groups, time=None, epsilon=1e-5):
        super().__init__()
        self.norm1 = nn.GroupNorm(groups, inputs, epsilon)
        self.conv1 = nn.Conv2d(inputs, outputs, 3, padding=1)
        self.time = nn.Linear(time, outputs) if time else None
        self.norm2 = nn.GroupNorm(groups, outputs, epsilon)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, padding=1)
        self.shortcut = nn.Identity() if inputs == outputs else nn.Conv2d(inputs, outputs, 1)

    def forward(self, x, time=None):
        h = self.conv1(functional.silu(self.norm1(x)))
        if self.time is not None:
            h = h + self.time(functional.silu(time))[:, :, None, None]
        return self.conv2(functional.silu(self.norm2(h))) + self.shortcut(x)


class Attention(nn.Module):
    def __init__(self, width, context, heads, bias=False):
        super().__init__()
        self.heads = heads
        self.q = nn.Linear(width, width, bias=bias)
        self.k = nn.Linear(context, width, bias=bias)
        self.v = nn.Linear(context, width, bias=bias)
        self.out = nn.Linear(width, width)

    def forward(self, x, context=None, causal=False):
        context = x if context is None else context
        q, k, v = (
            layer(value).unflatten(-1, (self.heads, -1)).transpose(1, 2)
            for layer, value in ((self.q, x), (self.k, context), (self.v, context)))
        h = functional.scaled_dot_product_attention(q, k, v, is_causal=causal)
        return self.out(h.transpose(1, 2).flatten(2))


class TransformerBlock(nn.Module):
    """Self-attention, attention to the prompt and a gated network."""

    def __init__(self, width, context, heads):
        super().__init__()
        self.norms = nn.ModuleList(nn.LayerNorm(width) for _ in range(3))
        self.attention1 = Attention(width, width, heads)
        self.attention2 = Attention(width, context, heads)
        self.gate = nn.Linear(width, 8 * width)
        self.down = nn.Linear(4 * width, width)

    def forward(self, h, context):
        h = self.attention1(self.norms[0](h)) + h
        h = self.attention2(self.norms[1](h), context) + h
        value, gate = self.gate(self.norms[2](h)).chunk(2, dim=-1)
        return self.down(value * functional.gelu(gate)) + h


class Transformer(nn.Module):
    """Blocks over the positions of an image."""

    def __init__(self, width, context, heads, groups, depth):
        super().__init__()
        self.norm = nn.GroupNorm(groups, width, 1e-6)
        self.proj_in = nn.Linear(width, width)
        self.blocks = nn.ModuleList(TransformerBlock(width, context, heads or width // 64) for _ in range(depth))
        self.proj_out = nn.Linear(width, width)

    def forward(self, x, context):
        height, width = x.shape[2:]
        h = self.proj_in(self.norm(x).permute(0, 2, 3, 1).flatten(1, 2))
        for block in self.blocks:
            h = block(h, context)
        return self.proj_out(h).unflatten(1, (height, width)).permute(0, 3, 1, 2) + x


class UNet(nn.Module):
    def __init__(self, config):
        super().__init__()
        channels, groups, layers = config["channels"], config["groups"], config["layers"]
        last, time = len(channels) - 1, 4 * channels[0]

        def transformer(width, depth):
            return Transformer(width, config["context"], config["heads"], groups, depth)

        self.width = channels[0]
        self.conv_in = nn.Conv2d(4, channels[0], 3, padding=1)
        self.time = nn.Sequential(nn.Linear(channels[0], time), nn.SiLU(), nn.Linear(time, time))
        addition = config["addition"]
        self.addition = nn.Sequential(nn.Linear(addition, time), nn.SiLU(), nn.Linear(time, time)) if addition else None
        self.down, skips, width = nn.ModuleList(), [channels[0]], channels[0]
        for level, outputs in enumerate(channels):
            for _ in range(layers):
                self.down.append(nn.ModuleList([ResnetBlock(width, outputs, groups, time)]))
                if config["depths"][level]:
                    self.down[-1].append(transformer(outputs, config["depths"][level]))
                width = outputs
                skips.append(width)
            if level < last:
                self.down.append(nn.ModuleList([nn.Conv2d(width, width, 3, stride=2, padding=1)]))
                skips.append(width)
        self.middle = nn.ModuleList(
            [
                ResnetBlock(width, width, groups, time), transformer(width, config["middle"]),
                ResnetBlock(width, width, groups, time)
            ])
        self.up = nn.ModuleList()
        for level in reversed(range(len(channels))):
            for layer in range(layers + 1):
                block = nn.ModuleList([ResnetBlock(width + skips.pop(), channels[level], groups, time)])
                width = channels[level]
                if config["depths"][level]:
                    block.append(transformer(width, config["depths"][level]))
                if level > 0 and layer == layers:
                    block.append(nn.Conv2d(width, width, 3, padding=1))
                self.up.append(block)
        self.norm_out = nn.GroupNorm(groups, width)
        self.conv_out = nn.Conv2d(width, 4, 3, padding=1)

    def run(self, block, h, time, context, upsamples=False):
        for layer in block:
            if isinstance(layer, ResnetBlock):
                h = layer(h, time)
            elif isinstance(layer, Transformer):
                h = layer(h, context)
            else:
                h = layer(functional.interpolate(h, scale_factor=2.0) if upsamples else h)
        return h

    def forward(self, latents, timestep, context, addition=None):
        half = self.width // 2
        frequencies = torch.exp(-torch.arange(half, device=latents.device) * (9.210340371976184 / half))
        angles = timestep[:, None].float() * frequencies
        time = self.time(torch.cat([angles.cos(), angles.sin()], dim=-1).to(latents.dtype))
        if self.addition is not None:
            time = time + self.addition(addition)
        h = self.conv_in(latents)
        skips = [h]
        for block in self.down:
            h = self.run(block, h, time, context)
            skips.append(h)
        h = self.run(self.middle, h, time, context)
        for block in self.up:
            h = self.run(block, torch.cat([h, skips.pop()], dim=1), time, context, upsamples=True)
        return self.conv_out(functional.silu(self.norm_out(h)))


class Decoder(nn.Module):
    def __init__(self, config):
        super().__init__()
        channels, groups = config["vae_channels"], config["groups"]
        width = channels[-1]
        self.post_quant_conv = nn.Conv2d(4, 4, 1)
        self.conv_in = nn.Conv2d(4, width, 3, padding=1)
        self.middle1 = ResnetBlock(width, width, groups, epsilon=1e-6)
        self.norm = nn.GroupNorm(groups, width, 1e-6)
        self.attention = Attention(width, width, heads=1, bias=True)
        self.middle2 = ResnetBlock(width, width, groups, epsilon=1e-6)
        self.up = nn.ModuleList()
        for level in reversed(range(len(channels))):
            for _ in range(config["vae_layers"] + 1):
                self.up.append(ResnetBlock(width, channels[level], groups, epsilon=1e-6))
                width = channels[level]
            if level > 0:
                self.up.append(nn.Conv2d(width, width, 3, padding=1))
        self.norm_out = nn.GroupNorm(groups, width, 1e-6)
        self.conv_out = nn.Conv2d(width, 3, 3, padding=1)

    def forward(self, latents):
        h = self.middle1(self.conv_in(self.post_quant_conv(latents / 0.18215)))
        height, width = h.shape[2:]
        tokens = self.attention(self.norm(h).permute(0, 2, 3, 1).flatten(1, 2))
        h = self.middle2(tokens.unflatten(1, (height, width)).permute(0, 3, 1, 2) + h)
        for layer in self.up:
            h = layer(h if isinstance(layer, ResnetBlock) else functional.interpolate(h, scale_factor=2.0))
        return self.conv_out(functional.silu(self.norm_out(h)))


class TextEncoder(nn.Module):
    def __init__(self, config):
        super().__init__()
        width = config["context"]
        self.tokens = nn.Embedding(VOCABULARY, width)
        self.positions = nn.Embedding(TOKENS, width)
        self.layers = nn.ModuleList(
            nn.ModuleDict(dict(
                norm1=nn.LayerNorm(width), attention=Attention(width, width, config["text_heads"], bias=True),
                norm2=nn.LayerNorm(width), up=nn.Linear(width, config["text_inner"]),
                down=nn.Linear(config["text_inner"], width)))
            for _ in range(config["text_layers"]))
        self.norm = nn.LayerNorm(width)

    def forward(self, ids):
        h = self.tokens(ids) + self.positions.weight
        for layer in self.layers:
            h = layer["attention"](layer["norm1"](h), causal=True) + h
            inner = layer["up"](layer["norm2"](h))
            h = layer["down"](inner * torch.sigmoid(1.702 * inner)) + h
        return self.norm(h)


class Clock:
    """Times of repeats, on CUDA by the device's own events."""

    def __init__(self, device, repeats):
        self.cuda, self.repeats = device.type == "cuda", repeats

    def once(self, run):
        if not self.cuda:
            start = time.perf_counter()
            run()
            return time.perf_counter() - start
        start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        start.record()
        run()
        end.record()
        end.synchronize()
        return start.elapsed_time(end) / 1000

    def warm(self, run):
        """Seconds of the first of three runs that do not count: compiled graphs are recorded in the second."""
        start = time.perf_counter()
        self.once(run)
        seconds = time.perf_counter() - start
        for _ in range(2):
            self.once(run)
        return seconds

    def times(self, run, repeats=None):
        return [self.once(run) for _ in range(repeats or self.repeats)]


def parameters(module):
    return sum(parameter.numel() for parameter in module.parameters())


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--xl", action="store_true", help="Stable Diffusion XL's UNet instead")
    parser.add_argument("--compile", action="store_true", help="with torch.compile and CUDA graphs")
    parser.add_argument("--stage", action="append", choices=["unet", "vae", "text", "picture"],
                        help="only this; may be repeated; XL has its UNet alone")
    parser.add_argument("--turn", metavar="PATH", help="when everything is compiled, make PATH.ready, and wait for PATH.go "
                        "to measure: so that several compile at once")
    parser.add_argument("--size", type=int, default=None, help="pixels along a side of the picture; default 512, XL 1024")
    parser.add_argument("--steps", type=int, default=20, help="of a whole picture")
    parser.add_argument("--repeat", type=int, default=20)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--dtype", choices=["float16", "bfloat16", "float32"], default=None)
    parser.add_argument("--tiny", action="store_true", help="the structure in miniature, to see that all of this runs")
    arguments = parser.parse_args()
    device = torch.device(arguments.device)
    dtype = getattr(torch, arguments.dtype or ("float16" if device.type == "cuda" else "float32"))
    config = TINY if arguments.tiny else SDXL if arguments.xl else SD15
    size = arguments.size or (1024 if arguments.xl else 512)
    wanted = ["unet"] if arguments.xl else arguments.stage or ["unet", "vae", "text", "picture"]
    draws = "picture" in wanted
    torch.backends.cudnn.benchmark = True
    # Structures are loops over layers of different widths, each of which is compiled for itself.
    torch._dynamo.config.cache_size_limit = 1000
    torch.manual_seed(0)

    def network(kind, count=None):
        made = kind(config).to(dtype=dtype, memory_format=torch.channels_last).eval()
        assert count is None or parameters(made) == count, "the structure differs"
        return torch.compile(made, mode="reduce-overhead") if arguments.compile else made

    # Only where they are made: the compiler does not look through a default device.
    with device, torch.inference_mode():
        name = torch.cuda.get_device_name(device) if device.type == "cuda" else "the processor"
        how = "compiled" if arguments.compile else "eager"
        print(f"torch {torch.__version__}, {how}, {dtype}, on {name}, {size}x{size}", flush=True)
        unet = network(UNet, config.get("parameters")) if draws or "unet" in wanted else None
        side = size >> len(config["vae_channels"]) - 1
        latents = torch.randn(2, 4, side, side, dtype=dtype).to(memory_format=torch.channels_last)
        context = torch.randn(2, TOKENS, config["context"], dtype=dtype)
        timestep = torch.tensor([500.0, 500.0])
        addition = torch.randn(2, config["addition"], dtype=dtype) if config["addition"] else None
        text = decoder = ids = None
        # Together with the encoder of pictures, which draws none, these and the UNet are Stable Diffusion 1.5.
        if draws or "text" in wanted:
            text = network(TextEncoder, None if arguments.tiny else 123_060_480)
            ids = torch.randint(VOCABULARY, (2, TOKENS))
        if draws or "vae" in wanted:
            decoder = network(Decoder, None if arguments.tiny else 49_490_199)

    def picture():
        prompt, x = text(ids).clone(), latents[:1].clone()
        for step in range(arguments.steps):
            negative, positive = unet(torch.cat([x, x]), timestep, prompt).chunk(2)
            x = x - (negative + 7 * (positive - negative)) * (1 / arguments.steps)
        return decoder(x).float().clamp(-1, 1).cpu()

    stages = {
        "unet": ("UNet, one step", lambda: unet(latents, timestep, context, addition), None),
        "vae": ("decoder", lambda: decoder(latents[:1]), None),
        "text": ("text encoder", lambda: text(ids), None),
        "picture": (f"picture, {arguments.steps} steps", picture, max(arguments.repeat // 4, 1)),
    }
    chosen = [stages[name] for name in stages if name in wanted]
    with torch.inference_mode():
        clock = Clock(device, arguments.repeat)
        firsts = [clock.warm(run) for _, run, _ in chosen] if arguments.turn else None
        if arguments.turn:
            pathlib.Path(f"{arguments.turn}.ready").touch()
            while not pathlib.Path(f"{arguments.turn}.go").exists():
                time.sleep(0.1)
        for index, (label, run, repeats) in enumerate(chosen):
            first = firsts[index] if firsts else clock.warm(run)
            clock.once(run)  # The device may have waited.
            times = [1000 * seconds for seconds in clock.times(run, repeats)]
            print(f"{label:20} {statistics.median(times):10.2f} ms {min(times):10.2f} ms fastest, first {first:.1f} s",
                  flush=True)
        if device.type == "cuda":
            print(f"memory               {torch.cuda.max_memory_allocated() / 1e6:10.0f} MB")


if __name__ == "__main__":
    main()
