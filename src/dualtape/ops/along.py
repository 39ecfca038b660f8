"""Elements picked along one axis by their places, and the transpose: what sort, max and topk need.

An operation that returns some of its elements and where they stood (its values and its indices) has
a
simple derivative: pick the tangent's elements at the same places. `selection` declares such
operations.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..core.aval import Aval
from ..core.kinds import general, linear
from .axes import batch_in_front, reduced_shape
from .shape import expand_dims, reshape

INT64 = np.dtype(np.int64)


def _grid(places: Any, axis: int) -> tuple[Any, ...]:
    """The index that stands for `places` along `axis` (negative), for themselves along others."""
    if places.ndim == 1:
        return (places,)
    grid: list[Any] = list(np.ogrid[tuple(slice(n) for n in places.shape)])
    grid[axis] = places
    return tuple(grid)


def take_along(x: Any, places: Any, axis: int) -> Any:
    """NumPy's `take_along_axis`, without its checks."""
    return x[_grid(places, axis)]


def _add_along_eval(ct: Any, places: Any, *, axis: int, length: int, unique: bool) -> Any:
    shape = list(ct.shape)
    shape[axis] = length
    half = not unique and ct.dtype.itemsize == 2
    out = np.zeros(shape, np.float32 if half else ct.dtype)
    if unique:
        out[_grid(places, axis)] = ct
    else:
        np.add.at(out, _grid(places, axis), ct.astype(out.dtype, copy=False))
    return out.astype(ct.dtype, copy=False)


pick_along_p: Any = linear(
    "pick_along", lambda x, places, *, axis, unique: take_along(x, places, axis),
    lambda ct, places, aval, *, axis, unique: add_along_p(
        ct, places, axis=axis, length=aval.shape[axis], unique=unique
    ),
    masks=True, inputs="x places", aval=lambda x, places, *, axis, unique: Aval(places.shape, x.dtype),
    batch=batch_in_front(lambda: pick_along_p), grad_name="GatherBackward0",
    doc="The elements of x at `places` along `axis`; `unique`: no place comes twice.",
)  # fmt: skip

add_along_p: Any = linear(
    "add_along", _add_along_eval,
    lambda ct, places, *, axis, length, unique: pick_along_p(ct, places, axis=axis, unique=unique),
    inputs="x places",
    aval=lambda x, places, *, axis, length, unique: Aval(
        (*x.shape[: len(x.shape) + axis], length, *x.shape[len(x.shape) + axis + 1 :]), x.dtype
    ),
    batch=batch_in_front(lambda: add_along_p), grad_name="ScatterAddBackward0",
    doc="Zeros with x added in at `places` along `axis`: the transpose of `pick_along`.",
)  # fmt: skip


def without_axis(x: Any, axis: int) -> Any:
    """Drop an axis (negative) of length 1."""
    rank = len(x.shape)
    return reshape(x, reduced_shape(x.shape, (axis % rank,), False))


def _picked(d: Any, places: Any, axis: int, keepdims: bool, unique: bool) -> Any:
    if keepdims:
        return pick_along_p(d, places, axis=axis, unique=unique)
    return without_axis(pick_along_p(d, expand_dims(places, axis), axis=axis, unique=unique), axis)


def _placed(ct: Any, places: Any, axis: int, keepdims: bool, unique: bool, length: int) -> Any:
    if not keepdims:
        ct, places = expand_dims(ct, axis), expand_dims(places, axis)
    return add_along_p(ct, places, axis=axis, length=length, unique=unique)


def selection(
    name: str,
    eval: Callable[..., Any],
    *,
    aval: Callable[..., tuple[int, ...]],
    unique: bool = True,
    **rest: Any,
) -> Any:
    """Declare an operation along one axis with the outputs values and indices.

    Args:
        name: Its name.
        eval: (x, *, axis, keepdims or other parameters) -> (values, indices); `axis` is negative.
        aval: (shape, *, parameters) -> shape of both outputs.
        unique: Whether the indices of one row never repeat.
        rest: See `Primitive`.
    """
    primitive = general(
        name, eval, outputs=2, differentiable=(0,),
        aval=lambda x, **params: (Aval((s := aval(x.shape, **params)), x.dtype), Aval(s, INT64)),
        batch=batch_in_front(lambda: primitive),
        jvp=lambda d, out1, *, axis, keepdims=True, **_: _picked(d, out1, axis, keepdims, unique),
        vjp=lambda ct, out1, aval, *, axis, keepdims=True, **_: _placed(
            ct[0], out1, axis, keepdims, unique, aval.shape[axis]
        ),
        **rest,
    )  # fmt: skip
    return primitive


def without(shape: tuple[int, ...], *, axis: int, keepdims: bool, **_: Any) -> tuple[int, ...]:
    """The shape of a selection that keeps one element of each row."""
    return reduced_shape(shape, (axis % len(shape),), keepdims)


def one_of_each(x: Any, places: Any, axis: int, keepdims: bool) -> tuple[Any, Any]:
    """The outputs of a selection of one element per row, `places` having the axis still."""
    values = take_along(x, places, axis)
    return (
        (values, places)
        if keepdims
        else (np.squeeze(values, axis)[()], np.squeeze(places, axis)[()])
    )
