"""PyTorch's ways to pick and put along one axis, by mask, or by place in the whole array.

All are `picking`'s maps on positions that are worked out here. Indices are constants: integer arrays,
checked against the axis; unlike x[index] most of these do not count negative ones from the end.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..core.errors import ArgumentError, BoundsError, DtypeError, ShapeError
from ..core.forward import dtype_of
from ..core.tensor import Tensor, plain, wrap
from ..core.value import Value
from .assign import fitted, set_slice
from .axes import normalize_axis, size_of
from .complex import cast
from .diagonals import diagonal_length, place_diagonal_p
from .joining import common_shape
from .picking import (
    along_p,
    gather_p,
    index_add_p,
    index_copy_p,
    index_fill_p,
    index_put_p,
    index_select_p,
    masked_scatter_p,
    masked_select_p,
    position_p,
    put_add_p,
    put_p,
    scatter_add_p,
    scatter_fill_p,
    scatter_p,
    take_p,
)
from .select import where
from .shape import along, broadcast_to, reshape_p, slice_p
from .views import ravel

_FLAT = "out of range: tried to access index {index} on a tensor of {size} elements."


def _check_integers(name: str, index: Any, wanted: str = "dtype int32/int64 for index") -> None:
    if dtype_of(index).kind not in "iu":
        raise DtypeError(f"{name}(): Expected {wanted}")


def _check_same(message: str, x: Any, v: Any) -> None:
    if dtype_of(x) != dtype_of(v):
        raise DtypeError(message.format(a=dtype_of(x).name, b=dtype_of(v).name))


# Along one axis, an index per element ------------------------------------------------------------


def _rank(shape: Sequence[int]) -> int:
    return len(shape) or 1


def gather(x: Any, axis: int, index: Any) -> Any:
    """out[i, j, k] = x[i, index[i, j, k], k] for axis 1, and so on.

    Args:
        x: Any value.
        axis: The axis that `index` is about.
        index: Integers, of the rank of `x` and along other axes no longer; gives the result's shape.

    Raises:
        IndexError, RuntimeError: An index is negative or too large.
        ShapeError: The shapes do not fit.
    """
    s, t = tuple(x.shape), tuple(index.shape)
    axis = normalize_axis(axis, len(s))
    _check_integers("gather", index)
    if not size_of(t):
        return gather_p(x, index, axis=0, depth=len(s))
    if _rank(t) != _rank(s):
        raise ShapeError("Index tensor must have the same number of dimensions as input tensor")
    for k, (n, m) in enumerate(zip(s, t, strict=False)):
        if k != axis and m > n:
            raise ShapeError(
                f"Size does not match at dimension {k} expected index {list(t)} to be no larger than "
                f"self {list(s)} apart from dimension {axis}"
            )
    positions = along_p(index, shape=s, axis=axis)
    return gather_p(x, positions, axis=0, depth=len(s))


def take_along_dim(x: Any, index: Any, axis: int | None = None) -> Any:
    """`gather` where `x` and `index` broadcast along other axes and negative indices count back.

    Without an axis `x` counts as one row.

    Raises:
        IndexError: An index is out of range.
        ShapeError: The shapes do not fit.
    """
    if dtype_of(index).kind not in "iu":
        raise DtypeError(
            "torch.take_along_dim(): dtype of indices should be Long but got "
            f"{dtype_of(index).name}"
        )
    if axis is None:
        x, index, axis = ravel(x), ravel(index), 0
    s, t = tuple(x.shape), tuple(index.shape)
    if len(s) != len(t):
        raise ShapeError(
            "torch.take_along_dim(): input and indices should have the same number of dimensions, "
            f"but got {len(s)} dimensions for input, and {len(t)} dimensions for indices"
        )
    axis = normalize_axis(axis, len(s))
    others = common_shape(
        "take_along_dim",
        np.broadcast_to(np.empty(()), (*s[:axis], 1, *s[axis + 1 :])),
        np.broadcast_to(np.empty(()), (*t[:axis], 1, *t[axis + 1 :])),
    )
    n = s[axis] if s else 1
    index = position_p(
        index, size=n, wrap=True,
        message=f"index {{index}} is out of bounds for dimension {axis} with size {{size}}",
    )  # fmt: skip
    if s:
        x = broadcast_to(x, (*others[:axis], n, *others[axis + 1 :]))
        index = broadcast_to(index, (*others[:axis], t[axis], *others[axis + 1 :]))
    return gather(x, axis, index)


def _scattered(name: str, x: Any, axis: int, index: Any, src: Any) -> tuple[int, Any, Any]:
    """The axis, the positions, and of `src` what goes there."""
    s, t = tuple(x.shape), tuple(index.shape)
    axis = normalize_axis(axis, len(s))
    _check_integers(name, index)
    if not size_of(t):
        return axis, index, None
    if _rank(t) != _rank(s):
        raise ShapeError("Index tensor must have the same number of dimensions as self tensor")
    u = t if src is None else tuple(src.shape)
    if src is not None:
        _check_same(f"{name}(): Expected self.dtype to be equal to src.dtype", x, src)
        if _rank(u) != _rank(t):
            raise ShapeError("Index tensor must have the same number of dimensions as src tensor")
    too_long = any(k != axis and m > n for k, (n, m) in enumerate(zip(s, t, strict=False)))
    if too_long or any(m > n for n, m in zip(u, t, strict=False)):
        beyond = "" if src is None else f" and to be no larger size than src {list(u)}"
        raise ShapeError(
            f"Expected index {list(t)} to be no larger than self {list(s)} apart from dimension "
            f"{axis}{beyond}"
        )
    if src is not None and u != t:
        src = reshape_p(src, shape=t) if not u or not t else src
        src = slice_p(src, index=tuple([slice(n) for n in t])) if t != tuple(src.shape) else src
    return axis, along_p(index, shape=s, axis=axis), src


def _nothing(x: Any, primitive: Any) -> Any:
    """`primitive` with no positions: an identity that is a copy."""
    none = np.zeros(0, np.int64)
    v = np.zeros((0,), dtype_of(x))
    if isinstance(x, Tensor):
        v = wrap(x.result_class, v)
    return primitive(x, none, v, axis=0, depth=len(x.shape))


def scatter(x: Any, axis: int, index: Any, src: Any, reduce: str | None = None) -> Any:
    """A copy of `x` with out[i, index[i, j, k], k] = src[i, j, k] for axis 1, and so on.

    Args:
        x: Any value.
        axis: The axis that `index` is about.
        index: Integers, of the rank of `x` and along other axes no longer.
        src: A number, or a value at least as large as `index` along every axis. Of several for one
            place the last is written, and only that one gets a gradient.
        reduce: "add" or "multiply" combine with what is there, all of several for one place.

    Raises:
        IndexError, RuntimeError: An index is negative or too large.
        ShapeError: The shapes do not fit.
        DtypeError: `src` is of another dtype.
    """
    if reduce is not None:
        return _scatter_reduced(x, axis, index, src, reduce)
    if not isinstance(src, (Value, np.ndarray, np.generic)):
        _, positions, _ = _scattered("scatter", x, axis, index, None)
        return scatter_fill_p(x, positions, axis=0, depth=len(x.shape), value=src)
    _, positions, v = _scattered("scatter", x, axis, index, src)
    if v is None:
        return _nothing(x, scatter_p)
    return scatter_p(x, positions, v, axis=0, depth=len(x.shape))


def _scatter_reduced(x: Any, axis: int, index: Any, src: Any, reduce: str) -> Any:
    if reduce not in ("add", "multiply"):
        raise ArgumentError("reduce argument must be either add or multiply.")
    if not isinstance(src, (Value, np.ndarray, np.generic)):
        src = broadcast_to(np.asarray(src, dtype_of(x)), tuple(index.shape))
    if reduce == "add":
        return scatter_add(x, axis, index, src)
    return scatter_reduce(x, axis, index, src, "prod")


def scatter_add(x: Any, axis: int, index: Any, src: Any) -> Any:
    """A copy of `x` with src[i, j, k] added to out[i, index[i, j, k], k] for axis 1, and so on.

    Args and Raises:
        As for `scatter`.
    """
    _, positions, v = _scattered("scatter_add", x, axis, index, src)
    if v is None:
        return _nothing(x, scatter_add_p)
    return scatter_add_p(x, positions, v, axis=0, depth=len(x.shape))


# Along one axis, an index per slice --------------------------------------------------------------


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
            "index_add_(): Expected dtype int32/int64 for index but got: "
            f"{dtype_of(index).name}"
        )
    if len(index.shape) > 1:
        raise BoundsError(
            f"index_add_(): Index is supposed to be a vector, but got dim: {len(index.shape)} with "
            f"type: {dtype_of(index).name} and size: {list(index.shape)}"
        )
    if dtype_of(x) != dtype_of(v):
        raise DtypeError(
            f"index_add_(): self ({dtype_of(x).name}) and source ({dtype_of(v).name}) must have the "
            "same scalar type"
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
    _check_same(
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
            f"slice shape: {' '.join(map(str, target))} at dimension {axis} and source slice shape: "
            f"{' '.join(map(str, source))} at dimension 0."
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


# In the whole array ------------------------------------------------------------------------------


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
    """A copy of `x` with `v` written (or added) at the elements, in row-major order, `index` numbers.

    Raises:
        IndexError: Out of range, or not as many numbers as values.
        DtypeError: `v` is of another dtype.
    """
    if dtype_of(index).kind not in "iu":
        raise DtypeError(
            f"put_(): Expected a long tensor for index, but got {dtype_of(index).name}"
        )
    _check_same(
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


# By mask -----------------------------------------------------------------------------------------


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
    _check_same(
        "masked_scatter: expected self and source to have same dtypes but got {a} and {b}", x, src
    )
    concrete = np.asarray(plain(mask))
    shape = common_shape("masked_scatter", x, concrete)
    at = np.flatnonzero(np.broadcast_to(concrete, shape))
    if size_of(src.shape) < at.size:
        raise ShapeError("Number of elements of source < number of ones in mask")
    v = slice_p(ravel(src), index=(slice(at.size),))
    return masked_scatter_p(broadcast_to(x, shape), at, v, axis=0, depth=len(shape))


# A part by a basic index -------------------------------------------------------------------------


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
