"""Write a checkpoint with a published structure and seeded random weights, in the original single-file layout.

Needs numpy only and less than 1 GB of memory. In 16 bits Stable Diffusion 1.5 takes 2.1 GB, 2.1 takes 2.6, XL takes 6.9,
and its refiner 6.1: one to two minutes on a slow processor.
"""

import argparse

from fullsize_structures import FAMILIES
from pipeline_weights import write_checkpoint


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("path", help="safetensors file to write")
    parser.add_argument("--family", choices=[name for name in FAMILIES if name != "sd15-tiny"], default="sd15")
    parser.add_argument("--dtype", choices=["fp16", "bf16", "fp32"], default="fp16")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--tiny", action="store_true", help="of sd15, with the widths of tiny-sd")
    arguments = parser.parse_args()
    if arguments.tiny and arguments.family != "sd15":
        parser.error("--tiny is for the family sd15")
    shapes, notes = FAMILIES["sd15-tiny" if arguments.tiny else arguments.family]()
    dtype = {"fp16": "F16", "bf16": "BF16", "fp32": "F32"}[arguments.dtype]
    size = write_checkpoint(arguments.path, shapes, notes, dtype, arguments.seed)
    print(f"{arguments.path}: {size / 1e9:.2f} GB")


if __name__ == "__main__":
    main()
