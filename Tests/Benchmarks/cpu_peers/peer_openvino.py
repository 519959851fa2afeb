"""diffusers' networks in OpenVINO, converted from PyTorch beforehand.

As a program (`python -m cpu_peers.peer_openvino JOB`) it converts, in a process of its own, so that neither PyTorch nor
the conversion count as memory of what is measured.
"""

import pathlib
import re
import sys
import warnings

from .job import Job

HINTS = {"float32": "f32", "bfloat16": "bf16", "float16": "f16"}


def convert(job):
    """Write the network with sizes left open, and weights in 16 bits as they are in the checkpoint.

    Constants that tracing computes, such as the frequencies of a timestep, are rounded to 16 bits with them: with the
    same input, results are then some 1% from PyTorch's. Written in 32 bits they agree to 1e-6, in twice the memory.
    """
    import openvino
    import torch

    from .checkpoint import inputs, network

    warnings.filterwarnings("ignore")  # Of what tracing takes for a constant, such as whether a size needs padding.
    with torch.inference_mode():
        traced = inputs(job.stage, torch.float32)
        if job.stage.network != "text":
            # The smallest picture that all levels divide: tracing computes, too.
            traced[0] = traced[0][..., :8, :8].contiguous()
        module = network(job.model, job.stage.network, torch.float32)
        model = openvino.convert_model(module, example_input=tuple(traced))
    # Under another name until it is whole: the next run takes what it finds.
    whole = pathlib.Path(job.converted)
    partial = whole.with_stem("partial-" + whole.stem)
    openvino.save_model(model, partial, compress_to_fp16=True)
    partial.with_suffix(".bin").replace(whole.with_suffix(".bin"))
    partial.replace(whole)


def prepare(job):
    """Compile a converted network for the stage's sizes; what comes back runs it once."""
    import numpy
    import openvino

    core = openvino.Core()
    model = core.read_model(job.converted)
    model.reshape({index: list(shape) for index, shape in enumerate(job.stage.input_shapes)})
    compiled = core.compile_model(model, "CPU", {
        "PERFORMANCE_HINT": "LATENCY", "INFERENCE_NUM_THREADS": job.threads,
        "INFERENCE_PRECISION_HINT": HINTS[job.variant]})
    random = numpy.random.default_rng(0)
    values = [random.standard_normal(shape).astype(numpy.float32) for shape in job.stage.input_shapes]
    if job.stage.network == "text":
        values[0] = random.integers(0, 49408, job.stage.input_shapes[0])
    elif job.stage.network == "unet":
        values[1][:] = 500
    request = compiled.create_infer_request()
    return lambda: request.infer(values), unmasked(compiled, job.mask)


def unmasked(compiled, mask):
    """A sentence where kernels were chosen that the mask forbids: OpenVINO's own do not obey oneDNN's variable."""
    if mask == "none":
        return None
    forbidden = re.compile({"avx2": "avx512|amx", "avx512": "amx|bf16|vnni"}[mask])
    operations = compiled.get_runtime_model().get_ops()
    kinds = [operation.get_rt_info()["primitiveType"].astype(str) for operation in operations]
    count = sum(bool(forbidden.search(kind)) for kind in kinds)
    return f"{count} of {len(kinds)} operations do not obey --mask {mask}" if count else None


if __name__ == "__main__":
    convert(Job.parse(sys.argv[1]))
