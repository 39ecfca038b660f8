"""Order statistics, covariances and weighted counts."""

from __future__ import annotations

from operator import index
from typing import Any

import numpy as np

from ..core.tensor import Tensor
from ..ops import diagonals
from ..ops import quantile as quantiles
from ..ops.assign import index_put
from ..ops.axes import normalize_axis, size_of
from ..ops.complex import cast, conj
from .concrete import concrete, is_followed
from .functions import implements
from .operands import as_array, inexact, together
from .products import matmul
from .reductions import axes_of
from .selection import sort


def rows_of(a: Any, axis: Any) -> tuple[Any, tuple[int, ...]]:
    """An array with the axes to be reduced merged into its last, and its shape with those axes kept."""
    x = inexact(as_array(a))
    rank = len(x.shape)
    axes = axes_of(axis)
    axes = tuple(range(rank)) if axes is None else (axes,) if isinstance(axes, int) else axes
    axes = tuple([normalize_axis(i, rank) for i in axes])
    kept = tuple([1 if i in axes else n for i, n in enumerate(x.shape)])
    if rank == 0:
        return np.reshape(x, (1,)), ()
    others = [i for i in range(rank) if i not in axes]
    x = np.transpose(x, (*others, *axes))
    return np.reshape(
        x, (*[kept[i] for i in others], size_of([x.shape[i] for i in range(len(others), rank)]))
    ), kept


@implements("median")
def median(
    a: Any, axis: Any = None, out: Any = None, overwrite_input: bool = False, keepdims: bool = False
) -> Any:
    """`np.median`: the mean of the two in the middle, where their number is even."""
    return _quantile(a, 0.5, axis, "linear", keepdims)


@implements("quantile")
def quantile(
    a: Any, q: Any, axis: Any = None, out: Any = None, overwrite_input: bool = False,
    method: str = "linear", keepdims: bool = False, *, weights: Any = None,
) -> Any:  # fmt: skip
    """`np.quantile`, differentiable by `a`, and by `q` where the method is continuous in it."""
    if weights is not None:
        raise TypeError("quantile of Arrays: weights are not supported")
    return _quantile(a, q, axis, method, keepdims)


def of_hundred(q: Any) -> Any:
    """Percents as fractions; a Python number stays one."""
    return q / 100 if type(q) in (int, float) else np.true_divide(q, 100)


@implements("percentile")
def percentile(
    a: Any, q: Any, axis: Any = None, out: Any = None, overwrite_input: bool = False,
    method: str = "linear", keepdims: bool = False, *, weights: Any = None,
) -> Any:  # fmt: skip
    """`np.percentile`."""
    return quantile(a, of_hundred(q), axis, method=method, keepdims=keepdims, weights=weights)


def _quantile(a: Any, q: Any, axis: Any, method: str, keepdims: bool) -> Any:
    x, kept = rows_of(a, axis)
    n = x.shape[-1]
    x = sort(x, -1)
    # A quantile is interpolated linearly between neighbours in order, and where, NumPy says itself: the
    # quantile of 0, 1, 2, ... is its own place among them.
    of: Any = np.quantile
    places = of(np.arange(float(n)), concrete(as_array(q)), method=method)
    weight: Any = places - np.floor(places)
    if isinstance(q, Tensor) and is_followed(q):
        if method != "linear":
            raise TypeError(
                f"quantile: the derivative by q with method={method!r} is not supported"
            )
        weight = q * (n - 1.0) - np.floor(places)
    below, above = np.floor(places).astype(int), np.ceil(places).astype(int)
    last = x[..., -1]
    dtype = x.dtype if type(q) in (int, float) else np.result_type(x.dtype, np.float64)
    outs: list[Any] = []
    for i, (b, c) in enumerate(zip(np.ravel(below), np.ravel(above), strict=True)):
        t = weight if not np.shape(places) else weight[i]
        low = x[..., int(b)]
        whole = b == c and not isinstance(t, Tensor)
        out = low if whole else low + (x[..., int(c)] - low) * t
        out = cast(out, dtype)
        out = np.where(np.isnan(last), last, out)
        outs.append(np.reshape(out, kept) if keepdims else out)
    if not np.shape(places):
        return outs[0]
    return np.reshape(np.stack(outs), (*np.shape(places), *outs[0].shape))


@implements("nanmedian")
def nanmedian(
    a: Any, axis: Any = None, out: Any = None, overwrite_input: bool = False, keepdims: bool = False
) -> Any:
    """`np.nanmedian`."""
    return nanquantile(a, 0.5, axis, keepdims=keepdims)


