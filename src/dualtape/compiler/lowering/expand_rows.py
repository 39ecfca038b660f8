"""Softmax and its kin, normalisations, moments, norms and extrema with their places, in sums, maxima and maps."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ...core.primitive import Primitive
from ...ops import attention as at
from ...ops import extrema as ex
from ...ops import moments as mo
from ...ops import normalize as nm
from ...ops import norms as no
from ...ops import reduce as re
from ...ops import softmax as sm
from ...ops import standardize as st
from ...ops.arithmetic import div, reciprocal, square
from ...ops.axes import count_along, reduced_shape
from ...ops.compare import eq, isinf, isnan, logical_and, logical_or, ne
from ...ops.complex import cast_constant
from ...ops.exponential import exp, log, sqrt
from ...ops.numbers import abs_
from ...ops.select import clamp_p, keep, where
from ...ops.shape import reshape
from .expansion import Unexpanded, everything, filled, floats
from .internal import index_along

Axes = tuple[int, ...]


def _peak(x: Any, axis: int) -> Any:
    return ex.amax_p(x, axes=(axis + len(x.shape),), keepdims=True)


def _softmax(x: Any, *, axis: int = -1) -> Any:
    filled(x)
    floats(x)
    e = exp(x - _peak(x, axis))
    return e * reciprocal(sm.total(e, axis))


def _safe_softmax(x: Any, *, axis: int = -1) -> Any:
    filled(x)
    floats(x)
    info = np.finfo(x.dtype)  # where every score is -inf all powers are 0, and so is the quotient
    e = exp(x - clamp_p(_peak(x, axis), low=float(info.min), high=None))
    return e * reciprocal(clamp_p(sm.total(e, axis), low=float(info.tiny), high=None))


def _log_softmax(x: Any, *, axis: int = -1) -> Any:
    filled(x)
    floats(x)
    away = x - _peak(x, axis)
    return away - log(sm.total(exp(away), axis))


def _logsumexp(x: Any, *, axes: Axes, keepdims: bool) -> Any:
    filled(x)
    floats(x)
    high = ex.amax_p(x, axes=axes, keepdims=True)
    high = keep(ne(isinf(high), True), high)
    out = high + log(re.sum_p(exp(x - high), axes=axes, keepdims=True))
    return reshape(out, reduced_shape(x.shape, axes, keepdims))


def _standardised(
    x: Any, w: Any, b: Any, *, axes: Axes = (-1,), eps: float = 1e-5
) -> tuple[Any, Any, Any]:
    filled(x)
    floats(x)
    r, z, mean = st._steps(x, axes, eps)
    out = z
    if tuple(w.shape) != st.NONE:
        out = out * w
    if tuple(b.shape) != st.NONE:
        out = out + b
    return out, mean(x), r


def _rms(x: Any, w: Any, *, axes: Axes = (-1,), eps: float) -> Any:
    filled(x)
    floats(x)
    r, _ = nm._rms_parts(x, axes, eps)
    return x * r if tuple(w.shape) == st.NONE else x * r * w


def _moments(x: Any, axes: Axes | None, keepdims: bool, correction: float) -> tuple[Any, Any]:
    """The variance and the mean."""
    filled(x)
    floats(x)
    axes = everything(x) if axes is None else axes
    n = count_along(x.shape, axes)
    center = re.mean_p(x, axes=axes, keepdims=True)
    total = re.sum_p(square(x - center), axes=axes, keepdims=True)
    free = n - correction if n > correction else 0
    shape = reduced_shape(x.shape, axes, keepdims)
    variance = div(total, np.asarray(free, x.dtype)[()])
    return reshape(variance, shape), reshape(center, shape)


def _var(x: Any, *, axes: Axes | None = None, keepdims: bool = False, correction: float = 1) -> Any:
    return _moments(x, axes, keepdims, correction)[0]


def _std(x: Any, *, axes: Axes | None = None, keepdims: bool = False, correction: float = 1) -> Any:
    return sqrt(_moments(x, axes, keepdims, correction)[0])


def _std_mean(x: Any, *, axes: Axes, keepdims: bool, correction: float) -> tuple[Any, Any]:
    variance, center = _moments(x, axes, keepdims, correction)
    return sqrt(variance), center


def _norm(x: Any, *, ord: float = 2.0, axes: Axes | None = None, keepdims: bool = False) -> Any:
    filled(x)
    floats(x)
    axes = everything(x) if axes is None else axes
    if ord == 2:
        return sqrt(re.sum_p(square(x), axes=axes, keepdims=keepdims))
    if ord == 1:
        return re.sum_p(abs_(x), axes=axes, keepdims=keepdims)
    if abs(ord) == np.inf:
        extremum = ex.amax_p if ord > 0 else ex.amin_p
        return extremum(abs_(x), axes=axes, keepdims=keepdims)
    if ord == 0:
        nonzero = cast_constant(ne(x, x.dtype.type(0)), dtype=x.dtype)
        return re.sum_p(nonzero, axes=axes, keepdims=keepdims)
    raise Unexpanded


def _nansum(x: Any, *, axes: Axes, keepdims: bool) -> Any:
    floats(x)
    return re.sum_p(keep(eq(x, x), x), axes=axes, keepdims=keepdims)


def _tie_share(x: Any, y: Any, *, axes: Axes, share_nan: bool) -> Any:
    filled(x)
    floats(x)
    same = eq(x, y)
    if share_nan:
        same = logical_or(same, logical_and(isnan(x), isnan(y)))
    ones = cast_constant(same, dtype=x.dtype)
    return div(ones, re.sum_p(ones, axes=axes, keepdims=True))


def _place(x: Any, best: Any, axis: int) -> Any:
    """The first index along an axis (negative) of what equals the extremum, or is NaN; the axis kept."""
    hit = eq(x, best)
    if x.dtype.kind == "f":
        hit = logical_or(hit, isnan(x))
    n = x.shape[axis]
    index = where(hit, index_along(x, axis=axis), np.int64(n))
    return ex.amin_p(index, axes=(axis + len(x.shape),), keepdims=True)


def _extremum(extremum: Any, places_only: bool) -> Callable[..., Any]:
    def run(x: Any, *, axis: int, keepdims: bool) -> Any:
        filled(x)
        if x.dtype.kind == "b":
            raise Unexpanded
        along = axis + len(x.shape)
        best = extremum(x, axes=(along,), keepdims=True)
        place = _place(x, best, axis)
        shape = reduced_shape(x.shape, (along,), keepdims)
        place = reshape(place, shape)
        return place if places_only else (reshape(best, shape), place)

    return run


def _aminmax(x: Any, *, axes: Axes, keepdims: bool) -> tuple[Any, Any]:
    filled(x)
    return ex.amin_p(x, axes=axes, keepdims=keepdims), ex.amax_p(x, axes=axes, keepdims=keepdims)


EXPANSIONS: dict[Primitive, Callable[..., Any]] = {
    sm.softmax_p: _softmax,
    sm.log_softmax_p: _log_softmax,
    at.safe_softmax_p: _safe_softmax,
    no.logsumexp_p: _logsumexp,
    no.vector_norm_p: _norm,
    st.layer_norm_p: _standardised,
    st.batch_norm_p: _standardised,
    st.group_norm_p: _standardised,
    nm.rms_norm_p: _rms,
    mo.var_p: _var,
    mo.std_p: _std,
    mo.var_mean_p: lambda x, **params: _moments(x, **params),
    mo.std_mean_p: _std_mean,
    re.nansum_p: _nansum,
    ex.tie_share: _tie_share,
    ex.aminmax_p: _aminmax,
    ex.argmax_p: _extremum(ex.amax_p, True),
    ex.argmin_p: _extremum(ex.amin_p, True),
    ex.max_along_p: _extremum(ex.amax_p, False),
    ex.min_along_p: _extremum(ex.amin_p, False),
}
