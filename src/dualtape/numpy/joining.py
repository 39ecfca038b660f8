"""Putting arrays together, taking them apart, repeating and padding them."""

from __future__ import annotations

from operator import index
from typing import Any

import numpy as np

from ..ops import joining, rearrange, shape
from ..ops.axes import normalize_axis, size_of
from ..ops.complex import cast
from ._array import Array
from .concrete import concrete
from .functions import implements
from .indexing import shared
from .operands import as_array, together
from .shaping import lengths, ravel


def arrays_of(xs: Any, dtype: Any = None) -> list[Array]:
    """A sequence of arrays (or an array's rows) as arrays of one dtype."""
    found = list(xs) if isinstance(xs, Array) else [as_array(x) for x in xs]
    if dtype is not None:
        return [cast(x, dtype) for x in found]
    return together(found)


@implements("concatenate", "concat")
def concatenate(
    arrays: Any, /, axis: Any = 0, out: Any = None, *, dtype: Any = None, casting: str = "same_kind"
) -> Any:
    """`np.concatenate`."""
    xs = arrays_of(arrays, dtype)
    if axis is None:
        return shape.concatenate([ravel(x) for x in xs])
    return shape.concatenate(xs, index(axis))


@implements("stack")
def stack(
    arrays: Any, axis: Any = 0, out: Any = None, *, dtype: Any = None, casting: str = "same_kind"
) -> Any:
    """`np.stack`."""
    return shape.stack(arrays_of(arrays, dtype), index(axis))


@implements("vstack")
def vstack(tup: Any, *, dtype: Any = None, casting: str = "same_kind") -> Any:
    """`np.vstack`."""
    return joining.vstack([shared(x) for x in arrays_of(tup, dtype)])


@implements("hstack")
def hstack(tup: Any, *, dtype: Any = None, casting: str = "same_kind") -> Any:
    """`np.hstack`."""
    return joining.hstack([shared(x) for x in arrays_of(tup, dtype)])


@implements("dstack")
def dstack(tup: Any) -> Any:
    """`np.dstack`."""
    return joining.dstack([shared(x) for x in arrays_of(tup)])


@implements("column_stack")
def column_stack(tup: Any) -> Any:
    """`np.column_stack`."""
    return joining.column_stack([shared(x) for x in arrays_of(tup)])


@implements("append")
def append(arr: Any, values: Any, axis: Any = None) -> Any:
    """`np.append`."""
    return concatenate([as_array(arr), as_array(values)], axis)


@implements("block")
def block(arrays: Any) -> Any:
    """`np.block`."""
    depth = _depth(arrays)
    rank = max(depth, _rank(arrays))

    def joined(part: Any, level: int) -> Any:
        if not isinstance(part, list):
            x = shared(as_array(part))
            return np.reshape(x, (1,) * (rank - len(x.shape)) + tuple(x.shape))
        return concatenate([joined(p, level - 1) for p in part], -level)

    return joined(arrays, depth)


def _depth(part: Any) -> int:
    return 1 + max([_depth(p) for p in part]) if isinstance(part, list) else 0


def _rank(part: Any) -> int:
    if isinstance(part, list):
        return max([_rank(p) for p in part])
    return len(as_array(part).shape)


# Taking apart -------------------------------------------------------------------------------------


@implements("array_split", sharing=True)
def array_split(ary: Any, indices_or_sections: Any, axis: int = 0) -> Any:
    """`np.array_split`."""
    x = shared(as_array(ary))
    where = concrete(indices_or_sections)
    if isinstance(where, (int, np.integer)):
        return list(joining.tensor_split(x, int(where), axis))
    return list(joining.tensor_split(x, [int(i) for i in where], axis))


@implements("split", sharing=True)
def split(ary: Any, indices_or_sections: Any, axis: int = 0) -> Any:
    """`np.split`."""
    x = as_array(ary)
    if isinstance(indices_or_sections, (int, np.integer)) and x.shape[axis] % indices_or_sections:
        raise ValueError("array split does not result in an equal division")
    return array_split(x, indices_or_sections, axis)


