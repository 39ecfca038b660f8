"""Reductions over axes: sums, products, moments, extrema, running sums; with NumPy's dtypes."""

from __future__ import annotations

from collections.abc import Callable
from operator import index
from typing import Any

import numpy as np

from ..core.aval import FLOATS
from ..ops import extrema, moments, products, reduce, scan
from ..ops.axes import count_along, normalize_axes
from ..ops.compare import isnan, logical_not
from ..ops.complex import cast
from ..ops.reduce import mean_all_p, sum_all_p
from ..ops.select import keep
from ..ops.select import where as choose
from ..ops.shape import broadcast_to
from ._array import Array
from .functions import implements
from .indexing import shared
from .operands import as_array, inexact, number_like, together

NOTHING: Any = np._NoValue


def axes_of(axis: Any) -> Any:
    """`axis` as the operations take it: None, an int or a tuple of ints."""
    if axis is None or type(axis) is int:
        return axis
    if isinstance(axis, (tuple, list)):
        return tuple([index(a) for a in axis])
    return index(axis)


def counted(x: Array, dtype: Any) -> Any:
    """An array to be added or multiplied up: in `dtype`, small integers widened as NumPy does."""
    if dtype is not None:
        return cast(x, dtype)
    have = x.value.dtype
    if have.kind in "biu":
        return cast(x, np.add.reduce(np.empty(0, have)).dtype)
    return x


def masked(x: Array, where: Any, fill: Any) -> Any:
    """`x` with `fill` where the mask is false."""
    mask = as_array(where)
    if fill == 0:
        return keep(mask, x)
    return choose(mask, x, number_like(fill, x.value))


@implements("sum")
def sum(
    a: Any, axis: Any = None, dtype: Any = None, out: Any = None, keepdims: Any = False,
    initial: Any = NOTHING, where: Any = True,
) -> Any:  # fmt: skip
    """`np.sum`."""
    x = as_array(a)
    if dtype is not None or x.value.dtype.kind in "biu":
        x = counted(x, dtype)
    if where is not True:
        x = masked(x, where, 0)
    everything = axis is None and not keepdims
    s = sum_all_p.bind1(x) if everything else reduce.sum(x, axes_of(axis), bool(keepdims))
    return s if initial is NOTHING else s + initial


@implements("prod")
def prod(
    a: Any, axis: Any = None, dtype: Any = None, out: Any = None, keepdims: Any = False,
    initial: Any = NOTHING, where: Any = True,
) -> Any:  # fmt: skip
    """`np.prod`."""
    x = counted(as_array(a), dtype)
    if where is not True:
        x = masked(x, where, 1)
    p = products.prod(x, axes_of(axis), bool(keepdims))
    return p if initial is NOTHING else p * initial


@implements("mean")
def mean(
    a: Any, axis: Any = None, dtype: Any = None, out: Any = None, keepdims: Any = False,
    *, where: Any = True,
) -> Any:  # fmt: skip
    """`np.mean`."""
    x = as_array(a)
    if dtype is not None:
        x = cast(x, dtype)
    elif x.value.dtype not in FLOATS:
        x = inexact(x)
    if where is not True:
        n = how_many(x, where, axis, keepdims)
        return sum(x, axis, None, None, keepdims, where=where) / n
    if axis is None and not keepdims:
        return mean_all_p.bind1(x)
    return reduce.mean(x, axes_of(axis), bool(keepdims))


average_of = mean  # by another name, where `mean` is an argument


def how_many(x: Array, where: Any, axis: Any, keepdims: Any) -> Any:
    """How many elements a mask lets into a reduction, in the dtype of the mean."""
    ones = broadcast_to(as_array(where), tuple(x.shape))
    return reduce.sum(
        cast(ones, np.empty(0, x.value.dtype).real.dtype), axes_of(axis), bool(keepdims)
    )


