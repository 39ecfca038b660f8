"""Other shapes of the same elements: NumPy's views as views, whose writes the base sees."""

from __future__ import annotations

from collections.abc import Sequence
from operator import index
from typing import Any

import numpy as np

from ..core.kinds import broadcast_shapes
from ..core.lengths import is_open, whole
from ..ops import diagonals, rearrange, views
from ..ops import shape as shapes
from ..ops.axes import normalize_axis, size_of
from ..ops.complex import cast, imag, real
from ..ops.complex import conj as conjugate
from ..ops.index import basic_view
from ..ops.strided import unfold
from ._array import Array
from .concrete import concrete
from .functions import implements
from .indexing import shared
from .operands import as_array


def lengths(given: Any) -> tuple[int, ...]:
    """A shape as NumPy takes it: an integer or a sequence of them."""
    if isinstance(given, (int, np.integer)):
        return (whole(given),)
    return tuple([n if is_open(n) else index(n) for n in given])


def view_of(x: Any) -> Array:
    """An argument that a view is made of."""
    return shared(as_array(x))


@implements("reshape", sharing=True)
def reshape(a: Any, /, shape: Any = None, order: str = "C", *, copy: bool | None = None) -> Any:
    """`np.reshape`."""
    x = view_of(a)
    if copy:
        x = views.clone(x)
    if order == "A":
        order = "C" if _memory_axes(x, order)[:1] in ((), (0,)) else "F"
    if order == "F":
        have = size_of(x.shape)
        want = lengths(shape)
        if -1 in want:
            rest = size_of([n for n in want if n != -1])
            want = tuple([have // rest if n == -1 else n for n in want])
        return transpose(shapes.reshape(transpose(x), want[::-1]))
    return shapes.reshape(x, lengths(shape))


def _memory_axes(x: Array, order: str) -> tuple[int, ...]:
    """The axes in the order of `order="A"` or `"K"`, which asks how an array lies in memory; the slowest first.

    Raises:
        ConcreteError: It has axes that could lie one way or the other, and no memory of its own: it is batched or traced.
    """
    rank = len(x.shape)
    if rank < 2:
        return tuple(range(rank))
    value = concrete(
        x, f"order={order!r}, which goes by the layout in memory (say order='C' or 'F')"
    )
    if order == "A":
        forth = tuple(range(rank))
        return forth if value.flags.c_contiguous or not value.flags.f_contiguous else forth[::-1]
    axes: list[int] = []
    for i, stride in enumerate(map(abs, value.strides)):
        place = i
        for before in range(i - 1, -1, -1):  # repeated axes, of stride 0, stay where they are
            other = abs(value.strides[axes[before]])
            if stride and other:
                if stride <= other:
                    break
                place = before
        axes.insert(place, i)
    return tuple(axes)


@implements("ravel", sharing=True)
def ravel(a: Any, order: str = "C") -> Any:
    """`np.ravel`."""
    x = view_of(a)
    if order == "F":
        x = transpose(x)
    elif order in "AK":
        axes = _memory_axes(x, order)
        x = x if axes == tuple(range(len(axes))) else transpose(x, axes)
    return views.ravel(x)


@implements("transpose", "permute_dims", sharing=True)
def transpose(a: Any, axes: Any = None) -> Any:
    """`np.transpose`."""
    x = view_of(a)
    rank = len(x.shape)
    if axes is None:
        return shapes.t_p(x) if rank == 2 else shapes.permute_p(x, axes=tuple(range(rank))[::-1])
    return shapes.permute(x, lengths(axes))


@implements("matrix_transpose", "linalg.matrix_transpose", sharing=True)
def matrix_transpose(x: Any, /) -> Any:
    """`np.matrix_transpose`."""
    return swapaxes(x, -1, -2)


@implements("swapaxes", sharing=True)
def swapaxes(a: Any, axis1: Any, axis2: Any) -> Any:
    """`np.swapaxes`."""
    return views.transpose(view_of(a), index(axis1), index(axis2))


@implements("moveaxis", sharing=True)
def moveaxis(a: Any, source: Any, destination: Any) -> Any:
    """`np.moveaxis`."""
    return views.movedim(view_of(a), list(lengths(source)), list(lengths(destination)))


@implements("rollaxis", sharing=True)
def rollaxis(a: Any, axis: Any, start: Any = 0) -> Any:
    """`np.rollaxis`."""
    x = view_of(a)
    rank = len(x.shape)
    axis = normalize_axis(axis, rank)
    start = start + rank if start < 0 else start
    return shapes.move_axis(x, axis, start - (axis < start))


@implements("squeeze", sharing=True)
def squeeze(a: Any, axis: Any = None) -> Any:
    """`np.squeeze`."""
    x = view_of(a)
    if axis is None:
        return views.squeeze(x)
    axes = [normalize_axis(i, len(x.shape)) for i in lengths(axis)]
    for i in axes:
        if x.shape[i] != 1:
            raise ValueError("cannot select an axis to squeeze out which has size not equal to one")
    return views.squeeze(x, tuple(axes))


@implements("expand_dims", sharing=True)
def expand_dims(a: Any, axis: Any) -> Any:
    """`np.expand_dims`."""
    x = view_of(a)
    axes = lengths(axis)
    rank = len(x.shape) + len(axes)
    for i in sorted([normalize_axis(j, rank) for j in axes]):
        x = shapes.unsqueeze_p(x, axis=i)
    return x


@implements("broadcast_to", sharing=True)
def broadcast_to(array: Any, shape: Any, subok: bool = False) -> Any:
    """`np.broadcast_to`."""
    return shapes.broadcast_to(view_of(array), lengths(shape))


@implements("broadcast_arrays", sharing=True)
def broadcast_arrays(*args: Any, subok: bool = False) -> Any:
    """`np.broadcast_arrays`."""
    xs = [view_of(x) for x in args]
    common = broadcast_shapes("broadcast_arrays", *[tuple(x.shape) for x in xs])
    return tuple([shapes.broadcast_to(x, common) for x in xs])


def _at_least(name: str, f: Any) -> Any:
    def at_least(*arys: Any) -> Any:
        outs = tuple([f(view_of(x)) for x in arys])
        return outs[0] if len(outs) == 1 else outs

    at_least.__doc__ = f"`np.{name}`."
    return implements(name, sharing=True)(at_least)


atleast_1d = _at_least("atleast_1d", views.atleast_1d)
atleast_2d = _at_least("atleast_2d", views.atleast_2d)
atleast_3d = _at_least("atleast_3d", views.atleast_3d)


# Order of elements --------------------------------------------------------------------------------


@implements("flip", sharing=True)
def flip(m: Any, axis: Any = None) -> Any:
    """`np.flip`."""
    x = view_of(m)
    rank = len(x.shape)
    axes = range(rank) if axis is None else [normalize_axis(i, rank) for i in lengths(axis)]
    backwards = tuple([slice(None, None, -1) if i in axes else slice(None) for i in range(rank)])
    return basic_view(x, (*backwards, ...))


@implements("flipud", sharing=True)
def flipud(m: Any) -> Any:
    """`np.flipud`."""
    return flip(m, 0)


@implements("fliplr", sharing=True)
def fliplr(m: Any) -> Any:
    """`np.fliplr`."""
    return flip(m, 1)


@implements("rot90", sharing=True)
def rot90(m: Any, k: int = 1, axes: Sequence[int] = (0, 1)) -> Any:
    """`np.rot90`."""
    k %= 4
    if k == 0:
        return basic_view(view_of(m), (...,))
    if k == 2:
        return flip(flip(m, axes[0]), axes[1])
    rank = len(as_array(m).shape)
    order = list(range(rank))
    a, b = normalize_axis(axes[0], rank), normalize_axis(axes[1], rank)
    order[a], order[b] = order[b], order[a]
    if k == 1:
        return transpose(flip(m, axes[1]), order)
    return flip(transpose(m, order), axes[1])


@implements("roll")
def roll(a: Any, shift: Any, axis: Any = None) -> Any:
    """`np.roll`."""
    x = as_array(a)
    shifts = lengths(concrete(shift) if not isinstance(shift, (tuple, list)) else shift)
    if axis is None:
        return rearrange.roll(x, shifts[0])
    axes = lengths(axis)
    n = max(len(axes), len(shifts))
    return rearrange.roll(x, shifts * (n // len(shifts)), axes * (n // len(axes)))


@implements("diagonal", sharing=True)
def diagonal(a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    """`np.diagonal`."""
    return diagonals.diagonal(view_of(a), offset, axis1, axis2)


@implements("linalg.diagonal", sharing=True)
def linalg_diagonal(x: Any, /, *, offset: int = 0) -> Any:
    """`np.linalg.diagonal`."""
    return diagonal(x, offset, -2, -1)


@implements("diag", sharing=True)
def diag(v: Any, k: int = 0) -> Any:
    """`np.diag`."""
    return diagonals.diag(view_of(v), k)


@implements("diagflat")
def diagflat(v: Any, k: int = 0) -> Any:
    """`np.diagflat`."""
    return diagonals.diagflat(ravel(v), k)


@implements("trace")
def trace(
    a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1, dtype: Any = None, out: Any = None
) -> Any:
    """`np.trace`."""
    return np.sum(diagonal(a, offset, axis1, axis2), -1, dtype)


@implements("linalg.trace")
def linalg_trace(x: Any, /, *, offset: int = 0, dtype: Any = None) -> Any:
    """`np.linalg.trace`."""
    return trace(x, offset, -2, -1, dtype)


@implements("tril")
def tril(m: Any, k: int = 0) -> Any:
    """`np.tril`."""
    return diagonals.tril(_matrix(m), k)


@implements("triu")
def triu(m: Any, k: int = 0) -> Any:
    """`np.triu`."""
    return diagonals.triu(_matrix(m), k)


def _matrix(m: Any) -> Any:
    x = as_array(m)
    return broadcast_to(x, (x.shape[0],) * 2) if len(x.shape) == 1 else x


# Copies and parts ---------------------------------------------------------------------------------


@implements("copy")
def copy(a: Any, order: str = "K", subok: bool = False) -> Any:
    """`np.copy`."""
    x = as_array(a)
    return views.clone_p(x, contiguous=True) if order == "C" else views.clone(x)


@implements("astype")
def astype(x: Any, dtype: Any, /, *, copy: bool = True, device: Any = None) -> Any:
    """`np.astype`."""
    a = as_array(x)
    if a.value.dtype == np.dtype(dtype):
        return views.clone(a) if copy else a
    return cast(a, dtype)


def _part(take_real: bool) -> Any:
    def part(val: Any) -> Any:
        x = as_array(val)
        if x.value.dtype.kind != "c":
            return x if take_real else np.zeros_like(x)
        return real(x) if take_real else imag(x)

    part.__doc__ = "`np.real`." if take_real else "`np.imag`."
    return part


real_part = implements("real", sharing=True)(_part(True))
imaginary_part = implements("imag", sharing=True)(_part(False))


@implements("real_if_close", sharing=True)
def real_if_close(a: Any, tol: float = 100) -> Any:
    """`np.real_if_close`."""
    x = as_array(a)
    if x.value.dtype.kind == "c" and np.real_if_close(concrete(x), tol).dtype.kind != "c":
        return real(x)
    return x


def conj(x: Any) -> Any:
    """`ndarray.conj`, which leaves real arrays as they are."""
    return conjugate(x) if x.value.dtype.kind == "c" else x


@implements("lib.stride_tricks.sliding_window_view", sharing=True)
def sliding_window_view(
    x: Any, window_shape: Any, axis: Any = None, *, subok: bool = False, writeable: bool = False
) -> Any:
    """`np.lib.stride_tricks.sliding_window_view`; writing to windows that overlap is an error."""
    x = view_of(x)
    sizes = lengths(window_shape)
    rank = len(x.shape)
    axes = tuple(range(rank)) if axis is None else lengths(axis)
    if len(sizes) != len(axes):
        raise ValueError(
            "Must provide matching length window_shape and axis; got "
            f"{len(sizes)} window_shape elements and {len(axes)} axes elements."
        )
    for n, size in zip([normalize_axis(a, rank) for a in axes], sizes, strict=True):
        x = unfold(x, n, size, 1)
    return x
