"""diffusers' networks in PyTorch: eager, or compiled."""

import torch

from . import stable_diffusion_xl
from .checkpoint import inputs, network


def prepare(job):
    """Load a network; what comes back runs it once."""
    torch.set_num_threads(job.threads)
    dtype = torch.float32 if job.variant == "float32" else torch.bfloat16
    if job.stage.network == "unet-xl":
        module = stable_diffusion_xl.unet(dtype)
    else:
        module = network(job.model, job.stage.network, dtype)
    values = inputs(job.stage, dtype)
    # In float32, too, this layout is the faster one for networks of convolutions.
    module = module.to(memory_format=torch.channels_last)
    values = [value.contiguous(memory_format=torch.channels_last) if value.dim() == 4 else value for value in values]
    if job.variant == "compiled":
        module = torch.compile(module)

    def run():
        with torch.inference_mode():
            module(*values)

    return run, None
