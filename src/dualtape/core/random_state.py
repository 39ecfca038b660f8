"""The random streams that a function run a second time must find as they were: each front end adds its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np


class Stream(NamedTuple):
    """How to read and to set the state of a source of random numbers."""

    get: Callable[[], Any]
    set: Callable[[Any], None]


streams: list[Stream] = [Stream(np.random.get_state, np.random.set_state)]
"""NumPy's global stream, and what front ends append."""


def state() -> list[tuple[Stream, Any]]:
    """The state of every stream."""
    return [(s, s.get()) for s in streams]


@contextmanager
def restored(states: list[tuple[Stream, Any]]) -> Iterator[None]:
    """Run the block with the streams as they were; afterwards they go on where they are now."""
    now = state()
    for stream, value in states:
        stream.set(value)
    try:
        yield
    finally:
        for stream, value in now:
            stream.set(value)
