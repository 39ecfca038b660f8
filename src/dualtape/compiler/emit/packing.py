"""Copying a strip of a matrix so that what is used at a time lies side by side."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..vecmath.values import Value
from . import memory
from .flow import Array, each, function, parameter, when, whole
from .frames import LoopWriter
from .writer import Lanes, Module


def write(out: Module, t: Lanes) -> Callable[..., None]:
    """The function for strips of one vector, and what writes a call of it.

    It does to[i * apart + l] = from[l * across + i * along] for l in range(lanes), i in range(length), in vectors: by
    masks where lanes are neighbours, by transposed blocks where what lies along is.
    """
    item = t.bits // 8
    kinds = {
        "from": "ptr",
        "across": "i64",
        "along": "i64",
        "lanes": "i64",
        "length": "i64",
        "to": "ptr",
        "apart": "i64",
    }
    name = function(out, f"pack_{t.element}", kinds, lambda w: _body(w, t, item))

    def call(
        w: LoopWriter, source: str, across: Any, along: Any, lanes: Any, length: Any, to: str, apart: int
    ) -> None:  # fmt: skip
        w.do(
            f"call void {name}(ptr {source}, i64 {across.name}, i64 {along.name}, i64 {lanes.name}, i64 {length.name}, "
            f"ptr {to}, i64 {apart})"
        )

    return call


def _body(w: LoopWriter, t: Lanes, item: int) -> None:
    across, along, lanes, length, apart = (
        parameter(w, p) for p in ("across", "along", "lanes", "length", "apart")
    )

    def single() -> None:
        """Element by element."""
        one = Lanes(t.element)
        source, to = Array(w, "%from", one), Array(w, "%to", one)

        def step(i: Value) -> None:
            def lane(k: Value) -> None:
                to[i * apart + k] = source[k * across + i * along]

            each(w, lanes, lane)

        each(w, length, step)

    def neighbours() -> None:
        wide = Lanes("i64", t.width)
        mask = w.compare("slt", wide, memory.ramp(w, wide, 0, 1), memory.splat(w, wide, lanes.name))

        def step(i: Value) -> None:
            p = memory.offset(w, "%from", (i * along).name, item)
            q = memory.offset(w, "%to", (i * apart).name, item)
            memory.store(w, t, memory.masked(w, t, p, mask), q, 1, t.width)

        each(w, length, step)

    def transposed() -> None:
        starts = [_lane(w, across, lanes, k, item) for k in range(t.width)]
        following = across * (t.width * item)

        def block(i: Value) -> None:
            first = i.intrinsic("smin", length - t.width)
            for p in (
                starts
            ):  # the next strip's lines, which are in no order that the processor would notice
                q = memory.offset(w, p, (first * item + following).name, 1)
                memory.fetch(w, q)
            rows = [
                memory.load(w, t, memory.offset(w, p, first.name, item), 1, t.width) for p in starts
            ]
            to = memory.offset(w, "%to", (first * apart).name, item)
            step = memory.times(w, apart.name, item)
            for k, row in enumerate(turned(w, t, rows)):
                q = memory.offset(w, to, memory.times(w, step, k) if k else 0, 1)
                memory.store(w, t, row, q, 1, t.width)

        each(w, length, block, step=t.width)

    blocks = (along.equals(1)) & (length >= t.width)
    when(w, across.equals(1), neighbours, lambda: when(w, blocks, transposed, single))


def _lane(w: LoopWriter, across: Any, lanes: Any, k: int, item: int) -> str:
    """Where lane k begins; lanes that are not there repeat the last."""
    if not k:
        return "%from"
    at = whole(w, k).intrinsic("smin", lanes - 1) * across
    return memory.offset(w, "%from", at.name, item)


def turned(w: LoopWriter, t: Lanes, rows: list[str]) -> list[str]:
    """The columns of a square: halves of rows that are 1, 2, 4, ... apart change places."""
    n = t.width
    apart = 1
    while apart < n:
        out = list(rows)
        for k in range(n):
            if k & apart:
                continue
            a, b = rows[k], rows[k + apart]
            low = [i if not i & apart else n + i - apart for i in range(n)]
            high = [i + apart if not i & apart else n + i for i in range(n)]
            out[k], out[k + apart] = (_shuffled(w, t, a, b, picks) for picks in (low, high))
        rows = out
        apart *= 2
    return rows


def _shuffled(w: LoopWriter, t: Lanes, a: str, b: str, picks: list[int]) -> str:
    text = ", ".join([f"i32 {k}" for k in picks])
    return w.op(f"shufflevector {t.text} {a}, {t.text} {b}, <{t.width} x i32> <{text}>")
