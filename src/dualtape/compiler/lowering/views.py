"""Primitives that only change which element stands where, as strided reads: found by primitive in `VIEWS`."""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any

import numpy as np

from ...core.aval import Aval
from ...core.primitive import Primitive
from ...ops import joining
from ...ops import shape as shapes
from ...ops import views as names
from ...ops.diagonals import diagonal_p
from ...ops.rearrange import flip_p
from ...ops.strided import unfold_p, window_count
from .nodes import Ref, Shape, contiguous


def reshaped(x: Ref, shape: Shape) -> Ref | None:
    """The same elements in another shape, None where strides cannot say it."""
    if x.shape == shape:
        return x
    if not prod(shape):
        return Ref(x.node, shape, contiguous(shape), 0)
    old: list[tuple[int, int]] = []  # axes that lie one in the other, as one
    for n, s in zip(x.shape, x.strides, strict=True):
        if n == 1:
            continue
        if old and old[-1][1] == s * n:
            old[-1] = (old[-1][0] * n, s)
        else:
            old.append((n, s))
    strides: list[int] = []
    i = len(old)
    rest, step = 1, 0  # of the old axis being used up, from the last
    for n in reversed(shape):
        if n == 1:
            strides.append(0)
            continue
        left = n
        first = True
        while left > 1:
            if rest == 1:
                i -= 1
                rest, new_step = old[i]
                if not first and new_step != step:
                    return None
                step = new_step
            if first:
                strides.append(step)
                first = False
            if left % rest == 0:  # the old axis is inside the new one
                left //= rest
                step *= rest
                rest = 1
            elif rest % left == 0:  # the new axis is inside the old one
                rest //= left
                step *= left
                left = 1
            else:
                return None
    return Ref(x.node, shape, tuple(strides[::-1]), x.offset)


def sliced(x: Ref, view: Callable[[Any], Any]) -> Ref:
    """What NumPy's basic indexing, transposing and the like make of strides.

    Done by NumPy on an array without memory of its own: only its shape, strides and address are looked at.
    """
    base = np.empty(1, np.int8)
    array = np.lib.stride_tricks.as_strided(base, x.shape, x.strides)
    out = view(array)
    offset = out.__array_interface__["data"][0] - array.__array_interface__["data"][0]
    strides = tuple([0 if n == 1 else s for n, s in zip(out.shape, out.strides, strict=True)])
    if not out.size:
        strides, offset = contiguous(out.shape), 0
    return Ref(x.node, out.shape, strides, x.offset + int(offset))


def _backwards(x: Any, axes: tuple[int, ...]) -> Any:
    back = slice(None, None, -1)
    return x[(*[back if i in axes else slice(None) for i in range(x.ndim)], ...)]


def _by_eval(primitive: Primitive) -> Callable[..., Ref]:
    return lambda x, **params: sliced(x, lambda a: primitive.eval(a, **params))


def _sliced(x: Ref, *, index: tuple[Any, ...]) -> Ref:
    if all(i is not ... for i in index):  # or NumPy would give a scalar for one element
        index = (*index, ...)
    return sliced(x, lambda a: a[index])


def _shaped(primitive: Primitive) -> Callable[..., Ref | None]:
    """For what is a reshape to the shape that the shape rule says."""

    def view(x: Ref, **params: Any) -> Ref | None:
        return reshaped(x, primitive.aval(Aval(x.shape, x.dtype), **params).shape)

    return view


def _unfolded(x: Ref, *, axis: int, size: int, step: int) -> Ref:
    count = window_count(x.shape[axis], size, step)
    s = x.strides[axis]
    shape = (*x.shape[:axis], count, *x.shape[axis + 1 :], size)
    strides = (*x.strides[:axis], s * step, *x.strides[axis + 1 :], s)
    strides = tuple([0 if n == 1 else v for n, v in zip(shape, strides, strict=True)])
    return Ref(x.node, shape, strides, x.offset)


VIEWS: dict[Primitive, Callable[..., Ref | None]] = {
    shapes.reshape_p: reshaped,
    shapes.broadcast_to_p: lambda x, *, shape: x.spread(shape),
    shapes.unsqueeze_p: _shaped(shapes.unsqueeze_p),
    names.squeeze_p: _shaped(names.squeeze_p),
    names.squeeze_all_p: _shaped(names.squeeze_all_p),
    names.squeeze_several_p: _shaped(names.squeeze_several_p),
    shapes.permute_p: _by_eval(shapes.permute_p),
    shapes.transpose_p: _by_eval(shapes.transpose_p),
    shapes.t_p: _by_eval(shapes.t_p),
    shapes.slice_p: _sliced,
    shapes.select_p: _sliced,
    diagonal_p: _by_eval(diagonal_p),
    flip_p: lambda x, *, axes: sliced(x, lambda a: _backwards(a, axes)),
    names.clone_p: lambda x, *, contiguous: x,
    unfold_p: _unfolded,
}
"""From (reference, **params) to the reference that reads the view, or None where a copy is needed."""


def _split(x: Ref, *, axis: int, sizes: tuple[int, ...]) -> list[Ref]:
    out, start = [], 0
    for n in sizes:
        part = slice(start, start + n)
        out.append(_sliced(x, index=shapes.along(axis, part)))
        start += n
    return out


def _unbound(x: Ref, *, axis: int) -> list[Ref]:
    before = (slice(None),) * axis
    return [_sliced(x, index=(*before, i)) for i in range(x.shape[axis])]


VIEWS_OF_SEVERAL: dict[Callable[..., Any], Callable[..., list[Ref]]] = {
    joining._split_eval: _split,
    joining._unbind_eval: _unbound,
}
"""By the function that evaluates them: there is a primitive for each number of parts."""
