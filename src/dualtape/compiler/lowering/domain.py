"""Loop dimensions: common refinements of shapes, strides on them, and which may be merged."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from math import prod

Dims = tuple[int, ...]


def squeezed(shape: Sequence[int]) -> Dims:
    """The shape without axes of length 1."""
    return tuple([n for n in shape if n != 1])


@lru_cache(4096)
def refined(a: Dims, b: Dims) -> Dims | None:
    """The coarsest dimensions that both can be split into, for shapes of one size; None if there are none."""
    if a == b:
        return a
    if prod(a) != prod(b) or not prod(a):
        return None
    out: list[int] = []
    i, j = len(a) - 1, len(b) - 1
    x = y = 1
    while i >= 0 or j >= 0 or x > 1 or y > 1:
        if x == 1:
            x = a[i]
            i -= 1
        if y == 1:
            y = b[j]
            j -= 1
        small, large = min(x, y), max(x, y)
        if large % small:
            return None
        out.append(small)
        x //= small
        y //= small
    return tuple(out[::-1])


@lru_cache(4096)
def split(values: Dims, shape: Dims, dims: Dims, scale: bool = True) -> Dims:
    """What belongs to the axes of `shape` (strides), for the finer `dims`; other things with scale=False."""
    out: list[int] = []
    k = len(dims) - 1
    for n, s in zip(reversed(shape), reversed(values), strict=True):
        if n == 1:
            continue
        step = s
        while n > 1:
            out.append(step)
            if scale:
                step *= dims[k]
            n //= dims[k]
            k -= 1
    return tuple(out[::-1])


@lru_cache(4096)
def row_major(dims: Dims, flags: tuple[bool, ...] | None = None) -> Dims:
    """Strides of a row-major array over the dimensions flagged, 0 along the others."""
    out = []
    step = 1
    for i in range(len(dims) - 1, -1, -1):
        if flags is None or flags[i]:
            out.append(step)
            step *= dims[i]
        else:
            out.append(0)
    return tuple(out[::-1])
