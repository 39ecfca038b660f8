"""One system in a process of its own: times a workload whenever it is asked to.

Reads lines `workload-name` from standard input and answers each with the best microseconds per step of a
short burst, so that the runner can interleave systems. Started by `run.py`.
"""

from __future__ import annotations

import gc
import importlib
import os
import sys
import time

from compiled import COMPILED
from eager_kernels import EAGER
from functional import FUNCTIONAL
from workloads import WORKLOADS

BURST = 0.15  # seconds a burst lasts
MAY_FAIL = ("torch.compile", "tf.function XLA")  # they need what is not on every machine


def load(system):
    """The module that plays `torch` or `tensorflow` here."""
    module = importlib.import_module(system)
    if system == "torch":
        module.set_num_threads(THREADS)
    if system == "tensorflow":
        module.config.threading.set_intra_op_parallelism_threads(THREADS)
        module.config.threading.set_inter_op_parallelism_threads(THREADS)
    return module


def burst(step):
    """The median microseconds per step over one burst."""
    start = time.perf_counter()
    step()
    if time.perf_counter() - start < 2e-5:  # the clock itself takes a tenth of a microsecond
        return grouped(step, 200)
    times = []
    end = time.perf_counter() + BURST
    while time.perf_counter() < end or len(times) < 5:
        start = time.perf_counter()
        step()
        times.append(time.perf_counter() - start)
    times.sort()
    return times[len(times) // 2] * 1e6


def grouped(step, count):
    """The same for steps that are timed in groups."""

    def group():
        for _ in range(count):
            step()

    times = []
    end = time.perf_counter() + BURST
    while time.perf_counter() < end or len(times) < 5:
        start = time.perf_counter()
        group()
        times.append((time.perf_counter() - start) / count)
    times.sort()
    return times[len(times) // 2] * 1e6


def main():
    """Serve requests until standard input ends."""
    system = sys.argv[1]
    mode = sys.argv[3] if len(sys.argv) > 3 else ""
    made = {"functional": FUNCTIONAL, "compiled": COMPILED, "eager": EAGER}.get(mode)
    module = load(system) if made is None else None
    function = mode == "function"
    steps = {}
    for line in sys.stdin:
        name = line.strip()
        if name not in steps:
            try:
                step = WORKLOADS[name][1](module) if made is None else made[name][0][system]()
                steps[name] = module.function(step) if function else step
                for _ in range(20):
                    steps[name]()
            except Exception:
                if system not in MAY_FAIL:
                    raise
                steps[name] = None
            gc.collect()
        print("nan" if steps[name] is None else burst(steps[name]), flush=True)


def stay(threads):
    """Keep to as many processors as threads are allowed: XLA starts a thread per processor whatever the environment says."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[-threads:])


if __name__ == "__main__":
    THREADS = int(sys.argv[2])
    stay(THREADS)
    main()
