"""The random streams that a function run a second time must find as they were: each front end adds its own."""

from __future__ import annotations

import random
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np


class Stream(NamedTuple):
    """How to read and to set the state of a source of random numbers."""

    get: Callable[[], Any]
    set: Callable[[Any], None]


streams: list[Stream] = [
    Stream(np.random.get_state, np.random.set_state),
    Stream(random.getstate, random.setstate),
]
"""NumPy's and Python's global streams, and what front ends append."""


class Generators:
    """The generators of a kind that are alive; threads may add to them."""

    def __init__(self) -> None:
        self._references: dict[int, weakref.ref[Any]] = {}

    def add(self, generator: Any) -> None:
        """Note a generator, without keeping it alive."""
        key, references = id(generator), self._references
        references[key] = weakref.ref(generator, lambda _: references.pop(key, None))

    def __iter__(self) -> Iterator[Any]:
        return iter([g for r in list(self._references.values()) if (g := r()) is not None])


def of_each(
    generators: Generators, get: Callable[[Any], Any], put: Callable[[Any, Any], None]
) -> Stream:
    """The streams of all generators of a kind as one.

    Args:
        generators: Those alive.
        get: Reads the state of one, which does not change with it afterwards.
        put: Sets it.
    """

    def put_all(states: dict[int, tuple[Any, Any]]) -> None:
        for generator, state in states.values():
            put(generator, state)

    return Stream(lambda: {id(g): (g, get(g)) for g in generators}, put_all)


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
