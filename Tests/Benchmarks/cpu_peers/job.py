"""What a process of a peer is to do, as it crosses from process to process."""

import dataclasses
import json
from dataclasses import dataclass

from .stages import Stage


@dataclass(frozen=True)
class Job:
    """`converted` is where OpenVINO's form of the network lies."""

    peer: str
    variant: str
    stage: Stage
    model: str
    threads: int
    mask: str
    converted: str

    def text(self):
        return json.dumps(dataclasses.asdict(self))

    @staticmethod
    def parse(text):
        fields = json.loads(text)
        return Job(**fields | {"stage": Stage(**fields["stage"])})
