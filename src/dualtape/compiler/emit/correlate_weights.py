"""The weights' gradient of a convolution, written out directly: a tile of weights, whose sums over all windows stay in registers.

Each sum is a vector, lanes of which are neighbouring windows; they are added up at the end.
"""

from __future__ import annotations

from math import prod

from . import memory
from .correlate import (
    UNROLLED,
    Shape,
    Sums,
    Windows,
    along_last,
    at,
    blocks,
    each,
    even,
    lanes,
    summed,
)
from .frames import LoopWriter
from .writer import Lanes

GRADIENTS = 24
"""Sums in a tile."""


def gradient(w: LoopWriter, scalar: Lanes, v: Windows, x: str, y: str, out: str, many: int) -> None:
    """Write w (groups * rows, inner, *kernel) = sums over windows of x times y; `many` examples at a time."""
    item = scalar.bits // 8
    t = lanes(scalar, v.counts[-1])
    size = v.positions
    written = len(v.last) if len(v.last) <= UNROLLED else 1
    across = min(v.inner, max(1, GRADIENTS // written // min(4, v.rows)))
    high = even(v.rows, max(1, min(8, GRADIENTS // (across * written))))

    def chunk(i: str | int) -> None:
        def group(g: str | int) -> None:
            x0 = at(w, x, item, (i, v.x[0]), (g, v.inner * v.x[1]))
            y0 = at(w, y, item, (i, v.groups * v.rows * size), (g, v.rows * size))
            w0 = at(w, out, item, (g, v.w[0]))

            def rows(m: str | int, r: int) -> None:
                ym, wm = at(w, y0, item, (m, size)), at(w, w0, item, (m, v.w[1]))

                def channels(c: str | int, many_c: int) -> None:
                    p = [at(w, x0, item, (c, v.x[1])), ym, at(w, wm, item, (c, v.w[2]))]
                    _kernels(w, t, v, (r, many_c, many), p, 0)

                blocks(w, v.inner, even(v.inner, across), channels)

            blocks(w, v.rows, high, rows)

        each(w, v.groups, group)

    each(w, v.n, chunk, many)


def _kernels(
    w: LoopWriter, t: Lanes, v: Windows, sizes: tuple[int, int, int], p: list[str], axis: int
) -> None:
    """Loops over the elements of a window, and the sums for each."""
    item = t.bits // 8
    if axis < len(v.kernel) - 1:

        def tap(k: str | int) -> None:
            x, out = at(w, p[0], item, (k, v.taps[axis])), at(w, p[2], item, (k, v.w[3 + axis]))
            _kernels(w, t, v, sizes, [x, p[1], out], axis + 1)

        each(w, v.kernel[axis], tap)
        return
    if len(v.last) <= UNROLLED:
        _gradients(w, t, v, sizes, v.last, p)
        return

    def one(k: str | int, offset: str | int, _: Sums) -> Sums:
        out = at(w, p[2], item, (k, v.w[-1]))
        _gradients(w, t, v, sizes, (0,), [at(w, p[0], item, (offset, 1)), p[1], out])
        return []

    along_last(w, v, [], t, one)


def _gradients(
    w: LoopWriter, t: Lanes, v: Windows, sizes: tuple[int, int, int], last: Shape, p: list[str]
) -> None:  # fmt: skip
    """The weights of some rows, inner channels and last elements: sums over examples and positions."""
    item = t.bits // 8
    r, channels, many = sizes

    def vector(x: str, y: str, count: int, s: Sums) -> Sums:
        left = [memory.load(w, t, at(w, y, item, (m, v.positions)), 1, count) for m in range(r)]
        new = list(s)
        for c in range(channels):
            for k, o in enumerate(last):
                right = memory.load(w, t, at(w, x, item, (c, v.x[1]), (o, 1)), 1, count)
                for m in range(r):
                    n = (m * channels + c) * len(last) + k
                    new[n] = w.mad(t, left[m], right, new[n])
        return new

    def axes(axis: int, x: str, y: str, sums: Sums) -> Sums:
        if axis < len(v.counts) - 1:
            inside = prod(v.counts[axis + 1 :])
            return summed(w, t, v.counts[axis], sums, lambda i, s: axes(
                axis + 1, at(w, x, item, (i, v.steps[axis])), at(w, y, item, (i, inside)), s))  # fmt: skip
        wide = v.counts[-1]
        whole = wide // t.width
        if whole:
            sums = summed(w, t, whole, sums, lambda i, s: vector(
                at(w, x, item, (i, t.width)), at(w, y, item, (i, t.width)), t.width, s))  # fmt: skip
        if wide % t.width:
            place = whole * t.width
            x, y = at(w, x, item, (place, 1)), at(w, y, item, (place, 1))
            sums = vector(x, y, wide % t.width, sums)
        return sums

    def example(i: str | int, s: Sums) -> Sums:
        size = v.groups * v.rows * v.positions
        return axes(0, at(w, p[0], item, (i, v.x[0])), at(w, p[1], item, (i, size)), s)

    sums = summed(w, t, many, [t.constant(0)] * (r * channels * len(last)), example)
    one = Lanes(t.element)
    totals = folded(w, t, sums)
    for m in range(r):
        for c in range(channels):
            for k in range(len(last)):
                total = totals[(m * channels + c) * len(last) + k]
                place = at(w, p[2], item, (m, v.w[1]), (c, v.w[2]), (k, v.w[-1]))
                if many < v.n:
                    total = w.binary("fadd", one, memory.load(w, one, place, 1, 1), total)
                memory.store(w, one, total, place, 1, 1)


def folded(w: LoopWriter, t: Lanes, values: Sums) -> Sums:
    """The sum over the lanes of each of several vectors, with as many shuffles for a vector's worth as for one."""
    out: Sums = []
    for first in range(0, len(values), t.width):
        row = values[first : first + t.width]
        if len(row) == 1:
            out.append(memory.fold(w, t, row[0], lambda h, a, b: w.binary("fadd", h, a, b)))
            continue
        many = 1 << (len(row) - 1).bit_length()
        out += _folded(w, t, row + [t.constant(0)] * (many - len(row)))[: len(row)]
    return out


def _folded(w: LoopWriter, t: Lanes, row: Sums) -> Sums:
    """`row` is as many as a power of two, up to the width. A vector is made of segments, which belong to one value each."""
    segments, length = 1, t.width

    def halves(a: str, b: str, count: int, to: Lanes) -> str:
        parts = []
        for start in (0, length // 2):
            picks = [s * length + start + i for s in range(count) for i in range(length // 2)]
            text = ", ".join([f"i32 {i}" for i in picks])
            parts.append(
                w.op(f"shufflevector {t.text} {a}, {t.text} {b}, <{len(picks)} x i32> <{text}>")
            )
        return w.binary("fadd", to, *parts)

    while len(row) > 1:
        row = [halves(a, b, 2 * segments, t) for a, b in zip(row[::2], row[1::2], strict=True)]
        segments, length = 2 * segments, length // 2
    (value,) = row
    while length > 1:
        half = Lanes(t.element, segments * length // 2)
        value = halves(value, "poison", segments, half)
        t, length = half, length // 2
    return [memory.part(w, t, value, i, 1) for i in range(segments)]
