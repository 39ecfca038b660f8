"""Picking and putting elements by their number in the whole array, or by a mask."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.errors import BoundsError, DtypeError, ShapeError
from ..core.forward import dtype_of
from ..core.tensor import plain
from .axes import size_of
from .gather import check_same
from .joining import common_shape
from .picking import masked_scatter_p, masked_select_p, position_p, put_add_p, put_p, take_p
from .shape import broadcast_to, slice_p
from .views import ravel

_FLAT = "out of range: tried to access index {index} on a tensor of {size} elements."


def take(x: Any, index: Any) -> Any:
    """The elements of `x`, counted in row-major order, whose numbers are in `index`; its shape.

    Raises:
        IndexError: Out of range (negative ones count from the end).
    """
    if dtype_of(index).kind not in "iu":
        raise DtypeError(
            f"take(): Expected a long tensor for index, but got {dtype_of(index).name}"
        )
    size = size_of(x.shape)
    if not size and size_of(index.shape):
        raise BoundsError("take(): tried to take from an empty tensor")
    at = position_p(index, size=size, wrap=True, message=_FLAT)
    return take_p(x, at, axis=0, depth=len(x.shape))


def put(x: Any, index: Any, v: Any, accumulate: bool = False) -> Any:
    """A copy of `x` with `v` written (or added) at the elements whose numbers are in `index`.

    Raises:
        IndexError: Out of range, or not as many numbers as values.
        DtypeError: `v` is of another dtype.
    """
    if dtype_of(index).kind not in "iu":
        raise DtypeError(
            f"put_(): Expected a long tensor for index, but got {dtype_of(index).name}"
        )
    check_same(
        "put_(): self and source expected to have the same dtype, but got self.dtype = {a} and "
        "source.dtype = {b}", x, v,
    )  # fmt: skip
    m, n = size_of(v.shape), size_of(index.shape)
    if m != n:
        raise BoundsError(
            "put_(): Expected source and index to have the same number of elements, but got "
            f"source.numel() = {m}, index.numel() = {n}"
        )
    at = position_p(ravel(index), size=size_of(x.shape), wrap=True, message=_FLAT)
    primitive = put_add_p if accumulate else put_p
    return primitive(x, at, ravel(v), axis=0, depth=len(x.shape))


def _mask(name: str, mask: Any) -> Any:
    if dtype_of(mask).kind != "b":
        raise DtypeError(f"{name}: expected BoolTensor for mask")
    return np.asarray(plain(mask))


def masked_select(x: Any, mask: Any) -> Any:
    """The elements of `x` where the boolean `mask` holds, in one row; the two broadcast.

    Raises:
        DtypeError: The mask is not boolean.
        ShapeError: They do not broadcast.
        GraphError: The mask has no numbers yet, inside a trace or vmap.
    """
    concrete = _mask("masked_select", mask)
    shape = common_shape("masked_select", concrete, x)
    at = np.flatnonzero(np.broadcast_to(concrete, shape))
    return masked_select_p(broadcast_to(x, shape), at, axis=0, depth=len(shape))


def masked_scatter(x: Any, mask: Any, src: Any) -> Any:
    """A copy of `x` with the first elements of `src`, in order, written where `mask` holds.

    Raises:
        DtypeError: The mask is not boolean, or `src` of another dtype.
        ShapeError: They do not broadcast, or `src` has too few elements.
        GraphError: The mask has no numbers yet, inside a trace or vmap.
    """
    if dtype_of(mask).kind != "b":
        raise DtypeError(
            "masked_scatter_ only supports boolean masks, but got mask with dtype "
            f"{dtype_of(mask).name}"
        )
    check_same(
        "masked_scatter: expected self and source to have same dtypes but got {a} and {b}", x, src
    )
    concrete = np.asarray(plain(mask))
    shape = common_shape("masked_scatter", x, concrete)
    at = np.flatnonzero(np.broadcast_to(concrete, shape))
    if size_of(src.shape) < at.size:
        raise ShapeError("Number of elements of source < number of ones in mask")
    v = slice_p(ravel(src), index=(slice(at.size),))
    return masked_scatter_p(broadcast_to(x, shape), at, v, axis=0, depth=len(shape))
