"""Differences, integrals and interpolation along an axis; sequences between two values."""

from __future__ import annotations

from operator import index
from typing import Any

import numpy as np

from ..ops import trigonometric
from ..ops.axes import normalize_axis
from ..ops.bessel import i0 as bessel_i0
from ..ops.binning import searchsorted
from ..ops.complex import cast
from ..ops.numbers import angle as phase
from ..ops.numbers import round as rounded
from ..ops.numbers import trunc
from .concrete import concrete
from .functions import implements
from .operands import as_array, inexact
from .reductions import NOTHING
from .selection import pair_of
from .shaping import ravel


def along(axis: int, part: Any) -> tuple[Any, ...]:
    """The index that takes `part` along `axis`."""
    return (*(slice(None),) * axis, part)


@implements("diff")
def diff(a: Any, n: int = 1, axis: int = -1, prepend: Any = NOTHING, append: Any = NOTHING) -> Any:
    """`np.diff`."""
    x = as_array(a)
    axis = normalize_axis(axis, len(x.shape))
    parts = [x]
    for given, before in ((prepend, True), (append, False)):
        if given is not NOTHING and given is not None:
            part = as_array(given)
            if not part.shape:
                part = np.broadcast_to(part, (*x.shape[:axis], 1, *x.shape[axis + 1 :]))
            parts = [part, *parts] if before else [*parts, part]
    x = np.concatenate(parts, axis) if len(parts) > 1 else x
    for _ in range(index(n)):
        x = x[along(axis, slice(1, None))] - x[along(axis, slice(None, -1))]
    return x


@implements("ediff1d")
def ediff1d(ary: Any, to_end: Any = None, to_begin: Any = None) -> Any:
    """`np.ediff1d`."""
    d = diff(ravel(ary))
    parts = [d]
    if to_begin is not None:
        parts.insert(0, np.ravel(cast(as_array(to_begin), d.dtype)))
    if to_end is not None:
        parts.append(np.ravel(cast(as_array(to_end), d.dtype)))
    return np.concatenate(parts) if len(parts) > 1 else d


@implements("trapezoid")
def trapezoid(y: Any, x: Any = None, dx: Any = 1.0, axis: int = -1) -> Any:
    """`np.trapezoid`."""
    y = as_array(y)
    axis = normalize_axis(axis, len(y.shape))
    if x is not None:
        x = as_array(x)
        if len(x.shape) == 1:
            dx = diff(x)
            dx = dx.reshape([-1 if i == axis else 1 for i in range(len(y.shape))])
        else:
            dx = diff(x, axis=axis)
    middle = (y[along(axis, slice(1, None))] + y[along(axis, slice(None, -1))]) / 2.0
    return np.sum(middle * dx, axis)


@implements("gradient")
def gradient(f: Any, *varargs: Any, axis: Any = None, edge_order: int = 1) -> Any:
    """`np.gradient`: differences of second order inside, of `edge_order` at the ends."""
    x = inexact(as_array(f))
    rank = len(x.shape)
    axes = tuple(range(rank)) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    axes = tuple([normalize_axis(i, rank) for i in axes])
    if edge_order not in (1, 2):
        raise ValueError("'edge_order' greater than 2 not supported")
    if not varargs:
        steps: list[Any] = [1.0] * len(axes)
    elif len(varargs) == 1 and not np.shape(varargs[0]):
        steps = [varargs[0]] * len(axes)
    elif len(varargs) == len(axes):
        steps = list(varargs)
    else:
        raise TypeError("invalid number of arguments")
    outs = [
        cast(_slopes(x, step, i, edge_order), x.dtype) for i, step in zip(axes, steps, strict=True)
    ]
    return outs[0] if len(outs) == 1 else tuple(outs)


