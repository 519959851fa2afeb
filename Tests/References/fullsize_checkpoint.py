"""Write a checkpoint with the structure of SD 1.5 and seeded random weights, in the original single-file layout.

Needs numpy only and less than 1 GB of memory; the file has 1.07 billion parameters (2.1 GB in fp16 or bf16).
"""

import argparse

from pipeline_structure import SD15, TINY, checkpoint_shapes
from pipeline_weights import write_checkpoint


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("path", help="safetensors file to write")
    parser.add_argument("--dtype", choices=["fp16", "bf16", "fp32"], default="fp16")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--tiny", action="store_true", help="the widths of tiny-sd instead of SD 1.5's")
    arguments = parser.parse_args()
    config = TINY if arguments.tiny else SD15
    dtype = {"fp16": "F16", "bf16": "BF16", "fp32": "F32"}[arguments.dtype]
    size = write_checkpoint(arguments.path, checkpoint_shapes(config), config, dtype, arguments.seed)
    print(f"{arguments.path}: {size / 1e9:.2f} GB")


if __name__ == "__main__":
    main()
