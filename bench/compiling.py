"""How long compiling takes: a function of so many operations, its first call less a later one, in CPU time.

Nothing comes from the cache on disk, but LLVM has been loaded: what is measured is what a second function costs. The parts
are tracing, the passes, arranging kernels and writing their text, and LLVM.
"""

from __future__ import annotations

import gc
import os
import statistics
import time

import numpy as np

SIZES = (10, 100, 1000, 5000)
AIMS = {10: 20, 100: 50, 1000: 400}
"""Milliseconds, at most."""


def chain(count, sums, seed=0):
    """A function of `count` operations on 64 numbers, every tenth elementary; with `sums` one in twenty sums up a row."""
    rng = np.random.default_rng(seed)
    plan = []
    for k in range(count):
        kind = (
            "sum"
            if sums and k % 20 == 19
            else "tanh"
            if k % 10 == 9
            else rng.choice(["add", "mul", "sub"])
        )
        plan.append((str(kind), int(rng.integers(0, min(k + 1, 8)))))

    def f(x):
        recent = [x]
        for kind, back in plan:
            a, b = recent[-1], recent[-1 - min(back, len(recent) - 1)]
            if kind == "tanh":
                made = np.tanh(a)
            elif kind == "sum":
                made = a - np.sum(b, 1, keepdims=True)
            else:
                made = {"add": np.add, "mul": np.multiply, "sub": np.subtract}[kind](a, b)
            recent = [*recent[-8:], made]
        return recent[-1]

    return f


def compile_ms(count, sums, seed):
    """Milliseconds of CPU that one function of so many operations takes to compile."""
    import dualtape as dt

    f, x = chain(count, sums, seed), np.full((8, 64), 0.5)
    gc.collect()
    compiled = dt.jit(f, strict=True, dynamic=False)
    start = time.process_time()
    compiled(x)
    first = time.process_time() - start
    start = time.process_time()
    compiled(x)
    return (first - (time.process_time() - start)) * 1e3


def compile_rows(rounds=3):
    """A table."""
    before = os.environ.get("DUALTAPE_CACHE")
    os.environ["DUALTAPE_CACHE"] = "0"
    try:
        compile_ms(10, True, 99)
        rows = [
            "| compile time, operations | ms | at most | with sums of rows, ms |",
            "|---|---|---|---|",
        ]
        medians = {}
        for n in SIZES:
            for sums in (False, True):
                times = [compile_ms(n, sums, seed) for seed in range(1 if n > 1000 else rounds)]
                medians[n, sums] = statistics.median(times)
            rows.append(
                f"| {n} | {medians[n, False]:.1f} | {AIMS.get(n, '')} | {medians[n, True]:.1f} |"
            )
        ratios = [medians[5000, sums] / medians[1000, sums] for sums in (False, True)]
        rows.append(f"| 5000 over 1000 | {ratios[0]:.1f} | 7 | {ratios[1]:.1f} |")
    finally:
        if before is None:
            del os.environ["DUALTAPE_CACHE"]
        else:
            os.environ["DUALTAPE_CACHE"] = before
    return [*rows, ""]


if __name__ == "__main__":
    print("\n".join(compile_rows()))
