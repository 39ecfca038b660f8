"""Small products of matrices: tiles of the result in registers, one loop over what is summed."""

from __future__ import annotations

from typing import NamedTuple

from . import memory
from .frames import LoopWriter
from .writer import Lanes

ROWS = 6
TALL = 12
"""Rows of a tile where there are 32 registers of 64 bytes, and as many rows to begin with."""
VECTORS = 2
UNROLLED = 4
"""Terms up to which the sum is written out."""


class Sizes(NamedTuple):
    """Rows and columns of the result, terms of each sum."""

    m: int
    n: int
    k: int


def write(
    w: LoopWriter,
    scalar: Lanes,
    sizes: Sizes,
    pointers: list[str],
    x_strides: tuple[int, ...],
    y_strides: tuple[int, ...],
    row: int,
    add: bool = False,
    wide: bool = False,
) -> None:
    """Write C = X Y, or C += X Y.

    Args:
        w: Where.
        scalar: The element.
        sizes: Of the product.
        pointers: Of X, Y and C.
        x_strides, y_strides: Of rows and columns, in elements; Y's columns are neighbours, and so are C's.
        row: The stride of C's rows.
        add: Whether C's numbers are added to.
        wide: Whether there are 32 registers of 64 bytes.
    """
    item = scalar.bits // 8
    tall = TALL if wide and sizes.m >= 2 * TALL and sizes.k > UNROLLED else ROWS
    widest = 64 // item
    width = widest if sizes.n >= widest else 1 << (sizes.n - 1).bit_length()
    block = width * VECTORS

    def columns(j: int | str, count: int) -> None:
        vectors = [min(width, count - v) for v in range(0, count, width)]

        def rows(i: int | str, height: int) -> None:
            _one(
                w,
                Lanes(scalar.element, width),
                sizes,
                pointers,
                x_strides,
                y_strides,
                i,
                j,
                height,
                vectors,
                row,
                add,
            )

        _over(w, sizes.m, tall, rows)

    _over(w, sizes.n, block, columns)


def _over(w: LoopWriter, total: int, step: int, body: object) -> None:
    whole = total - total % step
    call: object = body
    assert callable(call)
    if whole == step:
        call(0, step)
    elif whole:
        w.loop(0, whole, step, lambda i, _: (call(i, step), [])[1])
    if total > whole:
        call(whole, total - whole)


def _at(w: LoopWriter, pointer: str, item: int, *terms: tuple[int | str, int]) -> str:
    """The address of the element with these indices times strides."""
    known = 0
    for index, stride in terms:
        if isinstance(index, int):
            known += index * stride
        elif stride:
            at = memory.times(w, index, stride * item)
            pointer = w.op(f"getelementptr i8, ptr {pointer}, i64 {at}")
    return w.op(f"getelementptr i8, ptr {pointer}, i64 {known * item}") if known else pointer


def _one(
    w: LoopWriter,
    t: Lanes,
    sizes: Sizes,
    pointers: list[str],
    xs: tuple[int, ...],
    ys: tuple[int, ...],
    i: int | str,
    j: int | str,
    height: int,
    vectors: list[int],
    row: int,
    add: bool,
) -> None:
    """One tile: `height` rows from i on, and vectors of so many columns each from j on."""
    item = t.bits // 8
    x0 = _at(w, pointers[0], item, (i, xs[0]))
    y0 = _at(w, pointers[1], item, (j, 1))
    c0 = _at(w, pointers[2], item, (i, row), (j, 1))
    scalar = Lanes(t.element)

    def step(k: int | str, sums: list[str]) -> list[str]:
        x = _at(w, x0, item, (k, xs[1]))
        y = _at(w, y0, item, (k, ys[0]))
        right = [
            memory.load(w, t, memory.offset(w, y, v * t.width, item), 1, count)
            for v, count in enumerate(vectors)
        ]
        out = []
        for r in range(height):
            one = memory.load(w, scalar, memory.offset(w, x, r * xs[0], item), 1, 1)
            left = memory.splat(w, t, one)
            for v in range(len(vectors)):
                s = sums[r * len(vectors) + v]
                out.append(w.mad(t, left, right[v], s))
        return out

    zero = t.constant(0)
    first = [zero] * (height * len(vectors))
    if sizes.k <= UNROLLED:
        sums = first
        for k in range(sizes.k):
            sums = step(k, sums)
    else:
        sums = w.loop(0, sizes.k, 1, lambda k, s: step(k, s), [(t, zero)] * len(first))
    for r in range(height):
        for v, count in enumerate(vectors):
            p = memory.offset(w, c0, r * row + v * t.width, item)
            total = sums[r * len(vectors) + v]
            if add:
                total = w.binary("fadd", t, memory.load(w, t, p, 1, count), total)
            memory.store(w, t, total, p, 1, count)