def _moment(
    root: bool, a: Any, axis: Any, dtype: Any, ddof: Any, keepdims: Any, where: Any, mean: Any,
    correction: Any,
) -> Any:  # fmt: skip
    if correction is not NOTHING:
        ddof = correction
    x = inexact(as_array(a)) if dtype is None else cast(as_array(a), dtype)
    if where is True and mean is NOTHING:
        f = moments.std if root else moments.var
        return f(x, axes_of(axis), bool(keepdims), ddof)
    n = (
        count_along(x.shape, normalize_axes(axes_of(axis), len(x.shape)))
        if where is True
        else how_many(x, where, axis, keepdims)
    )
    center = average_of(x, axis, keepdims=True, where=where) if mean is NOTHING else mean
    away = x - center
    away = np.square(np.abs(away)) if x.value.dtype.kind == "c" else np.square(away)
    v = sum(away, axis, None, None, keepdims, where=where) / (n - ddof)
    return np.sqrt(v) if root else v


@implements("var")
def var(
    a: Any, axis: Any = None, dtype: Any = None, out: Any = None, ddof: Any = 0, keepdims: Any = False,
    *, where: Any = True, mean: Any = NOTHING, correction: Any = NOTHING,
) -> Any:  # fmt: skip
    """`np.var`."""
    return _moment(False, a, axis, dtype, ddof, keepdims, where, mean, correction)


@implements("std")
def std(
    a: Any, axis: Any = None, dtype: Any = None, out: Any = None, ddof: Any = 0, keepdims: Any = False,
    *, where: Any = True, mean: Any = NOTHING, correction: Any = NOTHING,
) -> Any:  # fmt: skip
    """`np.std`; the derivative at 0 is 0."""
    return _moment(True, a, axis, dtype, ddof, keepdims, where, mean, correction)


def _extremum(largest: bool) -> Callable[..., Any]:
    pair = np.maximum if largest else np.minimum
    over, everything = (extrema.amax, extrema.max) if largest else (extrema.amin, extrema.min)

    def extremum(
        a: Any, axis: Any = None, out: Any = None, keepdims: Any = False,
        initial: Any = NOTHING, where: Any = True,
    ) -> Any:  # fmt: skip
        """`np.max` or `np.min`; ties share the derivative evenly."""
        x = as_array(a)
        if where is not True:
            if initial is NOTHING:
                raise ValueError(
                    "reduction operation has no identity, so to use a where mask one has to specify 'initial'"
                )
            x = masked(x, where, initial)
        m = (
            everything(x)
            if axis is None and not keepdims
            else over(x, axes_of(axis), bool(keepdims))
        )
        return m if initial is NOTHING else pair(m, initial)

    return extremum


max = implements("max", "amax")(_extremum(True))
min = implements("min", "amin")(_extremum(False))


@implements("ptp")
def ptp(a: Any, axis: Any = None, out: Any = None, keepdims: Any = False) -> Any:
    """`np.ptp`."""
    return max(a, axis, None, keepdims) - min(a, axis, None, keepdims)


@implements("average")
def average(
    a: Any, axis: Any = None, weights: Any = None, returned: Any = False, *, keepdims: Any = False
) -> Any:
    """`np.average`."""
    x = inexact(as_array(a))
    if weights is None:
        out = mean(x, axis, keepdims=keepdims)
        n = count_along(x.shape, normalize_axes(axes_of(axis), len(x.shape)))
        return (out, np.full_like(out, n)) if returned else out
    w = as_array(weights)
    if tuple(w.shape) != tuple(x.shape):
        axes = axes_of(axis)
        if axes is None:
            raise TypeError("Axis must be specified when shapes of a and weights differ.")
        places = (axes,) if isinstance(axes, int) else axes
        places = tuple([p % len(x.shape) for p in places])
        if tuple(w.shape) != tuple([x.shape[p] for p in places]):
            raise ValueError(
                "Shape of weights must be consistent with shape of a along specified axis."
            )
        order = sorted(range(len(places)), key=lambda i: places[i])
        w = np.transpose(w, order)
        w = w.reshape([n if i in places else 1 for i, n in enumerate(x.shape)])
        w = np.broadcast_to(w, x.shape)
    x, w = together([x, w])
    scale = sum(w, axis, keepdims=keepdims)
    out = sum(x * w, axis, keepdims=keepdims) / scale
    return (out, np.broadcast_to(scale, out.shape)) if returned else out


# NaN left out -------------------------------------------------------------------------------------


def numbers_of(x: Array) -> Any:
    """Where `x` is no NaN."""
    return logical_not(isnan(x))


