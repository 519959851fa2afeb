"""One variant on one stage, in turns with others: a worker that waits in between, or a command for each turn."""

import json
import os
import pathlib
import sys
from dataclasses import dataclass

from .job import Job
from .peers import MASKS
from .processes import Failed, Processes, Worker, command
from .stages import GUIDANCE, PROMPT, SEED

FOLDER = pathlib.Path(__file__).resolve().parent
# What `imagine bench` calls a network, in its option --stage and in its JSON.
NAMES = {"text": ("text", "text encoder"), "unet": ("unet", "UNet, one step"), "unet-xl": ("unet", "UNet, one step"),
         "vae": ("vae", "decoder")}


@dataclass(frozen=True)
class Setup:
    """What all runners share. `settings` is a diffusers folder without weights, `work` one for what is made on the way,
    `limit` the seconds after which something is given up.
    """

    processes: Processes
    imagine: str
    bench_help: str
    model: str
    settings: str
    work: pathlib.Path
    threads: int
    mask: str
    steps: int
    limit: float

    def environment(self, peer, masked=True):
        variables = os.environ | (MASKS[self.mask] if masked else {})
        if peer == "imagine":
            return variables
        return variables | {
            "PYTHONPATH": str(FOLDER.parent), "OMP_NUM_THREADS": str(self.threads), "HF_HUB_OFFLINE": "1",
            "TRANSFORMERS_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false"}


def runner(setup, variant, stage):
    """Everything that is not to be measured happens here: loading, converting, a first run."""
    if stage.network == "picture":
        return PictureRunner(setup, variant, stage)
    return (BenchRunner if variant.peer == "imagine" else WorkerRunner)(setup, variant, stage)


class WorkerRunner:
    """`filled` are the stages that it has told seconds of; `note` is a sentence for the report, or None."""

    def __init__(self, setup, variant, stage):
        self.filled = set()
        checkpoint = os.stat(setup.model)
        identity = f"{checkpoint.st_size}-{int(checkpoint.st_mtime)}"
        converted = str(setup.work / f"openvino-{stage.network}-{identity}.xml")
        job = Job(variant.peer, variant.name, stage, setup.model, setup.threads, setup.mask, converted)
        if variant.peer == "openvino" and not os.path.exists(converted):
            convert = [sys.executable, "-m", "cpu_peers.peer_openvino", job.text()]
            command(setup.processes, convert, setup.environment(variant.peer, masked=False), setup.limit)
        self.worker = Worker(
            setup.processes, [sys.executable, "-m", "cpu_peers.worker", job.text()], setup.environment(variant.peer),
            setup.limit)
        self.note = self.worker.note

    def turn(self):
        return self.worker.ask()

    def close(self):
        return self.worker.close()


class CommandRunner:
    """A process for each turn; its memory is the most that any of them had."""

    def __init__(self, setup, variant, stage):
        self.setup, self.variant, self.stage = setup, variant, stage
        self.memory, self.note, self.filled = 0, None, set()

    def run(self, arguments):
        setup = self.setup
        seconds, memory, output = command(
            setup.processes, arguments, setup.environment(self.variant.peer), setup.limit)
        self.memory = max(self.memory, memory)
        return seconds, output

    def imagine_options(self):
        precision = {"float32": "f32", "bfloat16": "bf16"}[self.variant.name]
        size = f"{self.stage.size}x{self.stage.size}"
        model = ["--random", "sdxl"] if self.stage.network == "unet-xl" else ["--model", self.setup.model]
        return [*model, "--device", "cpu", "--precision", precision,
                "--threads", str(self.setup.threads), "--size", size]

    def close(self):
        return self.memory


class BenchRunner(CommandRunner):
    """`imagine bench`, which loads the model and runs the network once before it measures."""

    def turn(self):
        option, name = NAMES[self.stage.network]
        alone = "--stage" in self.setup.bench_help
        if self.stage.network == "unet-xl" and "random sdxl " not in self.setup.bench_help:
            raise Failed("this build has no bench --random sdxl")
        if not alone:
            self.note = "memory is that of all networks and a picture: this build has no bench --stage"
        _, output = self.run([
            self.setup.imagine, "bench", *self.imagine_options(), "--steps", "1", "--repeat", str(self.stage.runs),
            *(["--stage", option] if alone else []), "--json"])
        stages = {stage["name"]: stage for stage in json.loads(output)["stages"]}
        return {self.stage.key: stages[name]["timing"]["median"]}


class PictureRunner(CommandRunner):
    """A whole command; the file it writes has to be there at the end."""

    def turn(self):
        setup, size, picture = self.setup, self.stage.size, self.setup.work / "picture.png"
        picture.unlink(missing_ok=True)
        steps = ["--steps", str(setup.steps), "--seed", str(SEED), "--output", str(picture)]
        if self.variant.peer == "imagine":
            arguments = [
                setup.imagine, PROMPT, *self.imagine_options(), "--sampler", "euler", "--cfg-scale", str(GUIDANCE),
                "--quiet", *steps]
        else:
            arguments = [
                sys.executable, str(FOLDER / "diffusers_picture.py"), PROMPT, "--model", setup.model,
                "--settings", setup.settings, "--dtype", self.variant.name, "--threads", str(setup.threads),
                "--size", str(size), "--guidance", str(GUIDANCE), *steps]
        seconds, _ = self.run(arguments)
        if not picture.exists():
            raise Failed("it ended without a picture")
        return {self.stage.key: seconds}
