"""Convolutions in C: plain loops over the windows that native code goes over in tiles of registers."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

from ..emit import memory, runs
from ..emit.writer import Lanes
from ..lowering.direct import Direct
from ..lowering.nodes import Node
from ..lowering.scalars import ELEMENTS

if TYPE_CHECKING:
    from .emission import CEmission

Term = tuple[str | int, int]


def written(e: CEmission, op: Direct, node: Node) -> None:
    """Write one: each element of the weights (of the gradient's, if that is what it is) with each window."""
    w, v = e.w, op.windows
    t = Lanes(ELEMENTS[node.dtype.char])
    item = node.dtype.itemsize
    x, other = [e.at(w, a) for a in node.args]
    out = e.pointer(w, node)
    runs.fill(w, t, 0, out, node.size)
    rank = len(v.counts)
    own = [prod(v.counts[i + 1 :]) for i in range(rank)]

    def at(base: str, known: int, *terms: Term) -> str:
        """The address of an element."""
        total = "0"
        for index, stride in terms:
            if isinstance(index, int):
                known += index * stride
            elif stride:
                total = w.op(f"add nsw i64 {w.op(f'mul nsw i64 {index}, {stride}')}, {total}")
        return memory.offset(w, base, w.op(f"add nsw i64 {total}, {known}"), item)

    def loops(counts: list[int], body: object, found: tuple[str | int, ...] = ()) -> None:
        """Loops of these lengths, none for length 1, around `body(indices)`."""
        if len(found) == len(counts):
            body(found)  # type: ignore[operator]
            return
        n = counts[len(found)]
        if n == 1:
            loops(counts, body, (*found, 0))
            return

        def inside(i: str, _: list[str]) -> list[str]:
            loops(counts, body, (*found, i))
            return []

        w.loop(0, n, 1, inside)

    def element(indices: tuple[str | int, ...]) -> None:
        n, g, r, c, *k = indices
        for last, shift in enumerate(v.last):
            taps: list[Term] = list(zip(k, v.taps, strict=True))
            weights = list(zip((g, r, c, *k, last), v.w, strict=True))
            weight = at(out if op.weight else other, op.start, *weights)
            places: list[Term] = [(n, v.x[0]), (g, v.inner * v.x[1]), (c, v.x[1]), *taps]
            results: list[Term] = [
                (n, v.groups * v.rows * v.positions), (g, v.rows * v.positions), (r, v.positions)
            ]  # fmt: skip
            window(weight, shift, places, results)

    def window(weight: str, shift: int, places: list[Term], results: list[Term]) -> None:
        def one(p: tuple[str | int, ...]) -> None:
            source = at(x, shift, *places, *zip(p, v.steps, strict=True))
            result = at(other if op.weight else out, 0, *results, *zip(p, own, strict=True))
            a, b = (
                memory.load(w, t, q, 1, 1)
                for q in ((source, result) if op.weight else (source, weight))
            )
            target = weight if op.weight else result
            product = w.binary("fmul", t, a, b)
            memory.store(
                w, t, w.binary("fadd", t, memory.load(w, t, target, 1, 1), product), target, 1, 1
            )

        loops(list(v.counts), one)

    loops([v.n, v.groups, v.rows, v.inner, *v.kernel[:-1]], element)
