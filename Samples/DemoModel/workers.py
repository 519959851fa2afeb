"""Training: the step all parts share, and several single-threaded processes that meet by averaging their parameters.

Small layers keep one thread busy better than two, and on a shared machine threads that wait for one another at every
operation lose most of their time. So each worker trains its own copy on its own batches; every few steps it leaves
its parameters in shared memory and continues from the mean of everybody's latest. Nobody ever waits.
"""

import math
import os
import signal
import sys

import torch
import torch.multiprocessing


class Meeting:
    """The shared memory where workers leave their parameters."""

    def __init__(self, modules, workers):
        count = sum(p.numel() for module in modules for p in module.parameters())
        self.latest = torch.zeros(workers, count).share_memory_()
        self.present = torch.zeros(workers).share_memory_()

    @torch.no_grad()
    def mix(self, modules, rank):
        """Leaves the modules' parameters and replaces them by the mean of all workers' latest ones."""
        parameters = [p for module in modules for p in module.parameters()]
        flat = torch.cat([p.flatten() for p in parameters])
        self.latest[rank] = flat
        self.present[rank] = 1
        mean = self.latest[self.present > 0].mean(0)
        offset = 0
        for p in parameters:
            p.copy_(mean[offset : offset + p.numel()].view_as(p))
            offset += p.numel()


def launch(train, workers, *arguments):
    """Runs train(rank, *arguments) in `workers` processes of one thread each."""
    os.environ["OMP_NUM_THREADS"] = "1"
    # A terminated parent takes its (daemonic) workers along.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    context = torch.multiprocessing.get_context("spawn")
    processes = [context.Process(target=train, args=(rank, *arguments), daemon=True) for rank in range(workers)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()


def learn(optimizer, loss, rate, step, done):
    """One step down the gradient of a loss, clipped to a norm of 1.

    The learning rate rises to `rate` over the first 100 steps and falls along a cosine to a hundredth of it as the share
    of the time that is `done` goes from 0 to 1.
    """
    for group in optimizer.param_groups:
        group["lr"] = rate * min(1, (step + 1) / 100) * (0.01 + 0.99 * (0.5 + 0.5 * math.cos(math.pi * done)))
    optimizer.zero_grad()
    loss.backward()
    torch.nn.utils.clip_grad_norm_([p for group in optimizer.param_groups for p in group["params"]], 1.0)
    optimizer.step()


def save(path, state):
    """Saves a training state so that a reader never sees half of it."""
    torch.save(state, path + ".new")
    os.replace(path + ".new", path)
