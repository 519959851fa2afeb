"""The rounds: of each stage, every variant once, then again."""

import statistics
import sys
import time
from dataclasses import dataclass, field

from .peers import Variant
from .processes import Failed
from .runners import runner


@dataclass
class Result:
    """Of one variant in one stage."""

    variant: Variant
    seconds: list = field(default_factory=list)
    memory: int = 0
    notes: list = field(default_factory=list)
    failure: str | None = None

    @property
    def median(self):
        return statistics.median(self.seconds)

    def record(self):
        return {
            "peer": self.variant.peer, "variant": self.variant.name, "how": self.variant.how, "seconds": self.seconds,
            "median": self.median if self.seconds else None, "fastest": min(self.seconds, default=None),
            "peakResidentBytes": self.memory or None,
            "notes": self.notes, "failure": self.failure}


class Measurement:
    """`results[stage key][variant key]`. What takes long is measured less often: `patience` is the seconds after which
    a variant is left out of a stage's further rounds, and `pause` those in which whoever was last comes to rest.
    """

    def __init__(self, setup, variants, patience, pause):
        self.setup, self.variants, self.patience, self.pause = setup, variants, patience, pause
        self.results = {}

    def result(self, stage_key, variant):
        return self.results.setdefault(stage_key, {}).setdefault(variant.key, Result(variant))

    def run(self, stage, rounds):
        runners, spent = {}, {}
        for variant in self.variants:
            if stage in variant.stages([stage]):
                say(f"{stage.key}: {variant.key} prepares")
                self.attempt(stage, variant, lambda: runners.update({variant: runner(self.setup, variant, stage)}))
        for _ in range(rounds):
            for variant, running in list(runners.items()):
                if spent.get(variant, 0) <= self.patience:
                    time.sleep(self.pause)
                    start = time.monotonic()
                    if not self.attempt(stage, variant, lambda: self.turn(variant, running)):
                        del runners[variant]
                    spent[variant] = spent.get(variant, 0) + time.monotonic() - start
        for variant, running in runners.items():
            memory = running.close()
            for key in running.filled:
                self.result(key, variant).memory = memory
            if running.note:
                self.result(stage.key, variant).notes.append(running.note)

    def turn(self, variant, running):
        for key, seconds in running.turn().items():
            running.filled.add(key)
            self.result(key, variant).seconds.append(seconds)
            say(f"{key}: {variant.key} {seconds:.3f} s")

    def attempt(self, stage, variant, body):
        """Whether it succeeded; what failed is told, kept, and does not stop the rest."""
        try:
            body()
        except (Failed, OSError, ValueError, KeyError) as failure:
            self.result(stage.key, variant).failure = str(failure)
            say(f"{stage.key}: {variant.key} FAILED: {failure}")
            return False
        return True

    @property
    def has_failed(self):
        return any(result.failure for results in self.results.values() for result in results.values())


def say(text):
    print(text, file=sys.stderr, flush=True)
