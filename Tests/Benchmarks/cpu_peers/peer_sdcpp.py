"""stable-diffusion.cpp, which draws whole pictures only: its networks' times are derived from those of pictures."""

import ctypes
import re
import time

from .stages import GUIDANCE, PROMPT, SEED

# Pictures of these numbers of steps, from whose difference the time of a step follows.
FEW, MORE = 1, 3


def prepare(job):
    """Load the model; what comes back draws two pictures and tells the seconds of the stages that they hold."""
    import stable_diffusion_cpp

    model = stable_diffusion_cpp.StableDiffusion(
        model_path=job.model, n_threads=job.threads, vae_decode_only=True, verbose=False)
    lines = []

    @stable_diffusion_cpp.sd_log_callback
    def log(level, text, data):
        lines.append(text.decode(errors="replace"))

    # The package's own callback, set when it was imported, prints or drops what is said. The library does not keep this
    # one alive, so the model does.
    stable_diffusion_cpp.sd_set_log_callback(log, ctypes.c_void_p(0))
    model.log = log

    def picture(steps):
        lines.clear()
        start = time.perf_counter()
        model.generate_image(
            prompt=PROMPT, width=job.stage.size, height=job.stage.size, cfg_scale=GUIDANCE, sample_method="euler",
            sample_steps=steps, seed=SEED)
        return time.perf_counter() - start

    def run():
        few = picture(FEW)
        seconds = {job.stage.key: (picture(MORE) - few) / (MORE - FEW)}
        if job.stage.key == "unet":
            seconds |= {"text": said(lines, "get_learned_condition"), "vae": said(lines, "decode_first_stage")}
        return seconds

    return run, None


def said(lines, what):
    """The seconds that the library says something took, such as `decode_first_stage completed, taking 44.10s`."""
    number, unit = re.search(rf"{what} completed, taking ([0-9.]+)\s*(m?s)", "".join(lines)).groups()
    return float(number) / (1000 if unit == "ms" else 1)