@implements("nanquantile")
def nanquantile(
    a: Any, q: Any, axis: Any = None, out: Any = None, overwrite_input: bool = False,
    method: str = "linear", keepdims: bool = False, *, weights: Any = None,
) -> Any:  # fmt: skip
    """`np.nanquantile`."""
    if weights is not None or method not in ("linear", "lower", "higher", "midpoint", "nearest"):
        raise TypeError(f"nanquantile of Arrays: method={method!r} or weights are not supported")
    x, kept = rows_of(a, axis)
    fractions = np.asarray(concrete(as_array(q)), np.float64)
    outs = [quantiles.nanquantile(x, float(f), -1, False, method) for f in fractions.ravel()]
    if type(q) not in (int, float):
        outs = [cast(o, np.result_type(x.dtype, np.float64)) for o in outs]
    if keepdims:
        outs = [np.reshape(o, kept) for o in outs]
    return np.reshape(np.stack(outs), (*fractions.shape, *outs[0].shape))


@implements("nanpercentile")
def nanpercentile(
    a: Any, q: Any, axis: Any = None, out: Any = None, overwrite_input: bool = False,
    method: str = "linear", keepdims: bool = False, *, weights: Any = None,
) -> Any:  # fmt: skip
    """`np.nanpercentile`."""
    return nanquantile(a, of_hundred(q), axis, method=method, keepdims=keepdims, weights=weights)


@implements("cov")
def cov(
    m: Any, y: Any = None, rowvar: bool = True, bias: bool = False, ddof: Any = None,
    fweights: Any = None, aweights: Any = None, *, dtype: Any = None,
) -> Any:  # fmt: skip
    """`np.cov`."""
    x = as_array(m)
    x = np.atleast_2d(cast(x, np.result_type(x.dtype, np.float64) if dtype is None else dtype))
    if not rowvar and len(as_array(m).shape) != 1:
        x = x.T
    if y is not None:
        other = np.atleast_2d(inexact(as_array(y)))
        if not rowvar and other.shape[0] != 1:
            other = other.T
        x = np.concatenate(together([x, other]), 0)
    if ddof is None:
        ddof = 0 if bias else 1
    w: Any = None
    if fweights is not None:
        w = np.asarray(concrete(fweights), float)
    if aweights is not None:
        aweights = as_array(aweights)
        w = aweights if w is None else w * aweights
    mean, total = np.average(x, 1, w, returned=True)
    total = total[0]
    if w is None:
        free: Any = x.shape[1] - ddof
    elif ddof == 0:
        free = total
    elif aweights is None:
        free = total - ddof
    else:
        free = total - ddof * np.sum(w * aweights) / total
    away = x - mean[:, None]
    right = away if w is None else away * w
    out = matmul(away, conj(right.T) if x.dtype.kind == "c" else right.T) / free
    return np.squeeze(out)


@implements("corrcoef")
def corrcoef(x: Any, y: Any = None, rowvar: bool = True, *, dtype: Any = None) -> Any:
    """`np.corrcoef`."""
    c = cov(x, y, rowvar, dtype=dtype)
    if not c.shape:
        return c / c
    std = np.sqrt(np.real(diagonals.diag(c)))
    out = c / std[:, None] / std[None, :]
    return np.clip(out, -1, 1) if c.dtype.kind != "c" else out


@implements("bincount")
def bincount(x: Any, /, weights: Any = None, minlength: Any = 0) -> Any:
    """`np.bincount`, linear in its weights."""
    places = concrete(as_array(x))
    if weights is None:
        return as_array(np.bincount(places, None, minlength))
    n = max(int(places.max()) + 1 if len(places) else 0, index(minlength))
    start = as_array(np.zeros(n))
    return index_put(
        start, places, cast(as_array(weights), np.float64), accumulate=True, numpy=True
    )


@implements("histogram_bin_edges")
def histogram_bin_edges(a: Any, bins: Any = 10, range: Any = None, weights: Any = None) -> Any:
    """`np.histogram_bin_edges`: between the extrema of `a`, or as given."""
    if isinstance(bins, Tensor):
        return bins
    x = as_array(a)
    if isinstance(bins, (int, np.integer)) and range is None and is_followed(x):
        low, high = np.min(x), np.max(x)
        if concrete(low) < concrete(high):
            return np.linspace(low, high, int(bins) + 1)
    given = None if weights is None else concrete(as_array(weights))
    return as_array(np.histogram_bin_edges(concrete(x), bins, range, given))


@implements("histogram")
def histogram(
    a: Any, bins: Any = 10, range: Any = None, density: Any = None, weights: Any = None
) -> Any:
    """`np.histogram`: counts are whole numbers; weighted ones are linear in the weights."""
    flat = np.asarray(concrete(as_array(a))).ravel()
    edges = histogram_bin_edges(a, bins, range, weights)
    bounds = concrete(edges)
    if weights is None:
        total: Any = as_array(np.histogram(flat, bounds)[0])
    else:
        place = np.searchsorted(bounds, flat, "right") - 1
        place[flat == bounds[-1]] = len(bounds) - 2
        inside = (flat >= bounds[0]) & (flat <= bounds[-1])
        chosen = np.ravel(as_array(weights))[inside]
        total = bincount(place[inside], chosen, len(bounds) - 1)
        if not density and chosen.dtype.kind == "f":
            total = cast(total, chosen.dtype)
    if density:
        total = total / np.diff(edges) / np.sum(total)
    return total, edges
