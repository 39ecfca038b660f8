"""Sums over sliding windows, written out directly: tiles of results in registers, a loop over what is summed.

A tile is some channels of the result times some vectors of neighbouring positions. Windows are read where they lie, so
no columns are gathered: an element that nine windows share is nine loads from the first-level cache.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import prod

from . import memory
from .frames import LoopWriter
from .writer import Lanes

Shape = tuple[int, ...]
Sums = list[str]
SUMS = 16
"""Vectors of sums in a tile; two loads and a multiplication for each of the rest leave registers to spare."""
ROWS = 8
UNROLLED = 8
"""Elements of a window's last axis up to which they are written out."""


@dataclass(frozen=True, slots=True)
class Windows:
    """What is read and how, in elements.

    Attributes:
        n, groups, rows, inner: Examples; groups; channels of y and of x in a group.
        counts, kernel: Windows, and elements of a window, along each axis.
        x: Strides of examples and channels of x.
        steps: From one window to the next along each axis; the last is 1.
        taps: From one element of a window to the next along each axis, the last excepted.
        last: Along the last axis, from a window's first element to each.
        w: Strides of the weights: groups, rows, inner channels, the axes of the kernel.
    """

    n: int
    groups: int
    rows: int
    inner: int
    counts: Shape
    kernel: Shape
    x: Shape
    steps: Shape
    taps: Shape
    last: Shape
    w: Shape

    @property
    def positions(self) -> int:
        """Windows of an example."""
        return prod(self.counts)


def each(w: LoopWriter, count: int, body: Callable[[str | int], None], step: int = 1) -> None:
    """Run over range(0, count, step), without a loop if that is one number."""
    if count <= step:
        body(0)
        return

    def inside(i: str, _: Sums) -> Sums:
        body(i)
        return []

    w.loop(0, count, step, inside)


def blocks(w: LoopWriter, count: int, step: int, body: Callable[[str | int, int], None]) -> None:
    """Run over blocks of so many, and what is left over."""
    whole = count - count % step
    if whole:
        each(w, whole, lambda i: body(i, step), step)
    if count > whole:
        body(whole, count - whole)


def summed(
    w: LoopWriter, t: Lanes, count: int, sums: Sums, body: Callable[[str | int, Sums], Sums]
) -> Sums:
    """A loop that carries sums."""
    if count == 1:
        return body(0, sums)
    return w.loop(0, count, 1, body, [(t, s) for s in sums])


