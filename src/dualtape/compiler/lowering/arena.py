"""Places in the arena: arrays that are not needed at the same time share memory."""

from __future__ import annotations

from bisect import insort
from collections.abc import Mapping
from typing import NamedTuple

from .nodes import Node

ALIGNMENT = 64
SMALL = 4096
"""Bytes of an array that is kept apart from large ones."""


class Life(NamedTuple):
    """From the step that makes an array to the last one that reads it."""

    born: int
    last: int


def rounded(size: int) -> int:
    """A size in bytes that keeps what follows aligned."""
    return -(-size // ALIGNMENT) * ALIGNMENT


def arranged(lives: Mapping[Node, Life]) -> tuple[dict[Node, int], int]:
    """Offsets of arrays, and how many bytes they take together.

    In order of birth, the larger first, each as low as nothing that lives then is. Small ones are behind all large ones: a number
    that lives long would keep these from the place that was used last, which is still in the cache.
    """
    offsets: dict[Node, int] = {}
    top = 0
    for small in (False, True):
        chosen = [n for n in lives if (n.size * n.dtype.itemsize < SMALL) == small]
        start = top
        living: list[tuple[int, int, int]] = []  # offset, end, last step
        for node in sorted(chosen, key=lambda n: (lives[n].born, -n.size, n.number)):
            size = rounded(node.size * node.dtype.itemsize)
            life = lives[node]
            living = [p for p in living if p[2] >= life.born]
            at = start
            for begin, end, _ in living:
                if at + size <= begin:
                    break
                at = max(at, end)
            offsets[node] = at
            insort(living, (at, at + size, life.last))
            top = max(top, at + size)
    return offsets, top
