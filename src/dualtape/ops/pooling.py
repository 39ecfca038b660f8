"""The primitives of maximum pooling, and windows as columns.

The maximum over a window of several axes is taken axis by axis. Where a window has its maximum
several times, the first in row-major order counts; of NaNs, which win, the last: PyTorch's choices.
Only `x` is kept for the backward pass, which finds the places again: a forward pass without
gradients does not pay for them, and they would take twice the memory of float32 results.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.aval import Aval
from ..core.kinds import constant, general, linear
from .axes import batch_in_front, size_of
from .stencils import Stencil, places, taps
from .windows import Array, Ints, Pairs, add_windows, interior, padded, window_count, windows

Stencils = tuple[Stencil, ...]


def _at(index: Any, after: int) -> tuple[Any, ...]:
    return (..., index, *(slice(None),) * after)


def _max_along(x: Array, stencil: Stencil, axis: int, where: bool) -> tuple[Array, Array | None]:
    """The maxima of the windows along one (negative) axis and, if `where`, their places on it."""
    after = -axis - 1
    found = places(stencil, x.shape[axis]).index
    first = np.take_along_axis(found, np.argmax(found >= 0, axis=0)[None], 0)[0]
    out = np.take(x, first, axis)
    at = np.broadcast_to(first.reshape(-1, *(1,) * after), out.shape).copy() if where else None
    for tap in taps(stencil, x.shape[axis]):
        part = (
            x[_at(tap.source, after)]
            if isinstance(tap.source, slice)
            else np.take(x, tap.source, axis)
        )
        target = _at(tap.target, after)
        if at is None:
            if isinstance(tap.target, slice):
                np.maximum(out[target], part, out=out[target])
            else:
                out[target] = np.maximum(out[target], part)
            continue
        sofar, source = out[target], tap.source
        larger = (part > sofar) | (part != part)  # a NaN wins
        if isinstance(source, slice):
            source = np.arange(x.shape[axis])[source]
        spots = np.where(larger, source.reshape(-1, *(1,) * after), at[target])
        at[target] = spots
        out[target] = np.where(larger, part, sofar)
    return out, at


def _max_pool_eval(x: Array, *, stencils: Stencils) -> Array:
    for number, stencil in enumerate(stencils):
        x, _ = _max_along(x, stencil, number - len(stencils), False)
    return x


def _max_pool_indices_eval(x: Array, *, stencils: Stencils) -> Array:
    rank = len(stencils)
    space = x.shape[-rank:]
    flat: Array | None = None
    # Innermost axis first: then a later axis, further out, chooses among rows whose first maximum
    # is known.
    for number in reversed(range(rank)):
        axis = number - rank
        x, at = _max_along(x, stencils[number], axis, True)
        assert at is not None
        step = size_of(space[number + 1 :])
        flat = at * step if flat is None else np.take_along_axis(flat, at, axis) + at * step
    assert flat is not None
    return flat


def _pooled_shape(shape: Ints, stencils: Stencils) -> Ints:
    return (*shape[: -len(stencils)], *(s.count for s in stencils))


def _flattened(x: Array, rank: int) -> Array:
    return x.reshape(*x.shape[: x.ndim - rank], size_of(x.shape[x.ndim - rank :]))


def _pool_gather_eval(x: Array, at: Array, *, rank: int) -> Array:
    return np.take_along_axis(_flattened(x, rank), _flattened(at, rank), -1).reshape(at.shape)


def _pool_scatter_eval(y: Array, at: Array, *, space: Ints, distinct: bool) -> Array:
    rank, n = len(space), size_of(space)
    y, at = _flattened(y, rank), _flattened(at, rank)
    out = np.zeros((*y.shape[:-1], n), y.dtype)
    if distinct:
        np.put_along_axis(out, at, y, -1)
    else:
        rows = size_of(y.shape[:-1])
        index = (at.reshape(rows, -1) + n * np.arange(rows)[:, None]).ravel()
        # bincount adds in double precision, faster than np.add.at.
        for part in ("real", "imag") if y.dtype.kind == "c" else ("real",):
            total = np.bincount(index, getattr(y, part).ravel().astype(np.float64), rows * n)
            getattr(out, part)[...] = total.reshape(out.shape)
    return out.reshape(*out.shape[:-1], *space)


# `at` numbers the elements of the last `rank` axes of x, flattened.
pool_gather_p = linear(
    "pool_gather",
    _pool_gather_eval,
    lambda ct, at, aval, *, rank: pool_scatter_p(
        ct, at, space=tuple(aval.shape[-rank:]), distinct=False
    ),
    inputs="x at",
    aval=lambda x, at, *, rank: Aval(at.shape, x.dtype),
    grad_name="MaxPool2DWithIndicesBackward0",
    batch=batch_in_front(lambda: pool_gather_p),
    doc="The elements of x at the places `at`.",
)

pool_scatter_p = linear(
    "pool_scatter",
    _pool_scatter_eval,
    lambda ct, at, *, space, distinct: pool_gather_p(ct, at, rank=len(space)),
    inputs="y at",
    aval=lambda y, at, *, space, distinct: Aval((*y.shape[: y.ndim - len(space)], *space), y.dtype),
    batch=batch_in_front(lambda: pool_scatter_p),
    grad_name="MaxUnpool2DBackward0",
    doc="Zeros of `space` with y at the places `at`: added up, or written if they are `distinct`.",
)

max_pool_indices_p = constant(
    "max_pool_indices", _max_pool_indices_eval,
    aval=lambda x, *, stencils: Aval(_pooled_shape(x.shape, stencils), np.dtype(np.int64)),
    batch=batch_in_front(lambda: max_pool_indices_p),
    doc="Where the maximum of each window lies, among the elements of the pooled axes flattened.",
)  # fmt: skip


def _max_pool_jvp(d: Any, x: Any, *, stencils: Stencils, distinct: bool) -> Any:
    return pool_gather_p(d, max_pool_indices_p(x, stencils=stencils), rank=len(stencils))


def _max_pool_vjp(ct: Any, x: Any, *, stencils: Stencils, distinct: bool) -> Any:
    at = max_pool_indices_p(x, stencils=stencils)
    return pool_scatter_p(ct, at, space=tuple(x.shape[-len(stencils) :]), distinct=distinct)


def _declare(name: str, grad_name: str) -> Any:
    primitive = general(
        name, lambda x, *, stencils, distinct: _max_pool_eval(x, stencils=stencils),
        jvp=_max_pool_jvp, vjp=_max_pool_vjp, grad_name=grad_name,
        aval=lambda x, *, stencils, distinct: Aval(_pooled_shape(x.shape, stencils), x.dtype),
        batch=batch_in_front(lambda: primitive),
        doc="The maximum of each window of the last axes; `distinct` promises that no element is "
            "in two windows.",
    )  # fmt: skip
    return primitive


max_pool_ps = {
    1: (max_pool2d_p := _declare("max_pool2d", "MaxPool2DWithIndicesBackward0")),
    2: max_pool2d_p,
    3: (max_pool3d_p := _declare("max_pool3d", "MaxPool3DWithIndicesBackward0")),
}
adaptive_max_pool_ps = {
    1: (adaptive_max_pool2d_p := _declare("adaptive_max_pool2d", "AdaptiveMaxPool2DBackward0")),
    2: adaptive_max_pool2d_p,
    3: (adaptive_max_pool3d_p := _declare("adaptive_max_pool3d", "AdaptiveMaxPool3DBackward0")),
}


def _unfold_eval(x: Array, *, kernel: Ints, stride: Ints, padding: Pairs, dilation: Ints) -> Array:
    rank = len(kernel)
    counts = tuple(map(window_count, x.shape[-rank:], kernel, stride, padding, dilation))
    v = windows(padded(x, padding), kernel, stride, dilation, counts)
    lead = x.shape[: x.ndim - rank]
    return np.array(v).reshape(*lead[:-1], lead[-1] * size_of(kernel), size_of(counts))


def _fold_eval(
    y: Array, *, space: Ints, kernel: Ints, stride: Ints, padding: Pairs, dilation: Ints
) -> Array:
    counts = tuple(map(window_count, space, kernel, stride, padding, dilation))
    lead = (*y.shape[:-2], y.shape[-2] // size_of(kernel))
    wide = y.astype(np.float32) if y.dtype.itemsize == 2 and y.dtype.kind in "fV" else y
    out = np.zeros(
        (*lead, *(n + lo + hi for n, (lo, hi) in zip(space, padding, strict=True))), wide.dtype
    )
    add_windows(wide.reshape(*lead, *kernel, *counts), out, stride, dilation)
    return np.array(out[interior(space, padding)], y.dtype)


def _unfold_aval(x: Aval, *, kernel: Ints, stride: Ints, padding: Pairs, dilation: Ints) -> Aval:
    rank = len(kernel)
    counts = tuple(map(window_count, x.shape[-rank:], kernel, stride, padding, dilation))
    lead = x.shape[: x.ndim - rank]
    return Aval((*lead[:-1], lead[-1] * size_of(kernel), size_of(counts)), x.dtype)


unfold_p = linear(
    "im2col", _unfold_eval,
    lambda ct, aval, *, kernel, **rest: fold_p(
        ct, space=tuple(aval.shape[-len(kernel) :]), kernel=kernel, **rest),
    aval=_unfold_aval, batch=batch_in_front(lambda: unfold_p), grad_name="Im2ColBackward0",
    doc="The windows of x (..., C, *S) as columns: (..., C * prod(kernel), windows).",
)  # fmt: skip

fold_p = linear(
    "col2im",
    _fold_eval,
    lambda ct, *, space, **rest: unfold_p(ct, **rest),
    aval=lambda y, *, space, kernel, **_: Aval(
        (*y.shape[:-2], y.shape[-2] // size_of(kernel), *space), y.dtype
    ),
    batch=batch_in_front(lambda: fold_p),
    grad_name="Col2ImBackward0",
    doc="Columns added up where their windows lie: the transpose of `im2col`.",
)