def even(count: int, most: int) -> int:
    """The size of blocks of nearly one size."""
    return -(-count // -(-count // most))


def at(w: LoopWriter, pointer: str, item: int, *terms: tuple[str | int, int]) -> str:
    """The address at these indices times strides."""
    known = 0
    for index, stride in terms:
        if isinstance(index, int):
            known += index * stride
        elif stride:
            pointer = memory.offset(w, pointer, index, stride * item)
    return memory.offset(w, pointer, known, item)


def lanes(scalar: Lanes, count: int) -> Lanes:
    """As wide as a row of so many can use."""
    widest = 64 // (scalar.bits // 8)
    return Lanes(scalar.element, widest if count >= widest else 1 << (count - 1).bit_length())


def along_last(
    w: LoopWriter, v: Windows, sums: Sums, t: Lanes, body: Callable[[str | int, str | int, Sums], Sums]
) -> Sums:  # fmt: skip
    """Run over the elements of a window's last axis: (number, offset, sums) -> sums."""
    if len(v.last) <= UNROLLED:
        for k, offset in enumerate(v.last):
            sums = body(k, offset, sums)
        return sums
    step = v.last[1]
    if all(b - a == step for a, b in pairwise(v.last)):
        return summed(w, t, len(v.last), sums, lambda k, s: body(k, memory.times(w, k, step), s))
    name = f"@taps.{'.'.join(map(str, v.last))}"
    values = ", ".join([f"i64 {o}" for o in v.last])
    kind = f"[{len(v.last)} x i64]"
    w.module.declarations[name] = f"{name} = private constant {kind} [{values}]"

    def table(k: str | int, s: Sums) -> Sums:
        return body(k, memory.load(w, Lanes("i64"), memory.offset(w, name, k, 8), 1, 1), s)

    return summed(w, t, len(v.last), sums, table)


def forward(w: LoopWriter, scalar: Lanes, v: Windows, x: str, weights: str, out: str) -> None:
    """Write y (n, groups * rows, *counts) = sums of x under the windows times weights."""
    item = scalar.bits // 8
    t = lanes(scalar, v.counts[-1])
    high = even(v.rows, ROWS)
    tile = max(1, min(8, SUMS // high))
    size = v.positions

    def example(i: str | int) -> None:
        def group(g: str | int) -> None:
            x0 = at(w, x, item, (i, v.x[0]), (g, v.inner * v.x[1]))
            w0 = at(w, weights, item, (g, v.w[0]))
            y0 = at(w, out, item, (i, v.groups * v.rows * size), (g, v.rows * size))

            def rows(m: str | int, r: int) -> None:
                wm, ym = at(w, w0, item, (m, v.w[1])), at(w, y0, item, (m, size))
                _planes(w, t, v, r, tile, [x0, wm, ym], 0)

            blocks(w, v.rows, high, rows)

        each(w, v.groups, group)

    each(w, v.n, example)


def _planes(
    w: LoopWriter, t: Lanes, v: Windows, r: int, tile: int, p: list[str], axis: int
) -> None:
    """Loops over all but the last two axes, and the tiles of these."""
    item = t.bits // 8
    left = len(v.counts) - axis
    if left > 2:

        def plane(i: str | int) -> None:
            inside = [at(w, p[0], item, (i, v.steps[axis])), p[1],
                      at(w, p[2], item, (i, prod(v.counts[axis + 1 :])))]  # fmt: skip
            _planes(w, t, v, r, tile, inside, axis + 1)

        each(w, v.counts[axis], plane)
        return
    high, wide = (v.counts[-2], v.counts[-1]) if left == 2 else (1, v.counts[-1])
    step = v.steps[-2] if left == 2 else 0

    def columns(j: str | int, count: int) -> None:
        vectors = [min(t.width, count - k) for k in range(0, count, t.width)]

        def lines(i: str | int, many: int) -> None:
            x = at(w, p[0], item, (i, step), (j, 1))
            y = at(w, p[2], item, (i, wide), (j, 1))
            places = [(line * step + k * t.width, line * wide + k * t.width, c)
                      for line in range(many) for k, c in enumerate(vectors)]  # fmt: skip
            _tile(w, t, v, r, places, [x, p[1], y])

        blocks(w, high, min(high, max(1, tile // len(vectors))), lines)

    blocks(w, wide, min(tile * t.width, -(-wide // t.width) * t.width), columns)


def _tile(
    w: LoopWriter, t: Lanes, v: Windows, r: int, places: Sequence[tuple[int, int, int]], p: list[str]
) -> None:  # fmt: skip
    """`r` channels of the result at vectors of positions: (offset in x, offset in y, how many lanes)."""
    item = t.bits // 8
    scalar = Lanes(t.element)

    def taps(axis: int, x: str, weights: str, sums: Sums) -> Sums:
        if axis < len(v.kernel) - 1:

            def tap(k: str | int, s: Sums) -> Sums:
                inside = at(w, x, item, (k, v.taps[axis])), at(w, weights, item, (k, v.w[3 + axis]))
                return taps(axis + 1, *inside, s)

            return summed(w, t, v.kernel[axis], sums, tap)

        def one(k: str | int, offset: str | int, s: Sums) -> Sums:
            here = at(w, x, item, (offset, 1))
            right = [memory.load(w, t, at(w, here, item, (o, 1)), 1, c) for o, _, c in places]
            own = at(w, weights, item, (k, v.w[-1]))
            new = []
            for m in range(r):
                factor = memory.load(w, scalar, at(w, own, item, (m, v.w[1])), 1, 1)
                left = memory.splat(w, t, factor)
                new += [w.mad(t, left, b, s[m * len(places) + n]) for n, b in enumerate(right)]
            return new

        return along_last(w, v, sums, t, one)

    def channel(c: str | int, sums: Sums) -> Sums:
        return taps(0, at(w, p[0], item, (c, v.x[1])), at(w, p[1], item, (c, v.w[2])), sums)

    sums = summed(w, t, v.inner, [t.constant(0)] * (r * len(places)), channel)
    for m in range(r):
        for n, (_, o, c) in enumerate(places):
            y = at(w, p[2], item, (m, v.positions), (o, 1))
            memory.store(w, t, sums[m * len(places) + n], y, 1, c)
