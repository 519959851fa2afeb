"""What the measurements were made on."""

import os
import pathlib
import platform

BEYOND_AVX512 = {
    "avx_vnni", "avx512_vnni", "avx512_bf16", "avx512_fp16", "amx_tile", "amx_int8", "amx_bf16", "amx_fp16"}
BEYOND_AVX2 = BEYOND_AVX512 | {"avx512f"}
TOLD = [
    "avx2", "avx512f", "avx_vnni", "avx512_vnni", "avx512_bf16", "avx512_fp16", "amx_tile", "amx_bf16", "amx_fp16",
    "asimd", "bf16", "sve"]


def field(path, name):
    """The first value of a `name: value` line, or an empty text."""
    try:
        lines = pathlib.Path(path).read_text().splitlines()
    except OSError:
        return ""
    values = (line.partition(":")[2].strip() for line in lines if line.partition(":")[0].strip() == name)
    return next(values, "")


def features():
    """The processor's features by Linux's names, on 64-bit Arm too; none where it does not tell."""
    return {name for line in ("flags", "Features") for name in field("/proc/cpuinfo", line).split()}


def threads():
    """Processor threads that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()


def facts():
    """Name to value, in the order in which people read them."""
    release = dict(line.split("=", 1) for line in read("/etc/os-release").splitlines() if "=" in line)
    system = release.get("PRETTY_NAME", platform.system()).strip('"')
    told = features()
    return {
        "processor": field("/proc/cpuinfo", "model name") or platform.processor() or platform.machine(),
        "family, model, stepping": ", ".join(
            field("/proc/cpuinfo", name) for name in ("cpu family", "model", "stepping")).strip(", "),
        "threads it has": str(threads()),
        "vector instructions": " ".join(name for name in TOLD if name in told),
        "memory": gigabytes(field("/proc/meminfo", "MemTotal")),
        "system": f"{system}, {platform.system()} {platform.release()}",
        "Python": platform.python_version(),
    }


def read(path):
    try:
        return pathlib.Path(path).read_text()
    except OSError:
        return ""


def gigabytes(kilobytes):
    return f"{int(kilobytes.split()[0]) / 1e6:.1f} GB" if kilobytes else ""


def others():
    """A sentence if something else computes here, which spoils measurements; else None."""
    load = os.getloadavg()[0]
    if load <= 0.5:
        return None
    return f"the load was {load:.1f} at the start: something else computed, too, so these times say little"
