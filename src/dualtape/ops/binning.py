"""Where numbers fall: searching sorted rows, buckets, histograms, counts, distinct values.

Nothing here has a derivative. `unique` and its kin, and `bincount`, have results whose shape
depends on the numbers; they cannot be traced or mapped, and say so.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from ..core.aval import Aval
from ..core.errors import ArgumentError, DtypeError, ShapeError
from ..core.forward import dtype_of
from ..core.kinds import constant
from ..core.tensor import Tensor, plain, wrap
from .along import take_along
from .axes import in_front, normalize_axis
from .shape import broadcast_to, reshape_p

Array = np.ndarray[Any, Any]


def _search_eval(rows: Array, x: Array, *, right: bool, int32: bool) -> Array:
    side = "right" if right else "left"
    if rows.ndim == 1:
        places = np.searchsorted(rows, x, side)  # type: ignore[call-overload]
    else:
        places = np.empty(x.shape, np.int64)
        count = math.prod(rows.shape[:-1])
        out = places.reshape(count, x.shape[-1])
        pairs = zip(rows.reshape(count, rows.shape[-1]), x.reshape(count, x.shape[-1]), strict=True)
        for i, (row, values) in enumerate(pairs):
            out[i] = np.searchsorted(row, values, side)  # type: ignore[call-overload]
    return np.asarray(places, np.int32 if int32 else np.int64)[()]


def _search_batch(xs: list[Any], where: list[int | None], n: int, **params: Any) -> tuple[Any, int]:
    rows, x = xs
    shared = where[0] is None
    x = broadcast_to(x, (n, *x.shape)) if where[1] is None else in_front(x, where[1])
    if shared and len(rows.shape) == 1:
        return searchsorted_p(rows, x, **params), 0
    rows = broadcast_to(rows, (n, *rows.shape)) if shared else in_front(rows, where[0])
    shape = tuple(x.shape)
    if len(rows.shape) == 2:  # one row for each example, wherever it looks it up
        x = reshape_p(x, shape=(n, math.prod(shape[1:])))
    return reshape_p(searchsorted_p(rows, x, **params), shape=shape), 0


searchsorted_p: Any = constant(
    "searchsorted", _search_eval, inputs="rows x",
    aval=lambda rows, x, *, right, int32: Aval(x.shape, np.dtype(np.int32 if int32 else np.int64)),
    batch=lambda *a, **p: _search_batch(*a, **p),
    doc="For each x the first place in its sorted row where it could stand (after its equals, if "
    "`right`).",
)  # fmt: skip


def searchsorted(
    rows: Any,
    x: Any,
    right: bool = False,
    side: str | None = None,
    sorter: Any = None,
    int32: bool = False,
) -> Any:
    """Find where in sorted rows each number could be inserted.

    Args:
        rows: Sorted along the last axis: one row, or one for each row of `x`.
        x: A number, or values of the dtype of `rows` (of any shape when `rows` is 1-d).
        right: Whether to return the last such place instead of the first.
        side: "left" or "right" instead of `right`.
        sorter: Indices that sort `rows`, which is then not sorted.
        int32: Whether to return int32 instead of int64.

    Raises:
        ArgumentError: `side` is another word or contradicts `right`.
        ShapeError: The rows do not fit.
    """
    name = "torch.searchsorted()"
    if side is not None:
        if side not in ("left", "right"):
            raise ArgumentError(f"{name}: side can only be 'left' or 'right' but got {side}")
        if right and side == "left":
            raise ArgumentError(
                f"{name}: side and right can't be set to opposites, got side of left while right "
                "was True"
            )
        right = side == "right"
    shape = tuple(rows.shape)
    if isinstance(x, (int, float)):
        x = np.asarray(x, dtype_of(rows))
    if not shape:
        raise ShapeError(
            f"{name}: input value can be a scalar only when boundaries tensor dimension is 1"
        )
    if len(shape) > 1:
        if not x.shape:
            raise ShapeError(
                f"{name}: input value can be a scalar only when boundaries tensor dimension is 1, "
                f"but we got boundaries tensor dim({len(shape)}) and input value's dim(0) numel(1)"
            )
        if tuple(x.shape)[:-1] != shape[:-1]:
            raise ShapeError(
                f"{name}: boundaries tensor should be 1 dimension or the first N-1 dimensions of "
                "boundaries tensor and input value tensor must match, but we got boundaries "
                f"tensor {list(shape)} and input value tensor {list(x.shape)}"
            )
    if sorter is not None:
        if tuple(sorter.shape) != shape:
            raise ShapeError(
                f"{name}: boundary and sorter must have the same size, but got boundary tensor "
                f"{list(shape)} and got sorter tensor {list(sorter.shape)}"
            )
        rows = sorted_by(rows, sorter)
    return searchsorted_p(rows, x, right=right, int32=int32)


sorted_by: Any = constant(
    "sorted_by", lambda rows, sorter: take_along(rows, sorter, -1), inputs="rows sorter",
    aval=lambda rows, sorter: rows,
    batch=lambda xs, where, n: (
        sorted_by(
            *[
                broadcast_to(x, (n, *x.shape)) if a is None else in_front(x, a)
                for x, a in zip(xs, where, strict=True)
            ]
        ),
        0,
    ),
)  # fmt: skip


def bucketize(x: Any, boundaries: Any, right: bool = False, int32: bool = False) -> Any:
    """The number of the bucket between sorted `boundaries` that each number falls into.

    Raises:
        ShapeError: The boundaries are not 1-d.
    """
    if len(boundaries.shape) != 1:
        raise ShapeError(
            f"boundaries tensor must be 1 dimension, but got dim({len(boundaries.shape)})"
        )
    return searchsorted(boundaries, x, right=right, int32=int32)


def _finite(name: str, low: float, high: float) -> tuple[float, float]:
    if not (np.isfinite(low) and np.isfinite(high)):
        raise ArgumentError(f"{name}: range of [{low:g}, {high:g}] is not finite")
    if low > high:
        raise ArgumentError(f"{name}: max must be larger than min")
    return low, high


def _histc_eval(x: Array, *, bins: int, low: float, high: float, lead: int = 0) -> Array:
    if lead:  # one histogram for each element of the first axes
        shape = x.shape[:lead]
        rows = [
            _histc_eval(row, bins=bins, low=low, high=high)
            for row in x.reshape(math.prod(shape), math.prod(x.shape[lead:]))
        ]
        return np.array(rows, x.dtype).reshape(*shape, bins)
    if low == high and x.size:
        low, high = float(x.min()), float(x.max())
    if low == high:
        low, high = low - 1, high + 1
    low, high = _finite("torch.histc", low, high)
    x = x[(x >= low) & (x <= high)]
    place = np.minimum(
        ((x.astype(np.float64) - low) / (high - low) * bins).astype(np.int64), bins - 1
    )
    return np.bincount(place, minlength=bins).astype(x.dtype)


histc_p: Any = constant(
    "histc", _histc_eval,
    aval=lambda x, *, bins, low, high, lead=0: Aval((*tuple(x.shape)[:lead], bins), x.dtype),
    batch=lambda xs, where, n, *, lead=0, **rest: (
        histc_p(in_front(xs[0], where[0]), lead=lead + 1, **rest), 0
    ),
)  # fmt: skip


def histc(x: Any, bins: int = 100, low: float = 0, high: float = 0) -> Any:
    """Count the elements in `bins` equal bins of [low, high], in x's dtype; others are left out.

    Args:
        x: Real.
        bins: Their number.
        low: The range's lower end; where it equals the upper one, the data's range is taken.
        high: Its upper end.

    Raises:
        ArgumentError: No bins, or a range that is not one.
    """
    if bins <= 0:
        raise ArgumentError(f"torch.histogram(): bins must be > 0, but got {bins} for dimension 0")
    return histc_p(x, bins=bins, low=low, high=high)


def _concrete(name: str, x: Any) -> Array:
    """The numbers themselves, for operations whose result's shape depends on them."""
    value = plain(x)
    if not isinstance(value, (np.ndarray, np.generic)):
        raise DtypeError(f"{name}: not an array: {value!r}")
    return np.asarray(value)


