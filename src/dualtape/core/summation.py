"""Reductions of arrays, quick for short rows, and sums accurate along any axis: what primitives and the undoing of broadcasting share."""

from __future__ import annotations

from typing import Any

import numpy as np

Axes = tuple[int, ...]

add_reduce: Any = np.add.reduce

_LARGE = 1 << 12
_LONG = 1 << 8
_SHORT = 16
MANY = 1 << 9


def reduce_over(ufunc: Any, x: Any, axes: Axes | int | None, keepdims: bool, *initial: Any) -> Any:
    """`ufunc.reduce`, for which short rows are turned into columns: NumPy takes 20 to 60 ns for each row besides its elements.

    Args:
        ufunc: A ufunc of two operands, the order of which does not matter but for rounding.
        x: An array.
        axes, keepdims: As for the ufunc's `reduce`.
        *initial: What is there besides elements, if anything.
    """
    if x.size >= MANY and x.ndim > 1 and x.shape[-1] <= _SHORT and x.flags.c_contiguous:
        axis = axes[0] if axes.__class__ is tuple and len(axes) == 1 else axes
        if axis == -1 or axis == x.ndim - 1:
            columns = x.reshape(-1, x.shape[-1]).T.copy()
            shape = (*x.shape[:-1], 1) if keepdims else x.shape[:-1]
            return ufunc.reduce(columns, 0, None, None, False, *initial).reshape(shape)
    return ufunc.reduce(x, axes, None, None, keepdims, *initial)


def add_up(x: Any, axes: Axes | None, keepdims: bool) -> Any:
    """Sum inexact numbers as accurately along any axis as NumPy does along the innermost.

    NumPy adds pairwise along the axis of the smallest stride and one by one along others, where a
    million float32 ones times 0.1 come out 1 % off; and a long axis over a short one costs it a
    loop per row. Long axes are therefore folded to about the square root of their length first.
    """
    if x.size < MANY:
        return add_reduce(x, axes, None, None, keepdims)
    if (
        x.size >= _LARGE
        and x.ndim > 1
        and not (x.flags.forc and (axes is None or len(axes) == x.ndim))
    ):
        innermost = min(
            range(x.ndim), key=lambda i: abs(x.strides[i]) if x.shape[i] > 1 else np.inf
        )
        for a in range(x.ndim) if axes is None else [a % x.ndim for a in axes]:
            while a != innermost and x.shape[a] > _LONG:
                x = _folded(x, a)
    return reduce_over(np.add, x, axes, keepdims)


def _folded(x: Any, axis: int) -> Any:
    """Partial sums along an axis: as many as the square root of its length."""
    n = x.shape[axis]
    m = 1 << (n.bit_length() + 1) // 2
    rows = n // m
    before = (slice(None),) * axis
    body = x[(*before, slice(rows * m))]
    sums = add_reduce(body.reshape(*x.shape[:axis], rows, m, *x.shape[axis + 1 :]), axis)
    sums[(*before, slice(n - rows * m))] += x[(*before, slice(rows * m, None))]
    return sums
