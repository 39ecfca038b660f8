"""How many threads native code may use."""

from __future__ import annotations

import os
from collections.abc import Callable

import numpy as np

CELL = np.zeros(1, np.int64)
"""The number where native code reads it, once `thread_count` has been asked."""

_chosen: list[int] = []

told: list[Callable[[int], None]] = []
"""Who wants to know each number that is set: whoever starts the threads."""


def thread_count() -> int:
    """The number last set; by default the environment's OMP_NUM_THREADS, or else the number of processors."""
    if not _chosen:
        set_thread_count(_default())
    return _chosen[0]


def set_thread_count(n: int) -> None:
    """Let native code use at most `n` threads, at least 1."""
    _chosen[:] = [n]
    CELL[0] = n
    for tell in told:
        tell(n)


def _default() -> int:
    first = (
        os.environ.get("OMP_NUM_THREADS", "").split(",")[0].strip()
    )  # a list is for nested teams
    if first.isdecimal() and int(first):
        return int(first)
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0)) or 1
    return os.cpu_count() or 1