def _like(x: Any, value: Any) -> Any:
    """A result as the class that results of `x` have."""
    return wrap(x.result_class, value) if isinstance(x, Tensor) else value


def bincount(x: Any, weights: Any = None, minlength: int = 0) -> Any:
    """Count how often each of 0, 1, 2, ... occurs, or add up the weights of its occurrences.

    Args:
        x: Non-negative integers, 1-d.
        weights: One per element, or None.
        minlength: The least length of the result.

    Raises:
        ShapeError: Not 1-d, negative, or as many weights.
        DtypeError: Not integers.
    """
    values = _concrete("bincount", x)
    if values.dtype.kind not in "iu":
        raise DtypeError(f'"bincount_cpu" not implemented for {values.dtype.name}')
    if values.ndim != 1 or (values.size and values.min() < 0):
        raise ShapeError("bincount only supports 1-d non-negative integral inputs.")
    if minlength < 0:
        raise ArgumentError("minlength should be >= 0")
    if weights is None:
        return _like(x, np.bincount(values, minlength=minlength).astype(np.int64, copy=False))
    given = _concrete("bincount", weights)
    if given.shape != values.shape:
        raise ShapeError("weights should be 1-d and have the same length as input")
    counts = np.bincount(values, given.astype(np.float64), minlength)
    return _like(x, counts.astype(given.dtype if given.dtype.char == "f" else np.float64))


class Histogram(NamedTuple):
    """Counts and the bins' edges."""

    hist: Any
    bin_edges: Any


