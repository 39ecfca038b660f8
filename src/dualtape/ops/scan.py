"""Running results along an axis: sums, extrema, log-sum-exp; differences; the trapezoidal rule.

Running products are in `products`. Sums are accumulated in double where the elements are single,
and in single where they are half, as PyTorch does.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.errors import ShapeError
from ..core.forward import dtype_of
from ..core.kinds import general, linear
from .along import selection, take_along
from .axes import axis_from_end, batch_in_front, normalize_axis, same_aval
from .compare import ne
from .exponential import exp
from .products import accumulate, accumulator, cumprod, linear_recurrence, shift_p
from .reduce import sum
from .shape import concatenate, reshape, slice_p

__all__ = [
    "cummax", "cummin", "cumprod", "cumsum", "cumulative_trapezoid", "diff", "logcumsumexp",
    "trapezoid",
]  # fmt: skip

cumsum_p: Any = linear(
    "cumsum", lambda x, *, axis, reverse: accumulate(np.add, x, axis, reverse),
    lambda ct, *, axis, reverse: cumsum_p(ct, axis=axis, reverse=not reverse),
    aval=same_aval, batch=batch_in_front(lambda: cumsum_p),
    doc="Running sums along `axis`, with `reverse` from its end.",
)  # fmt: skip


def along_row(primitive: Any, x: Any, axis: int, **params: Any) -> Any:
    """Run a primitive that keeps the shape along an axis; a 0-d value is taken as a row of one."""
    rank = len(x.shape)
    axis = axis_from_end(axis, rank)
    if rank:
        return primitive(x, axis=axis, **params)
    out = primitive(reshape(x, (1,)), axis=-1, **params)
    return tuple(reshape(o, ()) for o in out) if isinstance(out, tuple) else reshape(out, ())


def cumsum(x: Any, axis: int = -1) -> Any:
    """The sums of the elements up to each, along `axis`."""
    return along_row(cumsum_p, x, axis, reverse=False)


def _logcumsumexp_eval(x: Any, *, axis: int) -> Any:
    if x.dtype.kind != "c":
        return np.logaddexp.accumulate(x, axis, accumulator(x.dtype)).astype(x.dtype, copy=False)
    rows = np.moveaxis(x, axis, 0)
    out = np.empty_like(rows)
    for k in range(len(rows)):
        out[k] = rows[k] if k == 0 else _logaddexp(out[k - 1], rows[k])
    return np.moveaxis(out, 0, axis)


def _logaddexp(x: Any, y: Any) -> Any:
    """log(exp(x) + exp(y)) of complex numbers, the larger exponential taken out."""
    high = np.where(x.real >= y.real, x, y)
    low = np.where(x.real >= y.real, y, x)
    return np.where(np.isneginf(low.real), high, high + np.log1p(np.exp(low - high)))


def _weights(x: Any, out: Any, axis: int) -> tuple[Any, Any]:
    """The share of each new term in its sum, and the factor by which those before it shrink."""
    place = axis + len(x.shape)
    before = concatenate([_cut(out, place, None, 1), _cut(out, place, None, -1)], axis)
    return exp(x - out), exp(before - out)


def _logcumsumexp_jvp(d: Any, x: Any, out: Any, *, axis: int) -> Any:
    share, decay = _weights(x, out, axis)
    return linear_recurrence(decay, share * d, axis=axis, reverse=False)


def _logcumsumexp_vjp(ct: Any, x: Any, out: Any, *, axis: int) -> Any:
    share, decay = _weights(x, out, axis)
    return share * linear_recurrence(shift_p(decay, axis=axis, by=-1), ct, axis=axis, reverse=True)


# With l_k the running result, dl_k = exp(x_k - l_k) dx_k + exp(l_(k-1) - l_k) dl_(k-1): a linear
# recurrence whose coefficients are at most 1, so that nothing overflows where the sum of
# exponentials would.
logcumsumexp_p: Any = general(
    "logcumsumexp",
    _logcumsumexp_eval,
    aval=same_aval,
    batch=batch_in_front(lambda: logcumsumexp_p),
    jvp=_logcumsumexp_jvp,
    vjp=_logcumsumexp_vjp,
)


def logcumsumexp(x: Any, axis: int = -1) -> Any:
    """The logarithm of the running sums of exponentials along `axis`, without overflow."""
    return along_row(logcumsumexp_p, x, axis)


def _running_extremum(name: str, ufunc: Any) -> Any:
    def evaluate(x: Any, *, axis: int) -> tuple[Any, Any]:
        values = ufunc.accumulate(x, axis)
        n = x.shape[axis]
        ramp = np.arange(n).reshape(n, *[1] * (-axis - 1))
        # The latest of equals, and of NaNs; after a NaN no number takes over.
        places = np.maximum.accumulate(np.where(np.equal(x, values) | np.isnan(x), ramp, 0), axis)
        return take_along(x, places, axis), places

    return selection(
        name, evaluate, aval=lambda shape, *, axis: shape, unique=False,
        doc="Running extrema and the index of the latest element that is one, to which the "
        "gradient goes.",
    )  # fmt: skip


cummax_p = _running_extremum("cummax", np.maximum)
cummin_p = _running_extremum("cummin", np.minimum)


def cummax(x: Any, axis: int = -1) -> tuple[Any, Any]:
    """The largest of the elements up to each along `axis`, and its (last) index."""
    return along_row(cummax_p, x, axis)  # type: ignore[no-any-return]


def cummin(x: Any, axis: int = -1) -> tuple[Any, Any]:
    """The smallest of the elements up to each along `axis`, and its (last) index."""
    return along_row(cummin_p, x, axis)  # type: ignore[no-any-return]


def _cut(x: Any, axis: int, start: int | None, stop: int | None) -> Any:
    return slice_p(x, index=(slice(None),) * axis + (slice(start, stop),))


def diff(x: Any, n: int = 1, axis: int = -1, prepend: Any = None, append: Any = None) -> Any:
    """The `n`-th differences of neighbours along `axis`; of booleans, whether they differ.

    Args:
        x: At least 1-d.
        n: How often to take differences; the axis shortens by as much, to 0 at least. For 0 nothing
            is joined on either.
        axis: The axis.
        prepend: Values to join on at the front first, or None.
        append: Values to join on at the end first, or None.

    Raises:
        ShapeError: `x` is 0-d, `n` negative, or the joined values are of another rank.
        IndexError: The axis is out of range.
    """
    rank = len(x.shape)
    if not rank:
        raise ShapeError("diff expects input to be at least one-dimensional")
    if n < 0:
        raise ShapeError(f"order must be non-negative but got {n}")
    axis = normalize_axis(axis, rank)
    more = [v for v in (prepend, x, append) if v is not None]
    if any(len(v.shape) != rank for v in more):
        raise ShapeError("diff expects prepend or append to be the same dimension as input")
    if len(more) > 1 and n:
        x = concatenate(more, axis)
    for _ in range(min(n, x.shape[axis])):
        high, low = _cut(x, axis, 1, None), _cut(x, axis, None, -1)
        x = ne(high, low) if dtype_of(x).kind == "b" else high - low
    return x


def _panels(y: Any, x: Any, dx: float, axis: int, name: str) -> tuple[Any, Any, int]:
    """The sums of neighbouring ordinates, their distances (a number or values), the axis."""
    rank = len(y.shape)
    if not rank:
        raise IndexError(f"Dimension specified as {axis} but tensor has no dimensions")
    axis = normalize_axis(axis, rank)
    sums = _cut(y, axis, 1, None) + _cut(y, axis, None, -1)
    if x is None:
        return sums, dx, axis
    if len(x.shape) == 1:
        if x.shape[0] != y.shape[axis]:
            raise ShapeError(f"{name}: There must be one `x` value for each sample point")
        return sums, reshape(diff(x), (-1, *[1] * (rank - 1 - axis))), axis
    if x.shape[axis - rank] != y.shape[axis]:
        raise ShapeError(f"{name}: There must be one `x` value for each sample point")
    return sums, diff(x, axis=axis - rank), axis


def trapezoid(y: Any, x: Any = None, dx: float = 1.0, axis: int = -1) -> Any:
    """Integrate `y` along `axis` by the trapezoidal rule.

    Args:
        y: Ordinates, at least 1-d.
        x: Abscissas, 1-d or of a shape that broadcasts with `y`; None for `dx` apart.
        dx: Their distance.
        axis: The axis.

    Raises:
        IndexError: `y` is 0-d or the axis out of range.
        ShapeError: The abscissas are not as many as the ordinates.
    """
    sums, widths, axis = _panels(y, x, dx, axis, "trapezoid")
    if x is None:
        return sum(sums, axis) * (widths / 2)
    out = sums * widths
    return sum(out, axis - len(y.shape) + len(out.shape)) / 2


def cumulative_trapezoid(y: Any, x: Any = None, dx: float = 1.0, axis: int = -1) -> Any:
    """The running integral of `y` along `axis` by the trapezoidal rule; see `trapezoid`."""
    sums, widths, axis = _panels(y, x, dx, axis, "cumulative_trapezoid")
    if x is None:
        return cumsum(sums * (widths / 2), axis)
    out = sums * widths
    return cumsum(out, axis - len(y.shape) + len(out.shape)) / 2