def _slopes(x: Any, step: Any, axis: int, edge_order: int) -> Any:
    n = x.shape[axis]
    if n < edge_order + 1:
        raise ValueError(
            "Shape of array too small to calculate a numerical gradient, at least (edge_order + 1) elements are required."
        )

    def at(part: slice) -> Any:
        return x[along(axis, part)]

    if np.shape(step):
        h = diff(as_array(step))
        h = h.reshape([-1 if i == axis else 1 for i in range(len(x.shape))])
        h1, h2 = h[along(axis, slice(None, -1))], h[along(axis, slice(1, None))]
        low, high = h[along(axis, slice(0, 1))], h[along(axis, slice(-1, None))]
    else:
        h1 = h2 = low = high = step
    # The parabola through three points, whose slope is taken at each of them.
    left, mid, right = at(slice(None, -2)), at(slice(1, -1)), at(slice(2, None))
    if np.shape(step):
        inner = -(h2 / (h1 * (h1 + h2))) * left + ((h2 - h1) / (h1 * h2)) * mid
        inner = inner + (h1 / (h2 * (h1 + h2))) * right
    else:
        inner = (right - left) / (2.0 * h1)
    if edge_order == 1:
        first = (at(slice(1, 2)) - at(slice(0, 1))) / low
        last = (at(slice(n - 1, n)) - at(slice(n - 2, n - 1))) / high
        return np.concatenate([first, inner, last], axis)
    if np.shape(step):
        a1, a2 = h[along(axis, slice(0, 1))], h[along(axis, slice(1, 2))]
        b1, b2 = h[along(axis, slice(-2, -1))], h[along(axis, slice(-1, None))]
    else:
        a1 = a2 = b1 = b2 = step
    p, q, r = at(slice(0, 1)), at(slice(1, 2)), at(slice(2, 3))
    first = (
        -((2.0 * a1 + a2) / (a1 * (a1 + a2))) * p
        + ((a1 + a2) / (a1 * a2)) * q
        - (a1 / (a2 * (a1 + a2))) * r
    )
    p, q, r = at(slice(n - 3, n - 2)), at(slice(n - 2, n - 1)), at(slice(n - 1, n))
    last = (
        (b2 / (b1 * (b1 + b2))) * p
        - ((b2 + b1) / (b1 * b2)) * q
        + ((2.0 * b2 + b1) / (b2 * (b1 + b2))) * r
    )
    return np.concatenate([first, inner, last], axis)


@implements("interp")
def interp(
    x: Any, xp: Any, fp: Any, left: Any = None, right: Any = None, period: Any = None
) -> Any:
    """`np.interp`, differentiable by the places, the nodes and their values."""
    x, xp, fp = inexact(as_array(x)), inexact(as_array(xp)), inexact(as_array(fp))
    dtype = np.result_type(np.float64, fp.value.dtype)
    x, xp, fp = cast(x, np.float64), cast(xp, np.float64), cast(fp, dtype)
    if period is not None:
        period = abs(period)
        x, xp = x % period, xp % period
        order = np.argsort(concrete(xp))
        xp, fp = xp[order], fp[order]
        xp = np.concatenate([xp[-1:] - period, xp, xp[:1] + period])
        fp = np.concatenate([fp[-1:], fp, fp[:1]])
        left = right = None
    n = len(xp)
    if n == 1:
        inside = np.broadcast_to(fp[0], x.shape)
    else:
        flat = np.ravel(x)
        # The interval is constant between nodes; at a node the one to its right, as NumPy takes it.
        place = np.clip(searchsorted(xp, flat, right=True) - 1, 0, n - 2)
        place = np.reshape(place, x.shape) if len(x.shape) != 1 else place
        x0, f0 = _at(xp, place), _at(fp, place)
        x1, f1 = _at(xp, place + 1), _at(fp, place + 1)
        inside = f0 + (x - x0) * ((f1 - f0) / (x1 - x0))
    low = fp[0] if left is None else as_array(left)
    high = fp[-1] if right is None else as_array(right)
    return np.where(x < xp[0], low, np.where(x > xp[-1], high, inside))


def _at(row: Any, places: Any) -> Any:
    return row[places] if places.shape else row[np.reshape(places, (1,))][0]


