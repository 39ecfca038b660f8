"""Scattering with a sum, product, mean or extremum of all that meet in one place.

With `include_self` the old element takes part. Without, it stays where nothing arrives and is
dropped where something does; no gradient flows to it from there.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core import tracing
from ..core.aval import Aval
from ..core.errors import ArgumentError
from ..core.forward import dtype_of
from ..core.kinds import constant, general
from ..core.tensor import plain
from .arithmetic import floor_divide
from .axes import in_front, normalize_axis, size_of
from .complex import cast
from .gather import scatter_add, scattered
from .picking import (
    batching,
    clear_p,
    deposit_p,
    index_add_p,
    index_p,
    index_put_p,
    out_of_bounds,
)
from .scattering import add_at, checked_positions
from .shape import broadcast_to, concatenate, move_axis, reshape_p
from .slices import index_add
from .views import ravel

_UFUNCS = {"amax": np.maximum, "amin": np.minimum}
REDUCTIONS = ("sum", "prod", "mean", "amax", "amin")


def _elements(positions: Any, shape: tuple[int, ...], axis: int, depth: int) -> Any:
    """Flat positions of the elements that `positions` stand for, as (A, n, R)."""
    a, n = size_of(shape[:axis]), size_of(shape[axis : axis + depth])
    r = size_of(shape[axis + depth :])
    at = checked_positions(
        np.asarray(positions), n, True, lambda bad: out_of_bounds(bad, axis, n)
    ).reshape(-1)
    return (np.arange(a) * n)[:, None, None] * r + at[:, None] * r + np.arange(r)


def _lowest(dtype: np.dtype[Any], reduce: str) -> Any:
    """What loses against everything."""
    sign = -1 if reduce == "amax" else 1
    if dtype.kind in "iu":
        info = np.iinfo(dtype)
        return info.min if reduce == "amax" else info.max
    return reduce == "amin" if dtype.kind == "b" else sign * np.inf


def _extremum_eval(
    x: Any, positions: Any, v: Any, *, axis: int, depth: int, reduce: str, include_self: bool
) -> Any:
    out = np.array(x, order="C")
    flat = out.reshape(-1)
    at = _elements(positions, out.shape, axis, depth).reshape(-1)
    if not include_self:
        flat[at] = _lowest(out.dtype, reduce)
    _UFUNCS[reduce].at(flat, at, v.reshape(-1))
    return out


def _shares_eval(
    x: Any, positions: Any, v: Any, out: Any, *, axis: int, depth: int, include_self: bool
) -> tuple[Any, Any]:
    result = np.ascontiguousarray(out).reshape(-1)
    at = _elements(positions, out.shape, axis, depth).reshape(-1)
    own = _same(np.reshape(x, -1), result)
    if not include_self:
        touched = np.zeros(result.shape, bool)
        touched[at] = True
        own &= ~touched
    theirs = _same(v.reshape(-1), result[at])
    winners = add_at(own.astype(np.float64), at, theirs.astype(np.float64))
    share = np.divide(1.0, winners, out=np.zeros_like(winners), where=winners > 0)
    dtype = out.dtype
    return (
        np.where(own, share, 0).astype(dtype).reshape(np.shape(x)),
        np.where(theirs, share[at], 0).astype(dtype).reshape(v.shape),
    )


def _same(a: Any, b: Any) -> Any:
    return (a == b) | ((a != a) & (b != b))


# Ties share equally, as in PyTorch (where, without include_self, an old element that happens to
# equal the result takes a share with it that goes nowhere; here it does not).
shares_p = constant(
    "scatter_shares", _shares_eval, inputs="x positions v out", outputs=2,
    aval=lambda x, p, v, out, **_: (x, v), batch=batching(lambda: shares_p),
    doc="How much of an extremum's cotangent goes to each element of x and of v.",
)  # fmt: skip


def _extremum_pullback(
    ct: Any, needs: Any, x: Any, positions: Any, v: Any, out: Any, *, reduce: str, **params: Any
) -> list[Any]:
    own, theirs = shares_p(x, positions, v, out, **params)
    where = {"axis": params["axis"], "depth": params["depth"]}
    return [ct * own, None, index_p(ct, positions, **where) * theirs]


scatter_extremum_p = general(
    "scatter_reduce", _extremum_eval,
    jvp=[
        lambda d, x, positions, v, out, *, reduce, **params: (
            d * shares_p(x, positions, v, out, **params)[0]
        ),
        None,
        lambda d, x, positions, v, out, *, reduce, axis, depth, include_self: deposit_p(
            d * shares_p(
                x, positions, v, out, axis=axis, depth=depth, include_self=include_self
            )[1],
            positions, axis=axis, depth=depth, shape=tuple(x.shape),
        ),
    ],
    joint_vjp=_extremum_pullback, aval=lambda x, p, v, **_: x, inputs="x positions v",
    batch=batching(lambda: scatter_extremum_p),
    doc="The largest or smallest of x and the values of v that arrive at `positions`.",
)  # fmt: skip


def _occurrences_in_rows(at: Any, n: int, size: int) -> Any:
    starts = (np.arange(n) * size).reshape(n, *(1,) * (len(at.shape) - 1))
    return reshape_p(occurrences_p(at + starts, size=n * size), shape=(n, size))


occurrences_p = constant(
    "occurrences", lambda at, *, size: np.bincount(np.reshape(at, -1), minlength=size),
    inputs="positions", aval=lambda at, *, size: Aval((size,), np.dtype(np.int64)),
    batch=lambda xs, where, n, *, size: (_occurrences_in_rows(in_front(xs[0], where[0]), n, size), 0),
    doc="How often each of the numbers below `size` comes.",
)  # fmt: skip


def _mean(x: Any, at: Any, v: Any, include_self: bool) -> Any:
    """Means along axis 0 of `x` and the slices of `v` that arrive at `at`."""
    n = x.shape[0]
    total = index_add_p(
        x if include_self else clear_p(x, at, axis=0, depth=1), at, v, axis=0, depth=1
    )
    count = occurrences_p(at, size=n)
    count = count + (1 if include_self else is_zero(count))
    count = cast(reshape_p(count, shape=(n, *(1,) * (len(x.shape) - 1))), dtype_of(x))
    return total / count if dtype_of(x).kind in "fcV" else floor_divide(total, count)


is_zero = constant("is_zero", lambda x: np.asarray(x == 0).astype(np.int64))


def _product(x: Any, at: Any, v: Any, include_self: bool) -> Any:
    """Products along axis 0, by pairs: nothing is divided by a factor, so zeros do no harm."""
    places = np.asarray(plain(at)).reshape(-1)
    touched, group = np.unique(places, return_inverse=True)
    rows = v
    if include_self:
        rows = concatenate([index_p(x, touched, axis=0, depth=1), v], 0)
        group = np.concatenate([np.arange(touched.size), group])
    if not touched.size:
        return index_put_p(x, places, v, axis=0, depth=1)
    while True:
        order = np.argsort(group, kind="stable")
        group = group[order]
        first = np.concatenate([[True], group[1:] != group[:-1]])
        starts = np.flatnonzero(first)
        rank = np.arange(group.size) - np.repeat(starts, np.diff([*starts, group.size]))
        rows = index_p(rows, order, axis=0, depth=1)
        if starts.size == group.size:
            break
        even = np.flatnonzero(rank % 2 == 0)
        paired = np.flatnonzero(rank % 2 == 1)  # each follows its partner
        left = index_p(rows, paired - 1, axis=0, depth=1)
        right = index_p(rows, paired, axis=0, depth=1)
        alone = np.setdiff1d(even, paired - 1)
        rows = concatenate([left * right, index_p(rows, alone, axis=0, depth=1)], 0)
        group = np.concatenate([group[paired], group[alone]])
    return index_put_p(x, touched, rows, axis=0, depth=1)


def _reduced(x: Any, at: Any, v: Any, reduce: str, include_self: bool) -> Any:
    """Reduce along axis 0."""
    if reduce == "sum":
        base = x if include_self else clear_p(x, at, axis=0, depth=1)
        return index_add_p(base, at, v, axis=0, depth=1)
    if reduce == "mean":
        return _mean(x, at, v, include_self)
    if reduce == "prod":
        return _product(x, at, v, include_self)
    return scatter_extremum_p(x, at, v, axis=0, depth=1, reduce=reduce, include_self=include_self)


def scatter_reduce(
    x: Any, axis: int, index: Any, src: Any, reduce: str, include_self: bool = True
) -> Any:
    """A copy of `x` with, at out[i, index[i, j, k], k] for axis 1, all src[i, j, k] combined.

    Args:
        x: Any value.
        axis: The axis that `index` is about.
        index: Integers, of the rank of `x` and along other axes no longer.
        src: A value at least as large as `index` along every axis.
        reduce: "sum", "prod", "mean", "amax" or "amin"; ties share the gradient.
        include_self: Whether the old element is combined with what arrives.

    Raises:
        ArgumentError: Another reduction.
        IndexError, RuntimeError: An index is negative or too large.
        ShapeError: The shapes do not fit.
    """
    if reduce not in REDUCTIONS:
        raise ArgumentError(
            f"reduce argument must be either sum, prod, mean, amax or amin, got {reduce}"
        )
    if reduce == "sum" and include_self:
        return scatter_add(x, axis, index, src)
    _, at, v = scattered("scatter_reduce", x, axis, index, src)
    if reduce in _UFUNCS:
        return scatter_extremum_p(
            x, at, v, axis=0, depth=len(x.shape), reduce=reduce, include_self=include_self
        )
    out = _reduced(ravel(x), ravel(at), ravel(v), reduce, include_self)
    return reshape_p(out, shape=tuple(x.shape))


def index_reduce(
    x: Any, axis: int, index: Any, v: Any, reduce: str, include_self: bool = True
) -> Any:
    """A copy of `x` with the slices of `v` combined where the vector `index` says.

    Args:
        x: Any value.
        axis: Along which the slices lie.
        index: A vector of integers, one for each slice of `v`.
        v: A value of the shape of `x` but along `axis`.
        reduce: "prod", "mean", "amax" or "amin".
        include_self: Whether the old slice is combined with what arrives.

    Raises:
        ArgumentError: Another reduction.
        IndexError, RuntimeError: An index is negative or too large.
        ShapeError: The shapes do not fit.
    """
    if reduce not in REDUCTIONS or reduce == "sum":
        raise ArgumentError(
            "index_reduce(): Expected reduce to be one of prod, mean, amax or amin but got "
            f"{reduce}."
        )
    s = tuple(x.shape)
    axis = normalize_axis(axis, len(s))
    index_add(_shape_only(x), axis, plain(index), _shape_only(v))  # the same checks
    if not s:
        x = reshape_p(x, shape=(1,))
    if not len(v.shape):
        v = reshape_p(v, shape=(1,))
    at = ravel(index)
    out = _reduced(move_axis(x, axis, 0), at, move_axis(v, axis, 0), reduce, include_self)
    return move_axis(out, 0, axis) if s else reshape_p(out, shape=())


def _shape_only(x: Any) -> Any:
    return tracing.zeros(tuple(x.shape), dtype_of(x))


def scatter_combine(x: Any, axis: int, index: Any, src: Any, reduce: str) -> Any:
    """`scatter_reduce` under the names of PyTorch's older `scatter`: "add" or "multiply".

    Args:
        x: Any value.
        axis: The axis that `index` is about.
        index: As for `scatter_reduce`.
        src: As for `scatter_reduce`, or a number.
        reduce: "add" or "multiply".

    Raises:
        ArgumentError: Another reduction.
    """
    if reduce not in ("add", "multiply"):
        raise ArgumentError("reduce argument must be either add or multiply.")
    if not hasattr(src, "shape"):
        src = broadcast_to(np.asarray(src, dtype_of(x)), tuple(index.shape))
    return scatter_reduce(x, axis, index, src, "sum" if reduce == "add" else "prod")
