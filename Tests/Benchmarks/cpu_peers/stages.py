"""What is measured: a network alone for one size of picture, or a whole command."""

from dataclasses import dataclass

PROMPT, SEED, GUIDANCE = "a red house under a yellow sun", 42, 7.5
TOKENS, VOCABULARY = 77, 49408
# Between a side of the picture and of its latents, in Stable Diffusion 1.5 and whatever has its four levels.
REDUCTION = 8
# Stable Diffusion XL's UNet: widths of a prompt's tokens and of its single vector; how many numbers describe the picture.
XL_CONTEXT, XL_TEXT, XL_IDS = 2048, 1280, 6


@dataclass(frozen=True)
class Stage:
    """`runs` are those of one turn, of which the median counts: what is over in milliseconds is run more often.
    `context` is how wide the prompt's tokens are.
    """

    key: str
    title: str
    network: str
    size: int
    runs: int
    context: int

    @property
    def input_shapes(self):
        """What goes into the network, in the order of its arguments: latents are [batch, channels, height, width]."""
        side = self.size // REDUCTION
        return {
            "text": [(2, TOKENS)], "unet": [(2, 4, side, side), (2,), (2, TOKENS, self.context)],
            "unet-xl": [(2, 4, side, side), (2,), (2, TOKENS, self.context), (2, XL_TEXT), (2, XL_IDS)],
            "vae": [(1, 4, side, side)],
        }[self.network]


def stages(config, tiny, steps):
    """Every stage there is, in the order in which they run; `tiny` for small pictures of a small model."""
    small, large, runs = (64, 128, 5) if tiny else (512, 768, 1)
    context = config["text_encoder"]["hidden_size"]
    xl = Stage("unet-xl", "UNet of Stable Diffusion XL, one step with guidance (batch 2), 1024x1024", "unet-xl", 1024, 1,
               XL_CONTEXT)
    return [
        Stage("text", "Text encoder, two prompts", "text", small, 9, context),
        Stage("unet", f"UNet, one step with guidance (batch 2), {small}x{small}", "unet", small, runs, context),
        Stage("unet-large", f"UNet, one step with guidance (batch 2), {large}x{large}", "unet", large, runs, context),
        *([] if tiny else [xl]),
        Stage("vae", f"VAE decoder, {small}x{small}", "vae", small, runs, context),
        Stage("picture", f"Whole command, from its start to the PNG: {steps} steps, {small}x{small}", "picture", small,
              1, context),
    ]


KEYS = ["text", "unet", "unet-large", "unet-xl", "vae", "picture"]