@implements("unwrap")
def unwrap(p: Any, discont: Any = None, axis: int = -1, *, period: Any = 2 * np.pi) -> Any:
    """`np.unwrap`: jumps by whole periods are taken out, and have no derivative."""
    x = inexact(as_array(p))
    axis = normalize_axis(axis, len(x.shape))
    steps = diff(x, axis=axis)
    half = period / 2
    if discont is None:
        discont = half
    whole = np.floor((steps + half) / period)
    wrapped = (steps + half) - whole * period - half
    wrapped = np.where((wrapped == -half) & (steps > 0), half, wrapped)
    whole = np.rint((wrapped - steps) / period)
    correct = np.where(np.abs(steps) < discont, 0.0, whole) * period
    shift = np.cumsum(correct, axis)
    first = x[along(axis, slice(0, 1))]
    return np.concatenate([first, x[along(axis, slice(1, None))] + cast(shift, x.dtype)], axis)


# Sequences ----------------------------------------------------------------------------------------


@implements("linspace")
def linspace(
    start: Any, stop: Any, num: Any = 50, endpoint: bool = True, retstep: bool = False,
    dtype: Any = None, axis: int = 0, *, device: Any = None,
) -> Any:  # fmt: skip
    """`np.linspace`, differentiable by both ends."""
    num = index(num)
    a, b = [inexact(x) for x in pair_of(start, stop)]
    parts = num - 1 if endpoint else num
    step = (b - a) / parts if parts > 0 else (b - a) * np.nan
    weights = np.arange(num) / parts if parts > 0 else np.zeros(num)
    rank = max(len(a.shape), len(b.shape))
    weights = weights.reshape((-1,) + (1,) * rank).astype(a.dtype)
    out = a * (1 - weights) + b * weights if num else np.zeros((0, *np.shape(step)))
    if axis:
        out = np.moveaxis(out, 0, axis)
    out = out if dtype is None else cast(out, dtype)
    return (out, step) if retstep else out


@implements("logspace")
def logspace(
    start: Any, stop: Any, num: Any = 50, endpoint: bool = True, base: Any = 10.0, dtype: Any = None,
    axis: int = 0,
) -> Any:  # fmt: skip
    """`np.logspace`."""
    y = np.power(base, linspace(start, stop, num, endpoint, axis=axis))
    return y if dtype is None else cast(y, dtype)


@implements("geomspace")
def geomspace(
    start: Any, stop: Any, num: Any = 50, endpoint: bool = True, dtype: Any = None, axis: int = 0
) -> Any:
    """`np.geomspace` between positive or negative numbers."""
    a, b = as_array(start), as_array(stop)
    sign = np.sign(a)
    wide = np.result_type(a.value.dtype, b.value.dtype, np.float64)
    a, b = cast(a, wide), cast(b, wide)
    y = sign * np.exp(linspace(np.log(a * sign), np.log(b * sign), num, endpoint, axis=axis))
    return y if dtype is None else cast(y, dtype)


# Functions of single elements ---------------------------------------------------------------------


@implements("sinc")
def sinc(x: Any) -> Any:
    """`np.sinc`: sin(pi x) / (pi x)."""
    return trigonometric.sinc(inexact(as_array(x)))


@implements("i0")
def i0(x: Any) -> Any:
    """`np.i0`."""
    return bessel_i0(inexact(as_array(x)))


@implements("angle")
def angle(z: Any, deg: bool = False) -> Any:
    """`np.angle`."""
    a = phase(inexact(as_array(z)))
    return a * (180 / np.pi) if deg else a


@implements("round", "around")
def round(a: Any, decimals: int = 0, out: Any = None) -> Any:
    """`np.round`; flat wherever it has a derivative."""
    x = as_array(a)
    return x if x.value.dtype.kind in "iu" and decimals >= 0 else rounded(x, decimals)


@implements("fix")
def fix(x: Any, out: Any = None) -> Any:
    """`np.fix`."""
    return trunc(as_array(x))
