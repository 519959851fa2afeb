"""Processes that are measured: started, told what to do, waited for with their memory, and never left behind."""

import json
import os
import select
import signal
import subprocess
import sys
import tempfile
import threading
import time


class Failed(Exception):
    """A process that ended, or did not answer in time; the message is its last words."""


class Processes:
    """All that are running. Leaving its context ends them, whatever the reason."""

    def __init__(self):
        self.running = set()

    def __enter__(self):
        return self

    def __exit__(self, *reason):
        # Whoever presses Ctrl-C twice is not to be left with what the first was to end.
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)
        for process in list(self.running):
            process.kill()


class Process:
    """One process, in a session of its own, so that Ctrl-C reaches the starter alone, and all of its children end."""

    def __init__(self, processes, arguments, environment, **pipes):
        self.processes, self.messages = processes, tempfile.TemporaryFile()
        self.popen = subprocess.Popen(
            arguments, env=environment, stderr=self.messages, start_new_session=True, **pipes)
        processes.running.add(self)

    def stop(self):
        try:
            os.killpg(self.popen.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass

    def kill(self):
        if self.popen.returncode is None:
            self.stop()
            self.wait()

    def wait(self):
        """The most memory that it had at once, in bytes."""
        if self.popen.returncode is None:
            _, status, usage = os.wait4(self.popen.pid, 0)
            self.popen.returncode = os.waitstatus_to_exitcode(status)
            self.processes.running.discard(self)
            self.memory = usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
        return self.memory

    def last_words(self):
        self.messages.seek(0)
        lines = self.messages.read().decode(errors="replace").split("\n")
        words = [line.strip() for line in lines if line.strip()]
        return words[-1] if words else "without a word"

    def failure(self, what):
        self.kill()
        status = self.popen.returncode
        ended = f"signal {-status}" if status < 0 else f"status {status}"
        return Failed(f"{what} ({ended}): {self.last_words()}")


def command(processes, arguments, environment, limit):
    """Run a command to its end: (seconds, most memory in bytes, standard output)."""
    with tempfile.TemporaryFile() as output:
        start = time.perf_counter()
        process = Process(processes, arguments, environment, stdin=subprocess.DEVNULL, stdout=output)
        timer = threading.Timer(limit, process.stop)
        timer.start()
        try:
            memory = process.wait()
        finally:
            timer.cancel()
        seconds = time.perf_counter() - start
        if process.popen.returncode != 0:
            raise process.failure(f"{os.path.basename(arguments[0])} failed after {seconds:.0f} s")
        output.seek(0)
        return seconds, memory, output.read().decode(errors="replace")


class Worker:
    """A process of `worker.py`, which answers each line with one."""

    def __init__(self, processes, arguments, environment, limit):
        self.limit, self.buffer = limit, b""
        self.process = Process(
            processes, arguments, environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0)
        self.note = None
        self.note = self.answer()["note"]

    def ask(self):
        """Have it run its stage; the answer is seconds by stage."""
        try:
            self.process.popen.stdin.write(b"run\n")
        except BrokenPipeError:
            raise self.process.failure("it ended") from None
        return self.answer()["seconds"]

    def answer(self):
        deadline = time.monotonic() + self.limit
        pipe = self.process.popen.stdout.fileno()
        while b"\n" not in self.buffer:
            ready, _, _ = select.select([pipe], [], [], max(deadline - time.monotonic(), 0))
            if not ready:
                raise self.process.failure(f"no answer within {self.limit} s")
            if not (received := os.read(pipe, 65536)):
                raise self.process.failure("it ended")
            self.buffer += received
        line, _, self.buffer = self.buffer.partition(b"\n")
        return json.loads(line)

    def close(self):
        """End it; the most memory that it had at once, in bytes."""
        self.process.kill()
        return self.process.wait()