@implements("hsplit", sharing=True)
def hsplit(ary: Any, indices_or_sections: Any) -> Any:
    """`np.hsplit`."""
    return split(ary, indices_or_sections, 1 if len(as_array(ary).shape) > 1 else 0)


@implements("vsplit", sharing=True)
def vsplit(ary: Any, indices_or_sections: Any) -> Any:
    """`np.vsplit`."""
    return split(ary, indices_or_sections, 0)


@implements("dsplit", sharing=True)
def dsplit(ary: Any, indices_or_sections: Any) -> Any:
    """`np.dsplit`."""
    return split(ary, indices_or_sections, 2)


@implements("unstack", sharing=True)
def unstack(x: Any, /, *, axis: int = 0) -> Any:
    """`np.unstack`."""
    return tuple(np.moveaxis(as_array(x), axis, 0))


# Repeating and padding ----------------------------------------------------------------------------


@implements("tile")
def tile(A: Any, reps: Any) -> Any:
    """`np.tile`."""
    return rearrange.tile(as_array(A), lengths(reps))


@implements("repeat")
def repeat(a: Any, repeats: Any, axis: Any = None) -> Any:
    """`np.repeat`."""
    x = as_array(a)
    if axis is None:
        x, axis = ravel(x), 0
    axis = normalize_axis(axis, len(x.shape))
    places = np.repeat(np.arange(x.shape[axis]), concrete(repeats))
    return x[(*(slice(None),) * axis, places)]


@implements("resize")
def resize(a: Any, new_shape: Any) -> Any:
    """`np.resize`: repeated until the shape is full."""
    want = lengths(new_shape)
    x = ravel(a)
    n = size_of(want)
    return np.reshape(x[np.arange(n) % len(x)], want) if len(x) else np.zeros(want, x.dtype)


@implements("insert")
def insert(arr: Any, obj: Any, values: Any, axis: Any = None) -> Any:
    """`np.insert`."""
    x = as_array(arr)
    if axis is None:
        x, axis = ravel(x), 0
    axis = normalize_axis(axis, len(x.shape))
    v = cast(as_array(values), x.value.dtype)
    n = x.shape[axis]
    where: Any = obj if isinstance(obj, (slice, list, tuple)) else concrete(obj)
    if np.ndim(where) == 0 and not isinstance(where, slice):  # one place, any number of values
        v = np.reshape(v, (1,) * (len(x.shape) - len(v.shape)) + tuple(v.shape))
        v = np.moveaxis(v, 0, axis)
        where = [int(where)] * v.shape[axis]
    # NumPy itself says where everything comes from: the elements' numbers are inserted into instead.
    order = np.insert(np.arange(n), where, -1)
    new = order == -1
    count = int(new.sum())
    order[new] = n + np.arange(count)
    v = np.broadcast_to(v, (*x.shape[:axis], count, *x.shape[axis + 1 :]))
    return concatenate([x, v], axis)[(*(slice(None),) * axis, order)]


@implements("delete")
def delete(arr: Any, obj: Any, axis: Any = None) -> Any:
    """`np.delete`."""
    x = as_array(arr)
    if axis is None:
        x, axis = ravel(x), 0
    axis = normalize_axis(axis, len(x.shape))
    where: Any = obj if isinstance(obj, (slice, list, tuple)) else concrete(obj)
    return x[(*(slice(None),) * axis, np.delete(np.arange(x.shape[axis]), where))]


@implements("trim_zeros")
def trim_zeros(filt: Any, trim: str = "fb", axis: Any = None) -> Any:
    """`np.trim_zeros` of a vector."""
    x = as_array(filt)
    if len(x.shape) != 1:
        raise TypeError("trim_zeros of Arrays: one axis only")
    nonzero = np.flatnonzero(concrete(x))
    if not len(nonzero):
        return x[:0]
    first = nonzero[0] if "f" in trim.lower() else 0
    last = nonzero[-1] + 1 if "b" in trim.lower() else len(x)
    return x[int(first) : int(last)]


