"""Picking and putting whole slices along one axis, or one part that a basic index names."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.errors import BoundsError, DtypeError, ShapeError
from ..core.forward import dtype_of
from ..core.value import Value
from .assign import fitted, set_slice
from .axes import normalize_axis, size_of
from .complex import cast
from .diagonals import diagonal_length, place_diagonal_p
from .gather import check_same
from .picking import (
    index_add_p,
    index_copy_p,
    index_fill_p,
    index_put_p,
    index_select_p,
    position_p,
)
from .select import where
from .shape import along, broadcast_to, reshape_p


def _vector(index: Any) -> Any:
    return index if len(index.shape) else reshape_p(index, shape=(1,))


def index_select(x: Any, axis: int, index: Any) -> Any:
    """The slices of `x` along `axis` whose numbers are in the vector `index`.

    Raises:
        IndexError: An index is negative or too large, or `index` is no vector.
    """
    s = tuple(x.shape)
    axis = normalize_axis(axis, len(s))
    if dtype_of(index).kind not in "iu":
        raise DtypeError("index_select(): Expected dtype int32 or int64 for index")
    if len(index.shape) > 1:
        raise BoundsError("index_select(): Index is supposed to be a vector")
    n = s[axis] if s else 1
    at = position_p(_vector(index), size=n, wrap=False, message="index out of range in self")
    if not s:
        if size_of(at.shape) != 1:
            raise BoundsError("index_select(): Index to scalar can have only 1 value")
        return index_select_p(x, reshape_p(at, shape=()), axis=0, depth=0)
    return index_select_p(x, at, axis=axis, depth=1)


def _as_row(x: Any) -> Any:
    return x if len(x.shape) else reshape_p(x, shape=(1,))


def index_add(x: Any, axis: int, index: Any, v: Any, alpha: Any = 1) -> Any:
    """A copy of `x` with `alpha` times the slices of `v` added at the numbers in `index`.

    Raises:
        IndexError, RuntimeError: An index is negative or too large.
        ShapeError: The shapes do not fit.
        DtypeError: `v` is of another dtype.
    """
    s = tuple(x.shape)
    axis = normalize_axis(axis, len(s))
    if dtype_of(index).kind not in "iu":
        raise DtypeError(
            f"index_add_(): Expected dtype int32/int64 for index but got: {dtype_of(index).name}"
        )
    if len(index.shape) > 1:
        raise BoundsError(
            f"index_add_(): Index is supposed to be a vector, but got dim: {len(index.shape)} with "
            f"type: {dtype_of(index).name} and size: {list(index.shape)}"
        )
    if dtype_of(x) != dtype_of(v):
        raise DtypeError(
            f"index_add_(): self ({dtype_of(x).name}) and source ({dtype_of(v).name}) must have "
            "the same scalar type"
        )
    v, index = _as_row(v), _vector(index)
    u = tuple(v.shape)
    count = u[axis] if axis < len(u) else 1
    if index.shape[0] != count:
        raise ShapeError(
            f"index_add_(): Number of indices ({index.shape[0]}) should be equal to "
            f"source.size(dim): ({count}), for dim: {axis}"
        )
    row = s or (1,)
    if u[:axis] != row[:axis] or u[axis + 1 :] != row[axis + 1 :]:
        raise ShapeError(
            "source tensor shape must match self tensor shape, excluding the specified dimension. "
            f"Got self.shape = {list(s)} source.shape = {list(u)}"
        )
    at = position_p(index, size=row[axis], wrap=False, message=_bounds(axis))
    if alpha != 1:
        v = v * alpha
    if not s:
        return reshape_p(index_add_p(_as_row(x), at, v, axis=0, depth=1), shape=())
    return index_add_p(x, at, v, axis=axis, depth=1)


def _bounds(axis: int, name: str = "") -> str:
    return f"{name}index {{index}} is out of bounds for dimension {axis} with size {{size}}"


def index_copy(x: Any, axis: int, index: Any, v: Any) -> Any:
    """A copy of `x` with the slices of `v` written at the numbers in `index`.

    Raises:
        IndexError: An index is negative or too large, or not as many indices as slices.
        ShapeError: The shapes do not fit.
        DtypeError: `v` is of another dtype.
    """
    s = tuple(x.shape)
    axis = normalize_axis(axis, len(s))
    if dtype_of(index).kind not in "iu":
        raise BoundsError("index_copy_(): Expected a long tensor for index")
    check_same(
        "index_copy_(): self and source expected to have the same dtype, but got (self) {a} and "
        "(source) {b}", x, v,
    )  # fmt: skip
    if len(index.shape) > 1:
        raise BoundsError(
            f"index_copy_(): Index should have dimension 1 or 0 (got {len(index.shape)})"
        )
    index = _vector(index)
    u = tuple(v.shape)
    row, rest = s or (1,), u if u or not s else None
    if rest is None or (u and (u[:axis] != row[:axis] or u[axis + 1 :] != row[axis + 1 :])):
        target = [n for k, n in enumerate(row) if k != axis]
        source = [n for k, n in enumerate(u) if k != axis]
        raise ShapeError(
            "index_copy_(): Source/destination tensor must have same slice shapes. Destination "
            f"slice shape: {' '.join(map(str, target))} at dimension {axis} and source slice "
            f"shape: {' '.join(map(str, source))} at dimension 0."
        )
    count = u[axis] if u else 1
    if index.shape[0] != count:
        raise BoundsError(
            f"index_copy_(): Number of indices ({index.shape[0]}) should be equal to "
            f"source.size(dim) ({count})"
        )
    at = position_p(index, size=row[axis], wrap=False, message=_bounds(axis, "index_copy_(): "))
    if not s:
        return reshape_p(index_copy_p(_as_row(x), at, _as_row(v), axis=0, depth=1), shape=())
    return index_copy_p(x, at, v, axis=axis, depth=1)


def index_fill(x: Any, axis: int, index: Any, value: Any) -> Any:
    """A copy of `x` with a number, or a 0-d value, written to the slices numbered in `index`.

    Raises:
        IndexError: An index is out of range (negative ones count from the end).
        ShapeError: `value` is not 0-d, or `index` is no vector.
    """
    s = tuple(x.shape)
    axis = normalize_axis(axis, len(s))
    if dtype_of(index).kind not in "iu":
        raise BoundsError("index_fill_(): Expected dtype int64 for index.")
    if len(index.shape) > 1:
        raise ShapeError("Index has to be a vector/scalar")
    row = s or (1,)
    at = position_p(_vector(index), size=row[axis], wrap=True, message=_bounds(axis))
    x = _as_row(x)
    if isinstance(value, (Value, np.ndarray, np.generic)):
        if len(value.shape):
            raise ShapeError(
                "index_fill_ only supports a 0-dimensional value tensor, but got tensor with "
                f"{len(value.shape)} dimension(s)."
            )
        v = broadcast_to(cast(value, dtype_of(x)), (*row[:axis], at.shape[0], *row[axis + 1 :]))
        out = index_put_p(x, at, v, axis=axis, depth=1)
    else:
        out = index_fill_p(x, at, axis=axis, depth=1, value=value)
    return out if s else reshape_p(out, shape=())


def select_scatter(x: Any, v: Any, axis: int, i: int) -> Any:
    """A copy of `x` with `v` as its element `i` along `axis`.

    Raises:
        IndexError: Out of range.
        ShapeError: `v` is not of the element's shape.
    """
    s = tuple(x.shape)
    axis = normalize_axis(axis, len(s))
    if not s or not -s[axis] <= i < s[axis]:
        raise BoundsError(
            f"select_scatter(): index {i} out of range for tensor of size {list(s)} at dimension "
            f"{axis}"
        )
    _check_part(v, (*s[:axis], *s[axis + 1 :]))
    return set_slice(x, v, (*along(axis, i), ...))


def slice_scatter(
    x: Any, v: Any, axis: int = 0, start: int | None = None, end: int | None = None, step: int = 1
) -> Any:
    """A copy of `x` with `v` as x[start:end:step] along `axis`.

    Raises:
        ShapeError: `v` is not of the slice's shape, or the step not positive.
    """
    s = tuple(x.shape)
    axis = normalize_axis(axis, len(s))
    if step <= 0:
        raise ShapeError("slice step must be positive")
    part = slice(start, end, step)
    n = len(range(*part.indices(s[axis])))
    _check_part(v, (*s[:axis], n, *s[axis + 1 :]))
    return set_slice(x, v, (*along(axis, part), ...))


def diagonal_scatter(x: Any, v: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    """A copy of `x` with `v` on a diagonal.

    Raises:
        ShapeError: `v` is not of the diagonal's shape, or the two axes are one.
    """
    s = tuple(x.shape)
    a, b = normalize_axis(axis1, len(s)), normalize_axis(axis2, len(s))
    if a == b:
        raise ShapeError(f"diagonal dimensions cannot be identical {axis1}, {axis2}")
    rest = [n for k, n in enumerate(s) if k not in (a, b)]
    _check_part(v, (*rest, diagonal_length(s[a], s[b], offset)))
    params = {"shape": s, "offset": offset, "axis1": a, "axis2": b}
    mask = place_diagonal_p.eval(np.ones(tuple(v.shape), bool), **params)
    return where(mask, place_diagonal_p(fitted(v, x, tuple(v.shape)), **params), x)


def _check_part(v: Any, shape: tuple[int, ...]) -> None:
    if tuple(v.shape) != shape:
        raise ShapeError(
            f"expected src to have a size equal to the slice of self. src size = {list(v.shape)}, "
            f"slice size = {list(shape)}"
        )
