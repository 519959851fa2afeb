"""Which programs there are to compare, in which variants, and which of them can run here."""

import importlib.metadata
import pathlib
from dataclasses import dataclass

from . import machine

BRAIN_FLOATS, HALF_FLOATS = {"avx512_bf16", "amx_bf16", "bf16"}, {"avx512_fp16", "amx_fp16"}
DIFFUSERS = ["torch", "diffusers", "transformers", "safetensors"]
# What has to be installed, the program itself first. OpenVINO takes its networks from diffusers.
PACKAGES = {"torch": DIFFUSERS, "openvino": ["openvino", *DIFFUSERS], "sdcpp": ["stable-diffusion-cpp-python"]}
# What makes a program's libraries choose kernels as on a processor with less.
MASKS = {
    "none": {},
    "avx2": {"ONEDNN_MAX_CPU_ISA": "AVX2", "DNNL_MAX_CPU_ISA": "AVX2", "ATEN_CPU_CAPABILITY": "avx2",
             "MKL_ENABLE_INSTRUCTIONS": "AVX2", "IMAGINE_CPU_FEATURES": "avx2"},
    "avx512": {"ONEDNN_MAX_CPU_ISA": "AVX512_CORE", "DNNL_MAX_CPU_ISA": "AVX512_CORE", "ATEN_CPU_CAPABILITY": "avx512",
               "MKL_ENABLE_INSTRUCTIONS": "AVX512", "IMAGINE_CPU_FEATURES": "avx2,avx512"},
}


@dataclass(frozen=True)
class Variant:
    """`needs` are features of the processor of which one is enough; without it the variant runs, but crawls."""

    peer: str
    name: str
    how: str
    needs: frozenset = frozenset()
    optional: bool = False

    @property
    def key(self):
        return f"{self.peer}:{self.name}"

    @property
    def is_single(self):
        return self.name == "float32"

    def stages(self, every):
        """Those that it can run by itself."""
        keys = {"imagine": {"text", "unet", "unet-large", "unet-xl", "vae", "picture"},
                "torch": {"text", "unet", "unet-large", "unet-xl", "vae"}
                | ({"picture"} if self.name != "compiled" else set()),
                "openvino": {"text", "unet", "unet-large", "vae"}, "sdcpp": {"unet", "unet-large"}}[self.peer]
        return [stage for stage in every if stage.key in keys]


VARIANTS = [
    Variant("imagine", "bfloat16", "--precision bf16", frozenset(BRAIN_FLOATS)),
    Variant("imagine", "float32", "--precision f32"),
    Variant("torch", "bfloat16", "eager, channels-last", frozenset(BRAIN_FLOATS)),
    Variant("torch", "float32", "eager, channels-last"),
    Variant("torch", "compiled", "torch.compile, bfloat16, channels-last", frozenset(BRAIN_FLOATS), optional=True),
    Variant("openvino", "bfloat16", "inference precision bf16", frozenset(BRAIN_FLOATS)),
    Variant("openvino", "float16", "inference precision f16", frozenset(HALF_FLOATS)),
    Variant("openvino", "float32", "inference precision f32"),
    Variant("sdcpp", "float16", "weights in float16; derived from whole pictures"),
]


def choose(only, also, mask, tiny):
    """(variants to run, sentences on those left out). `only` and `also` name peers or variants, as `torch:compiled`."""
    chosen, left_out = [], []
    features = machine.features() - {"none": set(), "avx2": machine.BEYOND_AVX2, "avx512": machine.BEYOND_AVX512}[mask]
    for variant in VARIANTS:
        named = variant.key in only + also
        if only and not named and variant.peer not in only or variant.optional and not named:
            continue
        if reason := missing(variant.peer):
            left_out.append(f"{variant.peer}: skipped, {reason}")
        elif variant.peer == "sdcpp" and tiny:
            left_out.append("sdcpp: skipped, it knows Stable Diffusion's own widths only, not those of --tiny")
        elif variant.peer == "openvino" and tiny and mask == "avx2":
            left_out.append("openvino: skipped, under --mask avx2 it crashes on the odd widths of --tiny")
        elif variant.peer == "sdcpp" and mask != "none":
            left_out.append("sdcpp: skipped, its instruction set was chosen when it was built; no --mask applies")
        elif variant.needs and not variant.needs & features and not named:
            under = "" if mask == "none" else f" under --mask {mask}"
            left_out.append(f"{variant.key}: skipped, the processor has no such arithmetic{under}; "
                            f"--also {variant.key} runs it all the same")
        else:
            chosen.append(variant)
    return chosen, list(dict.fromkeys(left_out))


def unknown(names):
    """The first name that is neither a peer nor a variant, or None."""
    known = {variant.key for variant in VARIANTS} | {variant.peer for variant in VARIANTS}
    return next((name for name in names if name not in known), None)


def missing(peer):
    """Why a peer cannot run here, or None."""
    for package in PACKAGES.get(peer, []):
        if version_of(package) is None:
            return f"{package} is not installed (pip install {package})"
    return None


def version_of(package):
    # Asked of the package's description: importing it would make this process large, and that counts as memory of
    # every process that it starts.
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def knows_mask(program):
    """Whether a build of imagine heeds IMAGINE_CPU_FEATURES: the variable's name is then in the file."""
    return b"IMAGINE_CPU_FEATURES" in pathlib.Path(program).read_bytes()