@implements("pad")
def pad(array: Any, pad_width: Any, mode: Any = "constant", **kwargs: Any) -> Any:
    """`np.pad`: constants, and the modes that repeat elements or average or interpolate them."""
    x = as_array(array)
    widths = _widths(pad_width, len(x.shape))
    if mode == "constant":
        values = _per_side(kwargs.get("constant_values", 0), len(x.shape))
        for axis, (before, after) in enumerate(widths):
            parts = [x]
            for side, n in ((0, before), (1, after)):
                if n:
                    lengths_ = list(x.shape)
                    lengths_[axis] = n
                    fill = cast(as_array(values[axis][side]), x.value.dtype)
                    part = np.broadcast_to(fill, lengths_)
                    parts = [part, *parts] if side == 0 else [*parts, part]
            x = concatenate(parts, axis) if len(parts) > 1 else x
        return x
    if mode == "empty":
        return pad(x, widths)
    if mode in ("reflect", "symmetric") and kwargs.get("reflect_type", "even") == "odd":
        for axis, width in enumerate(widths):  # linear along an axis: NumPy gives the matrix
            unit = np.eye(x.shape[axis], dtype=x.value.dtype)
            matrix = np.pad(unit, (width, (0, 0)), mode, reflect_type="odd")
            x = np.moveaxis(np.tensordot(matrix, x, (1, axis)), 0, axis)
        return x
    if mode in ("edge", "wrap", "reflect", "symmetric"):
        for axis, (before, after) in enumerate(widths):
            places = np.pad(np.arange(x.shape[axis]), (before, after), mode)
            x = x[(*(slice(None),) * axis, places)]
        return x
    if mode in ("mean", "maximum", "minimum", "median", "linear_ramp"):
        for axis, width in enumerate(widths):
            x = _computed_pad(x, axis, width, mode, kwargs)
        return x
    raise TypeError(f"pad of Arrays: mode={mode!r} with {kwargs} is not supported")


def _widths(given: Any, rank: int) -> list[tuple[int, int]]:
    if isinstance(given, dict):
        out = [(0, 0)] * rank
        for axis, w in given.items():
            out[axis] = (int(w), int(w)) if np.ndim(w) == 0 else (int(w[0]), int(w[1]))
        return out
    return [(int(a), int(b)) for a, b in np.broadcast_to(np.asarray(given), (rank, 2))]


def _per_side(given: Any, rank: int) -> Any:
    if isinstance(given, (list, tuple)):
        rows = [list(r) if isinstance(r, (list, tuple)) else r for r in given]
        if rows and isinstance(rows[0], list):
            return rows * rank if len(rows) == 1 else rows
        return [rows * (2 if len(rows) == 1 else 1)] * rank
    return [[given, given]] * rank


def _computed_pad(x: Any, axis: int, width: tuple[int, int], mode: str, kwargs: Any) -> Any:
    """The modes that compute new elements from those at the edge, along one axis."""
    before, after = width
    n, rank = x.shape[axis], len(x.shape)
    part = (slice(None),) * axis
    if mode == "linear_ramp":
        ends = _per_side(kwargs.get("end_values", 0), rank)[axis]
        edges = x[(*part, slice(0, 1))], x[(*part, slice(n - 1, n))]
        low, high = [
            ramp(as_array(end), edge, count, axis)
            for end, edge, count in zip(ends, edges, width, strict=True)
        ]
        return concatenate([low, x, np.flip(high, axis)], axis)
    f: Any = {"mean": np.mean, "maximum": np.max, "minimum": np.min, "median": np.median}[mode]
    size = kwargs.get("stat_length")
    sizes = [n, n] if size is None else np.broadcast_to(np.asarray(size), (rank, 2))[axis]
    left: Any = f(x[(*part, slice(0, int(sizes[0])))], axis=axis, keepdims=True)
    right: Any = f(x[(*part, slice(n - int(sizes[1]), n))], axis=axis, keepdims=True)
    return concatenate([np.repeat(left, before, axis), x, np.repeat(right, after, axis)], axis)


def ramp(start: Any, edge: Any, count: int, axis: int) -> Any:
    """`count` evenly spaced slices from `start` to `edge`, which has length 1 along `axis`, left out."""
    steps = np.arange(count) / (count or 1)
    steps = steps.reshape([count if i == axis else 1 for i in range(len(edge.shape))])
    steps = steps.astype(edge.value.dtype)
    return cast(start, edge.value.dtype) * (1 - steps) + edge * steps