def histogramdd(
    x: Any,
    bins: Any,
    range: Sequence[float] | None = None,
    weight: Any = None,
    density: bool = False,
) -> tuple[Any, list[Any]]:
    """Count points of D-dimensional space in a grid of bins.

    Args:
        x: Real, of shape (points, D).
        bins: The number of bins along each axis (or one number), or the sequences of their edges.
        range: Lower and upper ends in turn, axis by axis, where `bins` are numbers; None: the
            data's.
        weight: What each point counts, or None for 1.
        density: Whether to divide by the total and the bins' volumes.

    Returns:
        The counts, in x's dtype, and the edges, axis by axis.

    Raises:
        ShapeError, ArgumentError: What is given does not fit.
    """
    points = _concrete("histogramdd", x)
    if points.ndim < 2:
        raise ShapeError(
            "torch.histogramdd(): input tensor should have at least 2 dimensions, but got "
            f"{points.ndim}"
        )
    dims = points.shape[-1]
    points = points.reshape(-1, dims)
    if isinstance(bins, int):
        bins = [bins] * dims
    if len(bins) != dims:
        raise ShapeError(
            "torch.histogramdd(): Expected number of dimensions in the input to equal the number "
            f"of bins, but got {len(bins)} for {dims}"
        )
    edges = []
    for d, b in enumerate(bins):
        if not isinstance(b, int):
            edges.append(_concrete("histogramdd", b))
            continue
        if b <= 0:
            raise ArgumentError(
                f"torch.histogramdd(): bins must be > 0, but got {b} for dimension {d}"
            )
        low, high = (0.0, 1.0) if range is None else (range[2 * d], range[2 * d + 1])
        if range is None and len(points):
            low, high = float(points[:, d].min()), float(points[:, d].max())
        if low == high:
            low, high = low - 0.5, high + 0.5
        low, high = _finite(f"torch.histogramdd: dimension {d}'s", low, high)
        edges.append(np.linspace(low, high, b + 1, dtype=points.dtype))
    weights = None if weight is None else _concrete("histogramdd", weight).reshape(-1)
    counts = _counted(points, edges, weights)
    if density:
        volumes = functools.reduce(np.multiply.outer, [np.diff(e) for e in edges])
        counts /= counts.sum() * volumes
    return _like(x, counts.astype(points.dtype)), [_like(x, e) for e in edges]


def _counted(points: Array, edges: list[Array], weights: Array | None) -> Array:
    """How many points, or how much weight, in each cell; last bins hold their upper edge too."""
    shape = [len(e) - 1 for e in edges]
    inside = np.ones(len(points), bool)
    cell = np.zeros(len(points), np.int64)
    for d, e in enumerate(edges):
        v = points[:, d]
        inside &= (v >= e[0]) & (v <= e[-1])
        cell = cell * shape[d] + np.minimum(np.searchsorted(e, v, "right") - 1, shape[d] - 1)
    chosen = None if weights is None else weights[inside].astype(np.float64)
    size = int(np.prod(shape))
    return np.bincount(cell[inside], chosen, size).astype(np.float64).reshape(shape)


def histogram(
    x: Any,
    bins: Any,
    range: Sequence[float] | None = None,
    weight: Any = None,
    density: bool = False,
) -> Histogram:
    """Count the elements in bins, all of `x` as one row; see `histogramdd`."""
    row = _concrete("histogram", x).reshape(-1, 1)
    given = bins if isinstance(bins, int) else [_concrete("histogram", bins)]
    counts, edges = histogramdd(
        row, given if isinstance(given, list) else [given], range, weight, density
    )
    return Histogram(_like(x, counts), _like(x, edges[0]))


class Unique(NamedTuple):
    """Distinct values, the place of each input's value among them, and how often each occurs."""

    values: Any
    inverse: Any
    counts: Any


def unique(x: Any, axis: int | None = None) -> Unique:
    """The distinct elements (or slices along `axis`), sorted; every NaN is distinct.

    Returns:
        Values, inverse (of x's shape, or 1-d for slices) and counts, both int64.

    Raises:
        GraphError: The numbers are not known yet, inside a transformation.
    """
    values = _concrete("unique", x)
    axis = axis if axis is None else normalize_axis(axis, values.ndim)
    out, inverse, counts = np.unique(
        values, return_inverse=True, return_counts=True, axis=axis, equal_nan=False
    )
    inverse = inverse.reshape(values.shape if axis is None else (-1,))
    return Unique(
        _like(x, out), _like(x, inverse.astype(np.int64)), _like(x, counts.astype(np.int64))
    )


def unique_consecutive(x: Any, axis: int | None = None) -> Unique:
    """The elements (or slices along `axis`) that differ from the one before.

    Returns, Raises: As `unique`.
    """
    values = _concrete("unique_consecutive", x)
    rows = (
        values.reshape(-1)
        if axis is None
        else np.moveaxis(values, normalize_axis(axis, values.ndim), 0)
    )
    n = len(rows)
    starts = np.ones(n, bool)
    if n > 1:
        starts[1:] = (rows[1:] != rows[:-1]).reshape(n - 1, -1).any(1)
    out = rows[starts]
    inverse = np.cumsum(starts) - 1
    counts = np.diff(np.append(np.flatnonzero(starts), n))
    if axis is None:
        inverse = inverse.reshape(values.shape)
    else:
        out = np.moveaxis(out, 0, normalize_axis(axis, values.ndim))
    return Unique(
        _like(x, out), _like(x, inverse.astype(np.int64)), _like(x, counts.astype(np.int64))
    )
