"""Copying, filling and adding up runs of neighbouring elements."""

from __future__ import annotations

from collections.abc import Callable

from . import memory
from .frames import LoopWriter
from .writer import Lanes

BYTES = 64


def over(
    w: LoopWriter, scalar: Lanes, count: int, body: Callable[[Lanes, str | int, int], None]
) -> None:
    """Run over elements in vectors.

    Args:
        w: Where.
        scalar: The element.
        count: How many elements.
        body: (lanes, index of the first, how many are there) -> writes what is done with them.
    """
    width = BYTES // (memory.stored(scalar).bits // 8)
    if count < width:
        width = 1 << (count - 1).bit_length()
    t = Lanes(scalar.element, width)
    whole = count - count % width

    def step(i: str, _: list[str]) -> list[str]:
        body(t, i, width)
        return []

    if whole == width:
        body(t, 0, width)
    elif whole:
        w.loop(0, whole, width, step)
    if count > whole:
        body(t, whole, count - whole)


def at(w: LoopWriter, pointer: str, index: str | int, size: int) -> str:
    """The address of an element."""
    return memory.offset(w, pointer, index, size)


def copy(w: LoopWriter, scalar: Lanes, source: str, target: str, count: int) -> None:
    """Copy elements."""
    size = memory.stored(scalar).bits // 8

    def body(t: Lanes, i: str | int, there: int) -> None:
        value = memory.load(w, t, at(w, source, i, size), 1, there)
        memory.store(w, t, value, at(w, target, i, size), 1, there)

    over(w, scalar, count, body)


def fill(w: LoopWriter, scalar: Lanes, value: float, target: str, count: int) -> None:
    """Set elements to a number."""
    size = memory.stored(scalar).bits // 8

    def body(t: Lanes, i: str | int, there: int) -> None:
        memory.store(w, t, t.constant(value), at(w, target, i, size), 1, there)

    over(w, scalar, count, body)


def add(w: LoopWriter, scalar: Lanes, source: str, target: str, count: int) -> None:
    """Add elements to others."""
    size = memory.stored(scalar).bits // 8
    opcode = (
        "fadd"
        if scalar.element in ("float", "double")
        else "or"
        if scalar.element == "i1"
        else "add"
    )

    def body(t: Lanes, i: str | int, there: int) -> None:
        q = at(w, target, i, size)
        value = memory.load(w, t, at(w, source, i, size), 1, there)
        total = w.binary(opcode, t, memory.load(w, t, q, 1, there), value)
        memory.store(w, t, total, q, 1, there)

    over(w, scalar, count, body)


def total(
    w: LoopWriter, scalar: Lanes, source: str, step: int, rows: int, target: str, count: int
) -> None:
    """Set elements to the sums of those of several arrays, which are so many bytes apart, in order."""
    size = memory.stored(scalar).bits // 8

    def body(t: Lanes, i: str | int, there: int) -> None:
        p = at(w, source, i, size)

        def row(k: str, sums: list[str]) -> list[str]:
            q = memory.offset(w, p, memory.times(w, k, step), 1)
            return [w.binary("fadd", t, sums[0], memory.load(w, t, q, 1, there))]

        (sums,) = w.loop(0, rows, 1, row, [(t, t.constant(0))])
        memory.store(w, t, sums, at(w, target, i, size), 1, there)

    over(w, scalar, count, body)
