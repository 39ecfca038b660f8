"""New arrays: those that take their shape from another, and those made of arrays."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core import tracing
from ..core.boxes import Box
from ..core.tensor import Tensor, wrap
from ..ops.complex import cast
from ..ops.shape import broadcast_to
from ..ops.views import clone
from ._array import Array
from .functions import implements
from .operands import as_array, holds_tensor
from .shaping import lengths


def filled(f: Any, a: Any, dtype: Any, shape: Any) -> Array:
    """An array of zeros or ones with the shape and dtype of another."""
    x = as_array(a)
    want = tuple(x.value.shape) if shape is None else lengths(shape)
    to = x.value.dtype if dtype is None else dtype
    return wrap(Array, tracing.filled(lambda s: f(s, to), want, to))  # type: ignore[return-value]


@implements("zeros_like", "empty_like")
def zeros_like(
    a: Any,
    dtype: Any = None,
    order: str = "K",
    subok: bool = True,
    shape: Any = None,
    *,
    device: Any = None,
) -> Any:
    """`np.zeros_like`."""
    return filled(np.zeros, a, dtype, shape)


@implements("ones_like")
def ones_like(
    a: Any,
    dtype: Any = None,
    order: str = "K",
    subok: bool = True,
    shape: Any = None,
    *,
    device: Any = None,
) -> Any:
    """`np.ones_like`."""
    return filled(np.ones, a, dtype, shape)


@implements("full_like")
def full_like(
    a: Any, fill_value: Any, dtype: Any = None, order: str = "K", subok: bool = True, shape: Any = None,
    *, device: Any = None,
) -> Any:  # fmt: skip
    """`np.full_like`, differentiable by the value."""
    x = as_array(a)
    want = tuple(x.value.shape) if shape is None else lengths(shape)
    value = cast(as_array(fill_value), x.value.dtype if dtype is None else np.dtype(dtype))
    return clone(broadcast_to(value, want))


@implements("meshgrid")
def meshgrid(*xi: Any, copy: bool = True, sparse: bool = False, indexing: str = "xy") -> Any:
    """`np.meshgrid`."""
    xs = [np.ravel(as_array(x)) for x in xi]
    n = len(xs)
    places = list(range(n))
    if indexing == "xy" and n > 1:
        places[0], places[1] = 1, 0
    outs = [
        np.reshape(x, [-1 if i == place else 1 for i in range(n)])
        for x, place in zip(xs, places, strict=True)
    ]
    if not sparse:
        outs = list(np.broadcast_arrays(*outs))
    return tuple([clone(x) for x in outs]) if copy else tuple(outs)


# For the namespace, where NumPy itself would ask the arrays for their numbers -----------------------


def array(
    object: Any, dtype: Any = None, *, copy: bool | None = True, order: str = "K", subok: bool = False,
    ndmin: int = 0, **kwargs: Any,
) -> Array:  # fmt: skip
    """An array of anything NumPy makes one of; lists that hold arrays are stacked, differentiably.

    Args:
        object: Numbers, arrays, or nested sequences of them.
        dtype: The dtype; by default the one that fits all.
        copy: Whether the memory must be new; None or False: only where it has to be.
        order: As for `numpy.array`.
        subok: As for `numpy.array`.
        ndmin: The least number of axes.
        kwargs: Further keywords of `numpy.array`.
    """
    if not isinstance(object, (Tensor, Box)) and not (
        isinstance(object, (list, tuple)) and holds_tensor(object)
    ):
        make: Any = np.array
        made = make(object, dtype, copy=copy, order=order, ndmin=ndmin, **kwargs)
        if not copy and np.may_share_memory(made, object):
            if copy is False:
                raise ValueError("unable to avoid a copy: an Array's memory is nobody else's")
            made = made.copy("K")  # writes to `object` would go unnoticed
        return wrap(Array, made)  # type: ignore[return-value]
    x = as_array(object)
    out = x if dtype is None else cast(x, dtype)
    if copy and out is x and isinstance(object, (Tensor, Box)):
        out = clone(x)
    if len(out.shape) < ndmin:
        out = np.reshape(out, (1,) * (ndmin - len(out.shape)) + tuple(out.shape))
    return out  # type: ignore[no-any-return]


def asarray(a: Any, dtype: Any = None, order: Any = None, **kwargs: Any) -> Array:
    """`array` without a copy where none is needed."""
    return array(a, dtype, copy=None, order=order or "K", **kwargs)


def full(shape: Any, fill_value: Any, dtype: Any = None, order: str = "C", **kwargs: Any) -> Array:
    """An array of one value, which may be differentiated by."""
    value = array(fill_value, dtype)
    return clone(broadcast_to(value, lengths(shape)))  # type: ignore[no-any-return]
