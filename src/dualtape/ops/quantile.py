"""Quantiles: the sorted elements interpolated at fractions of the way."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.aval import Aval
from ..core.errors import ArgumentError, DtypeError, ShapeError
from ..core.forward import dtype_of
from ..core.kinds import constant
from .along import INT64, pick_along_p
from .axes import add_reduce, batch_in_front, normalize_axis, size_of
from .fused import lerp_p
from .numbers import ceil, floor, round_p
from .select import where
from .shape import move_axis, reshape
from .sorting import sort

_WAYS = ("linear", "lower", "higher", "midpoint", "nearest")


def _last_rank_eval(x: Any, *, skip_nan: bool) -> Any:
    n = x.shape[-1]
    if not skip_nan:
        return np.full((*x.shape[:-1], 1), n - 1, x.dtype)
    numbers = add_reduce(np.equal(x, x), -1, np.int64, None, True)
    return np.maximum(numbers - 1, 0).astype(x.dtype)


last_rank: Any = constant(
    "last_rank", _last_rank_eval, batch=batch_in_front(lambda: last_rank),
    aval=lambda x, *, skip_nan: Aval((*x.shape[:-1], 1), x.dtype),
    doc="The place of the largest element (with `skip_nan`: number) of the sorted rows, axis kept.",
)  # fmt: skip

row_has_nan: Any = constant(
    "row_has_nan",
    lambda x: np.isnan(x).any(-1, keepdims=True),
    batch=batch_in_front(lambda: row_has_nan),
    aval=lambda x: Aval((*x.shape[:-1], 1), np.dtype(bool)),
)

as_place: Any = constant(
    "as_place", lambda x: x.astype(INT64), pointwise=True, aval=lambda x: Aval(x.shape, INT64),
    doc="A whole number as an index.",
)  # fmt: skip


def _quantile(
    name: str, x: Any, q: Any, axis: int | None, keepdims: bool, interpolation: str, skip_nan: bool
) -> Any:
    dtype = dtype_of(x)
    if interpolation not in _WAYS:
        raise ArgumentError(
            f"{name}() interpolation must be one of linear, lower, higher, midpoint or nearest, "
            f"but got {interpolation}"
        )
    if dtype.char not in "fd":
        raise DtypeError(f"{name}() input tensor must be either float or double dtype")
    if isinstance(q, (int, float)):
        if not 0 <= q <= 1:
            raise ArgumentError(f"{name}() q must be in the range [0, 1] but got {q:g}")
        q = np.asarray(q, dtype)
    elif dtype_of(q) != dtype:
        raise DtypeError(f"{name}() q tensor must be same dtype as the input tensor")
    if len(q.shape) > 1:
        raise ShapeError(f"{name}() q must be a scalar or 1D tensor")
    shape = tuple(x.shape)
    if not size_of(shape):
        raise ShapeError(f"{name}() input tensor must be non-empty")
    if axis is None:
        row, at = reshape(x, (-1,)), 0
        kept = (1,) * len(shape)
    else:
        at = normalize_axis(axis, len(shape))
        row = move_axis(x, at, len(shape) - 1) if shape else reshape(x, (1,))
        kept = (*shape[:at], 1, *shape[at + 1 :]) if shape else ()
    row, _ = sort(row)
    ranks = reshape(q, (-1,)) * last_rank(row, skip_nan=skip_nan)
    if not skip_nan:  # with a NaN, the rank of the last, which is it
        ranks = where(row_has_nan(row), last_rank(row, skip_nan=False), ranks)
    out = _interpolated(row, ranks, interpolation)  # (rows..., q)
    rows = tuple(out.shape)[:-1]
    out = move_axis(out, len(rows), 0)
    final = kept if keepdims else rows
    return reshape(out, ((out.shape[0], *final) if len(q.shape) else final))


def _interpolated(row: Any, ranks: Any, way: str) -> Any:
    """The elements of sorted rows at ranks that lie between them."""

    def at(r: Any) -> Any:
        return pick_along_p(row, as_place(r), axis=-1, unique=False)

    if way in ("lower", "higher", "nearest"):
        return at({"lower": floor, "higher": ceil, "nearest": round_p}[way](ranks))
    below = floor(ranks)
    weight = below * 0 + 0.5 if way == "midpoint" else ranks - below
    return lerp_p(at(below), at(ceil(ranks)), weight)


def quantile(
    x: Any, q: Any, axis: int | None = None, keepdims: bool = False, interpolation: str = "linear"
) -> Any:
    """The q-quantiles along `axis`; a row with a NaN gives NaN.

    Args:
        x: float32 or float64, not empty.
        q: Fractions in [0, 1]: a number, or a 0-d or 1-d value of x's dtype, along whose elements
            the result's first axis then runs.
        axis: The axis; None for all elements.
        keepdims: Whether the axis stays, with length 1.
        interpolation: "linear", "lower", "higher", "midpoint" or "nearest".

    Raises:
        ArgumentError: `q` is outside [0, 1], or the interpolation another.
        DtypeError: Dtypes other than these, or not the same.
        ShapeError: `x` is empty or `q` has more axes.
    """
    return _quantile("quantile", x, q, axis, keepdims, interpolation, False)


def nanquantile(
    x: Any, q: Any, axis: int | None = None, keepdims: bool = False, interpolation: str = "linear"
) -> Any:
    """The q-quantiles along `axis` of the elements that are not NaN; see `quantile`."""
    return _quantile("nanquantile", x, q, axis, keepdims, interpolation, True)
