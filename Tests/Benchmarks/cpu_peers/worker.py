"""A process of one peer and one stage: loads it, then runs it whenever a line on the standard input says so.

Answers are lines of JSON on what was the standard output; what the libraries print there goes to the standard error. It
ends with the standard input, so that nothing is left behind when its starter dies.
"""

import importlib
import json
import os
import statistics
import sys
import time

from .job import Job

MODULES = {"torch": "peer_torch", "openvino": "peer_openvino", "sdcpp": "peer_sdcpp"}


def timed(run):
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def turn(job, run):
    """Seconds by stage. What runs often in a turn begins with a run that does not count, since others ran meanwhile."""
    if job.peer == "sdcpp":
        return run()
    if job.stage.runs > 1:
        run()
    return {job.stage.key: statistics.median(timed(run) for _ in range(job.stage.runs))}


def main():
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)

    def answer(**values):
        answers.write(json.dumps(values) + "\n")
        answers.flush()

    job = Job.parse(sys.argv[1])
    start = time.perf_counter()
    run, note = importlib.import_module(f".{MODULES[job.peer]}", __package__).prepare(job)
    if job.peer != "sdcpp":
        run()
    answer(prepared=time.perf_counter() - start, note=note)
    for _ in sys.stdin:
        answer(seconds=turn(job, run))


if __name__ == "__main__":
    main()
