"""Views by strides: sliding windows, `as_strided`, and complex numbers as pairs of real ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided as windows_of

from ..core.aval import Aval
from ..core.errors import DtypeError, ShapeError
from ..core.forward import dtype_of
from ..core.kinds import linear
from ..core.tensor import Tensor
from .accumulate import add_at
from .axes import in_front, normalize_axis, size_of
from .shape import reshape_p

Ints = tuple[int, ...]


def window_count(n: int, size: int, step: int) -> int:
    """How many windows of `size` fit into `n` elements in steps of `step`."""
    return (n - size) // step + 1


def _unfold_eval(x: Any, *, axis: int, size: int, step: int) -> Any:
    shape = (*x.shape[:axis], window_count(x.shape[axis], size, step), *x.shape[axis + 1 :], size)
    stride = x.strides[axis]
    strides = (*x.strides[:axis], stride * step, *x.strides[axis + 1 :], stride)
    return windows_of(x, shape, strides)


def _fold_eval(x: Any, *, axis: int, size: int, step: int, length: int) -> Any:
    half = x.dtype.itemsize == 2
    out = np.zeros((*x.shape[:axis], length, *x.shape[axis + 1 : -1]), np.float32 if half else x.dtype)
    n = x.shape[axis]
    before = (slice(None),) * axis
    # One pass per window, or one per element of the windows, whichever are fewer.
    if n < size:
        places = np.moveaxis(out, axis, -1)
        for i in range(n):
            places[..., i * step : i * step + size] += x[(*before, i)]
    else:
        for k in range(size):
            out[(*before, slice(k, k + step * (n - 1) + 1, step))] += x[..., k]
    return out.astype(x.dtype) if half else out


def _unfold_aval(x: Aval, *, axis: int, size: int, step: int) -> Aval:
    n = window_count(x.shape[axis], size, step)
    return Aval((*x.shape[:axis], n, *x.shape[axis + 1 :], size), x.dtype)


unfold_p = linear(
    "unfold", _unfold_eval,
    lambda ct, aval, *, axis, size, step: fold_p(
        ct, axis=axis, size=size, step=step, length=aval.shape[axis]
    ),
    aval=_unfold_aval,
    batch=lambda xs, where, n, *, axis, size, step: (
        unfold_p(in_front(xs[0], where[0]), axis=axis + 1, size=size, step=step), 0
    ),
    view=True, doc="The windows of `size` elements along `axis`, as a new last axis.",
)  # fmt: skip

fold_p = linear(
    "fold_windows", _fold_eval,
    lambda ct, *, axis, size, step, length: unfold_p(ct, axis=axis, size=size, step=step),
    aval=lambda x, *, axis, size, step, length: Aval(
        (*x.shape[:axis], length, *x.shape[axis + 1 : -1]), x.dtype
    ),
    batch=lambda xs, where, n, *, axis, **params: (
        fold_p(in_front(xs[0], where[0]), axis=axis + 1, **params), 0
    ),
    grad_name="UnfoldBackwardBackward0",
    doc="Windows added up where they came from: the transpose of `unfold`.",
)  # fmt: skip


def unfold(x: Any, axis: int, size: int, step: int) -> Any:
    """All windows of `size` elements along `axis`, `step` apart, as a new last axis; a view.

    Raises:
        ShapeError: The size is negative or larger than the axis, or the step not positive.
    """
    s = tuple(x.shape)
    axis = normalize_axis(axis, len(s))
    n = s[axis] if s else 1
    if size < 0:
        raise ShapeError(f"size is {size} but must be >= 0")
    if size > n:
        raise ShapeError(f"maximum size for tensor at dimension {axis} is {n} but size is {size}")
    if step <= 0:
        raise ShapeError(f"step is {step} but must be > 0")
    if not s:
        return reshape_p(x, shape=(1,)) if size else unfold_p(
            reshape_p(x, shape=(1,)), axis=0, size=0, step=step
        )[0]
    return unfold_p(x, axis=axis, size=size, step=step)


def positions(shape: Sequence[int], strides: Sequence[int], offset: int) -> Any:
    """For each element of a strided view, which element of the row-major array it is."""
    at: Any = np.intp(offset)
    for i, (n, step) in enumerate(zip(shape, strides, strict=True)):
        at = at + (np.arange(n) * step).reshape(n, *(1,) * (len(shape) - i - 1))
    return np.asarray(at)


def _as_strided_eval(x: Any, *, shape: Ints, strides: Ints, offset: int) -> Any:
    if not x.flags.c_contiguous:
        return x.reshape(-1).take(positions(shape, strides, offset))
    size = x.dtype.itemsize
    if not size_of(shape):
        return np.empty(shape, x.dtype)
    return np.ndarray(shape, x.dtype, x, offset * size, tuple([k * size for k in strides]))


def _strides_added_eval(x: Any, *, like: Ints, shape: Ints, strides: Ints, offset: int) -> Any:
    out = np.zeros(like, x.dtype)
    return add_at(out.reshape(-1), positions(shape, strides, offset).reshape(-1), x.reshape(-1)).reshape(like)


as_strided_p = linear(
    "as_strided", _as_strided_eval,
    lambda ct, aval, **params: strides_added_p(ct, like=aval.shape, **params),
    aval=lambda x, *, shape, strides, offset: Aval(shape, x.dtype),
    view=True,
    doc="The view of a row-major x with these strides, counted in elements.",
)  # fmt: skip

strides_added_p = linear(
    "strides_added", _strides_added_eval,
    lambda ct, *, like, shape, strides, offset: as_strided_p(
        ct, shape=shape, strides=strides, offset=offset
    ),
    aval=lambda x, *, like, shape, strides, offset: Aval(like, x.dtype),
    doc="Elements of a strided view added up where they lie: the transpose of `as_strided`.",
)  # fmt: skip
