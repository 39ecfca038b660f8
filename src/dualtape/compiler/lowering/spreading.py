"""Windows that lie side by side filled from one number each: gradients of pooling."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from math import prod
from typing import TYPE_CHECKING

from ..emit import memory, runs
from ..emit.frames import LoopWriter
from ..emit.writer import Lanes
from .nodes import Node, Shape
from .scalars import ELEMENTS

if TYPE_CHECKING:
    from .emission import Emission


@dataclass(frozen=True, slots=True)
class Spread:
    """y (lead, *counts) to (lead, *space), each element to a window of `kernel`.

    Attributes:
        lead: How many there are of everything.
        counts, kernel, space: Sizes.
        offsets: Of the window's elements in the space. A second operand (int32) says for each window at which of
            them y goes, zero everywhere else; none: y goes everywhere.
    """

    lead: int
    counts: Shape
    kernel: Shape
    space: Shape
    offsets: tuple[int, ...]

    def write(self, e: Emission, node: Node) -> None:
        """Write the loops."""
        w, item = e.w, node.dtype.itemsize
        scalar = Lanes(ELEMENTS[node.dtype.char])
        y, *winners = [e.at(w, x) for x in node.args]
        out = e.pointer(w, node)
        if any(c * k != n for c, k, n in zip(self.counts, self.kernel, self.space, strict=True)):
            runs.fill(w, scalar, 0, out, node.size)
        # Loops over rows of windows: length, step in y, step in the result.
        loops = [(self.lead, prod(self.counts), prod(self.space))]
        for i, n in enumerate(self.counts[:-1]):
            loops.append(
                (n, prod(self.counts[i + 1 :]), self.kernel[i] * prod(self.space[i + 1 :]))
            )

        def nest(depth: int, pointers: list[str], target: str) -> None:
            if depth == len(loops):
                self._row(w, scalar, pointers, target)
                return
            length, step, wide = loops[depth]
            if length == 1:
                nest(depth + 1, pointers, target)
                return

            def body(i: str, _: list[str]) -> list[str]:
                sizes = [item, 4]
                at = memory.times(w, i, step)
                ps = [memory.offset(w, p, at, s) for p, s in zip(pointers, sizes, strict=False)]
                nest(depth + 1, ps, memory.offset(w, target, memory.times(w, i, wide), item))
                return []

            w.loop(0, length, 1, body)

        nest(0, [y, *winners], out)

    def _row(self, w: LoopWriter, scalar: Lanes, pointers: list[str], target: str) -> None:
        item, last = scalar.bits // 8, self.kernel[-1]
        steps = [prod(self.space[i + 1 :]) for i in range(len(self.space) - 1)]

        def body(t: Lanes, i: str | int, there: int) -> None:
            y = memory.load(w, t, memory.offset(w, pointers[0], i, item), 1, there)
            places = t.of("i32")
            if self.offsets:
                p = memory.offset(w, pointers[1], i, 4)
                winner = memory.load(w, places, p, 1, there)
            start = memory.offset(w, target, memory.times(w, i, last), item)
            offsets = iter(self.offsets)
            for row in product(*[range(k) for k in self.kernel[:-1]]):
                values = [y] * last
                if self.offsets:
                    for k in range(last):
                        here = w.compare("eq", places, winner, places.constant(next(offsets)))
                        values[k] = w.select(t, here, y, t.constant(0))
                at = sum([r * s for r, s in zip(row, steps, strict=True)])
                _interleaved(w, t, values, memory.offset(w, start, at, item), there)

        runs.over(w, scalar, self.counts[-1], body)


def _interleaved(w: LoopWriter, t: Lanes, values: list[str], pointer: str, there: int) -> None:
    """Store the first lanes of all values, then the second, and so on."""
    many, width, item = len(values), t.width, t.bits // 8
    for r in range(many):
        count = min(width, there * many - r * width)
        if count <= 0:
            break
        out = values[r % many] if width == 1 else values[0]
        if width > 1:
            for k in range(1, many):
                picks = []
                for lane in range(width):
                    element, own = divmod(r * width + lane, many)
                    kept = (element if k == 1 else lane) if own < k else width + element
                    picks.append(f"i32 {kept}")
                out = w.op(
                    f"shufflevector {t.text} {out}, {t.text} {values[k]}, <{width} x i32> <{', '.join(picks)}>"
                )
        memory.store(w, t, out, memory.offset(w, pointer, r * width, item), 1, count)