def _skipping(name: str, f: Callable[..., Any], fill: Any) -> Any:
    def skipping(
        a: Any, axis: Any = None, dtype: Any = None, out: Any = None, keepdims: Any = False,
        initial: Any = NOTHING, where: Any = True,
    ) -> Any:  # fmt: skip
        x = inexact(as_array(a))
        return f(masked(x, numbers_of(x), fill), axis, dtype, None, keepdims, initial, where)

    skipping.__doc__ = f"`np.{name}`: nothing flows back to what is left out."
    return implements(name)(skipping)


nansum = _skipping("nansum", sum, 0)
nanprod = _skipping("nanprod", prod, 1)


def _nan_extremum(name: str, f: Callable[..., Any], fill: float) -> Any:
    def extremum(
        a: Any, axis: Any = None, out: Any = None, keepdims: Any = False,
        initial: Any = NOTHING, where: Any = True,
    ) -> Any:  # fmt: skip
        x = as_array(a)
        m = f(masked(x, numbers_of(x), fill), axis, None, keepdims, initial, where)
        some = reduce.any(numbers_of(x), axes_of(axis), bool(keepdims))
        return choose(some, m, number_like(float("nan"), m.value))

    extremum.__doc__ = f"`np.{name}`."
    return implements(name)(extremum)


nanmax = _nan_extremum("nanmax", max, -np.inf)
nanmin = _nan_extremum("nanmin", min, np.inf)


def _with_where(x: Array, where: Any) -> Any:
    numbers = numbers_of(x)
    return numbers if where is True else numbers & as_array(where)


@implements("nanmean")
def nanmean(
    a: Any, axis: Any = None, dtype: Any = None, out: Any = None, keepdims: Any = False,
    *, where: Any = True,
) -> Any:  # fmt: skip
    """`np.nanmean`."""
    x = inexact(as_array(a))
    return mean(x, axis, dtype, None, keepdims, where=_with_where(x, where))


def _nan_moment(name: str, root: bool) -> Any:
    def moment(
        a: Any, axis: Any = None, dtype: Any = None, out: Any = None, ddof: Any = 0,
        keepdims: Any = False, *, where: Any = True, mean: Any = NOTHING, correction: Any = NOTHING,
    ) -> Any:  # fmt: skip
        x = inexact(as_array(a))
        where = _with_where(x, where)
        x = masked(x, where, 0)
        return _moment(root, x, axis, dtype, ddof, keepdims, where, mean, correction)

    moment.__doc__ = f"`np.{name}`."
    return implements(name)(moment)


nanvar = _nan_moment("nanvar", False)
nanstd = _nan_moment("nanstd", True)


# Running totals -----------------------------------------------------------------------------------


def _running(*names: str, f: Any, fill: Any = None) -> Any:
    def running(a: Any, axis: Any = None, dtype: Any = None, out: Any = None) -> Any:
        x = counted(as_array(a), dtype)
        if fill is not None:
            x = masked(x, numbers_of(x), fill)
        if axis is None:
            return f(np.ravel(shared(x)), 0)
        return f(x, index(axis))

    running.__doc__ = f"`np.{names[0]}`."
    return implements(*names)(running)


cumsum = _running("cumsum", f=scan.cumsum)
cumprod = _running("cumprod", f=products.cumprod)
nancumsum = _running("nancumsum", f=scan.cumsum, fill=0)
nancumprod = _running("nancumprod", f=products.cumprod, fill=1)


def _cumulative(name: str, f: Any, start: int) -> Any:
    def cumulative(
        x: Any,
        /,
        *,
        axis: Any = None,
        dtype: Any = None,
        out: Any = None,
        include_initial: Any = False,
    ) -> Any:
        x = as_array(x)
        if axis is None:
            if len(x.shape) > 1:
                raise ValueError(
                    "For arrays which have more than one dimension ``axis`` argument is required."
                )
            axis = 0
        result = f(x, axis, dtype)
        if include_initial:
            shape = list(x.shape)
            shape[axis] = 1
            result = np.concatenate([np.full(shape, start, result.dtype), result], axis)
        return result

    cumulative.__doc__ = f"`np.{name}`."
    return implements(name)(cumulative)


cumulative_sum = _cumulative("cumulative_sum", cumsum, 0)
cumulative_prod = _cumulative("cumulative_prod", cumprod, 1)

__all__ = ["axes_of", "max", "mean", "min", "std", "sum", "var"]
