"""Writing into a copy: at places that an index names along an axis, or into a part of the tensor."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.tensor import Tensor as CoreTensor
from ..core.tensor import wrap
from ..ops import assign, diagonals, picking
from ..ops.combining import combine
from ..ops.shape import broadcast_to, move_axis, reshape_p, slice_p
from ._tensor import Tensor
from .arguments import number, number_as, tensor_argument, wrap_dim
from .conversion import converted
from .dtypes import scalar_name
from .indexing import positions_along
from .registry import method, store

_INTS = (np.dtype(np.int64), np.dtype(np.int32))

# --- scatter ------------------------------------------------------------------------------------


def _checked(function: str, x: Tensor, dim: int, index: Tensor, src: Tensor | None) -> int:
    dim = wrap_dim(dim, x.ndim)
    i = tuple(index.value.shape)
    if 0 in i:
        return dim
    if index.value.dtype not in _INTS:
        raise RuntimeError(f"{function}(): Expected dtype int32/int64 for index")
    if src is not None and src.value.dtype != x.value.dtype:
        raise RuntimeError(f"{function}(): Expected self.dtype to be equal to src.dtype")
    have = tuple(x.value.shape) or (1,)
    i = i or (1,)
    if len(i) != len(have):
        raise RuntimeError("Index tensor must have the same number of dimensions as self tensor")
    most = None
    if src is not None:
        most = tuple(src.value.shape) or (1,)
        if len(most) != len(i):
            raise RuntimeError("Index tensor must have the same number of dimensions as src tensor")
    if any(d != dim and n > m for d, (n, m) in enumerate(zip(i, have, strict=True))) or (
        most is not None and any(n > m for n, m in zip(i, most, strict=True))
    ):
        tail = "" if src is None or most is None else f" and to be no larger size than src {list(src.value.shape)}"
        raise RuntimeError(
            f"Expected index {list(index.value.shape)} to be no larger than self {list(x.value.shape)} apart "
            f"from dimension {dim}{tail}"
        )
    return dim


def _cut(src: Tensor, index: Tensor) -> Tensor:
    """The part of `src` that an index shorter in some axes reads."""
    want = tuple(index.value.shape) or (1,)
    if not src.value.shape:
        src = reshape_p(src, shape=(1,))
    if tuple(src.value.shape) != want:
        src = slice_p(src, index=tuple([slice(0, n) for n in want]))
    return src


def _scattered(primitive: Any, x: Tensor, dim: int, index: Tensor, *values: Any, **params: Any) -> Tensor:
    shape = tuple(x.value.shape)
    if 0 in index.value.shape:
        return x.clone()  # type: ignore[attr-defined, no-any-return]
    wide, at = positions_along(x, dim, index)
    result = primitive(wide, at, *values, axis=0, depth=wide.ndim, **params)
    return result if shape else reshape_p(result, shape=())  # type: ignore[no-any-return]


@method(inplace=True)
def scatter(
    input: Tensor, dim: int, index: Tensor, src: Any = None, *, value: Any = None, reduce: str | None = None,
    out: Tensor | None = None,
) -> Tensor:  # fmt: skip
    """A copy with `src`, or a number, written at the places that `index` names along `dim`.

    Args:
        input: Any tensor.
        dim: The axis.
        index: Integers, with as many axes as `input`; no longer than `src`, nor, but for `dim`, `input`.
        src: A tensor of the same dtype, or a number.
        value: The number, as a keyword.
        reduce: None, "add" or "multiply": combine with what is there.
        out: Where to store the result.

    Raises:
        RuntimeError: Dtypes or shapes do not fit; out of bounds.
    """
    x = tensor_argument("scatter", input)
    source = value if src is None else src
    if reduce is not None:
        if reduce not in ("add", "multiply"):
            raise RuntimeError("reduce argument must be either add or multiply.")
        if not isinstance(source, CoreTensor):
            filled = np.full(index.value.shape, number_as(source, x.value.dtype), x.value.dtype)
            source = wrap(Tensor, filled)
        return store(out, scatter_reduce(x, dim, index, source, {"add": "sum", "multiply": "prod"}[reduce]), "scatter")
    if isinstance(source, CoreTensor):
        dim = _checked("scatter", x, dim, index, source)
        result = _scattered(picking.scatter_p, x, dim, index, _cut(source, index))
    else:
        dim = _checked("scatter", x, dim, index, None)
        n = number_as(number("scatter", source, "value", 4), x.value.dtype)
        result = _scattered(picking.scatter_fill_p, x, dim, index, value=n.item() if n.dtype.kind != "V" else n)
    return store(out, result, "scatter")


@method(inplace=True)
def scatter_add(input: Tensor, dim: int, index: Tensor, src: Tensor, *, out: Tensor | None = None) -> Tensor:
    """A copy with `src` added at the places that `index` names along `dim`.

    Raises:
        RuntimeError: Dtypes or shapes do not fit; out of bounds.
    """
    x = tensor_argument("scatter_add", input)
    dim = _checked("scatter", x, dim, index, tensor_argument("scatter_add", src, "src", 4))
    return store(out, _scattered(picking.scatter_add_p, x, dim, index, _cut(src, index)), "scatter_add")


@method(inplace=True)
def scatter_reduce(
    input: Tensor, dim: int, index: Tensor, src: Tensor, reduce: str, *, include_self: bool = True,
    out: Tensor | None = None,
) -> Tensor:  # fmt: skip
    """A copy whose elements are combined with those of `src` that `index` sends to them along `dim`.

    Args:
        input: Any tensor.
        dim: The axis.
        index: Integers; see `scatter`.
        src: A tensor of the same dtype.
        reduce: "sum", "prod", "mean", "amax" or "amin".
        include_self: Whether an element that receives something counts itself.
        out: Where to store the result.

    Raises:
        RuntimeError: Dtypes or shapes do not fit; out of bounds.
    """
    if reduce not in ("sum", "prod", "mean", "amax", "amin"):
        raise RuntimeError(f"reduce argument must be either sum, prod, mean, amax or amin, got {reduce}")
    x = tensor_argument("scatter_reduce", input)
    dim = _checked("scatter", x, dim, index, tensor_argument("scatter_reduce", src, "src", 4))
    if 0 in index.value.shape:
        return store(out, x.clone(), "scatter_reduce")  # type: ignore[attr-defined]
    wide, at = positions_along(x, dim, index)
    result = reduced(wide, at, _cut(src, index), reduce, include_self, 0, wide.ndim)
    return store(out, result if x.ndim else reshape_p(result, shape=()), "scatter_reduce")


def reduced(x: Tensor, at: Any, v: Tensor, reduce: str, include_self: bool, axis: int, depth: int) -> Tensor:
    """Combine elements of `x` with the values sent to them."""
    return combine(x, at, v, reduce, include_self, axis, depth)  # type: ignore[no-any-return]


# --- along an axis ------------------------------------------------------------------------------


def _vector(function: str, x: Tensor, dim: int, index: Tensor, *, exact: bool = False) -> tuple[Tensor, int]:
    dim = wrap_dim(dim, x.ndim)
    if index.ndim > 1:
        raise IndexError(f"{function}(): Index should have dimension 1 or 0 (got {index.ndim})")
    if index.value.dtype not in (_INTS[:1] if exact else _INTS):
        wanted = "Expected a long tensor for index" if exact else "Expected dtype int32/int64 for index"
        raise RuntimeError(f"{function}(): {wanted}" + (f", but got {scalar_name(index.value.dtype)}" if exact else ""))
    return (index if index.ndim else reshape_p(index, shape=(1,))), dim


def _bounded(index: Tensor, n: int, dim: int, wrapped: bool, prefix: str = "") -> Any:
    message = f"{prefix}index {{index}} is out of bounds for dimension {dim} with size {{size}}"
    return picking.position_p(index, size=n, wrap=wrapped, message=message)


@method(inplace=True)
def index_add(
    input: Tensor, dim: int, index: Tensor, source: Tensor, *, alpha: Any = 1, out: Tensor | None = None
) -> Tensor:
    """A copy with the slices of `alpha * source` added to those along `dim` that `index` names.

    Raises:
        RuntimeError: Dtypes or shapes do not fit; out of bounds.
    """
    x = tensor_argument("index_add", input)
    i, dim = _vector("index_add_", x, dim, index)
    if source.value.dtype != x.value.dtype:
        raise RuntimeError(
            f"index_add_(): self ({scalar_name(x.value.dtype)}) and source ({scalar_name(source.value.dtype)}) "
            "must have the same scalar type"
        )
    have = source.value.shape[dim] if source.ndim > dim else 1
    if i.value.shape[0] != have:
        raise RuntimeError(
            f"index_add_(): Number of indices ({i.value.shape[0]}) should be equal to source.size(dim): ({have}), "
            f"for dim: {dim}"
        )
    if x.ndim:
        rest = [(*t.value.shape[:dim], *t.value.shape[dim + 1 :]) for t in (x, source)]
        if rest[0] != rest[1] or source.ndim != x.ndim:
            raise RuntimeError(
                "source tensor shape must match self tensor shape, excluding the specified dimension. Got "
                f"self.shape = {list(x.value.shape)} source.shape = {list(source.value.shape)}"
            )
    values = source if alpha == 1 else source * alpha  # type: ignore[operator]
    if not x.ndim:
        at = _bounded(i, 1, dim, False)
        wide = picking.index_add_p(
            reshape_p(x, shape=(1,)), at, reshape_p(values, shape=(1,)), axis=0, depth=1
        )
        return store(out, reshape_p(wide, shape=()), "index_add")
    at = _bounded(i, x.value.shape[dim], dim, False)
    return store(out, picking.index_add_p(x, at, values, axis=dim, depth=1), "index_add")


@method(inplace=True)
def index_copy(input: Tensor, dim: int, index: Tensor, source: Tensor, *, out: Tensor | None = None) -> Tensor:
    """A copy with the slices of `source` written over those along `dim` that `index` names.

    Raises:
        RuntimeError: Dtypes or shapes do not fit.
        IndexError: Wrong number of indices; out of bounds.
    """
    x = tensor_argument("index_copy", input)
    i, dim = _vector("index_copy_", x, dim, index, exact=True)
    if source.value.dtype != x.value.dtype:
        raise RuntimeError(
            "index_copy_(): self and source expected to have the same dtype, but got (self) "
            f"{scalar_name(x.value.dtype)} and (source) {scalar_name(source.value.dtype)}"
        )
    count = i.value.shape[0]
    if source.ndim == 0 and count != 1:
        raise IndexError(f"index_copy_(): When source is scalar, index should have one element (got {count})")
    if source.ndim != x.ndim and source.ndim and x.ndim:
        raise IndexError(
            "index_copy_(): When source and destination are not scalars, their dimensionality must match. "
            f"Source dimensionality ({source.ndim}), destination dimensionality ({x.ndim})"
        )
    if source.ndim and x.ndim:
        rest = [(*t.value.shape[:dim], *t.value.shape[dim + 1 :]) for t in (x, source)]
        if rest[0] != rest[1]:
            raise RuntimeError(
                "index_copy_(): Source/destination tensor must have same slice shapes. Destination slice shape: "
                f"{' '.join(map(str, rest[0]))} at dimension {dim} and source slice shape: "
                f"{' '.join(map(str, rest[1]))} at dimension {dim}."
            )
        if source.value.shape[dim] != count:
            raise IndexError(
                f"index_copy_(): Number of indices ({count}) should be equal to source.size(dim) "
                f"({source.value.shape[dim]})"
            )
    wide = x if x.ndim else reshape_p(x, shape=(1,))
    at = _bounded(i, wide.value.shape[dim], dim, False, "index_copy_(): ")
    shape = (*wide.value.shape[:dim], count, *wide.value.shape[dim + 1 :])
    values = source if tuple(source.value.shape) == shape else broadcast_to(source, shape)
    result = picking.index_copy_p(wide, at, values, axis=dim, depth=1)
    return store(out, result if x.ndim else reshape_p(result, shape=()), "index_copy")


@method(inplace=True)
def index_fill(input: Tensor, dim: int, index: Tensor, value: Any) -> Tensor:
    """A copy with a number, or a 0-d tensor, in the slices along `dim` that `index` names.

    Raises:
        RuntimeError: The value has axes.
        IndexError: Out of bounds.
    """
    x = tensor_argument("index_fill", input)
    dim = wrap_dim(dim, x.ndim)
    if index.value.dtype not in _INTS:
        raise IndexError("index_fill_(): Expected dtype int64 for index.")
    if index.ndim > 1:
        raise IndexError("Index has to be a vector/scalar")
    i = index if index.ndim else reshape_p(index, shape=(1,))
    wide = x if x.ndim else reshape_p(x, shape=(1,))
    at = _bounded(i, wide.value.shape[dim], dim, True)
    if isinstance(value, CoreTensor):
        if value.value.shape:
            raise RuntimeError(
                "index_fill_ only supports a 0-dimensional value tensor, but got tensor with "
                f"{len(value.value.shape)} dimension(s)."
            )
        v = converted(value, x.dtype)  # type: ignore[arg-type]
        shape = (*wide.value.shape[:dim], i.value.shape[0], *wide.value.shape[dim + 1 :])
        result = picking.index_copy_p(wide, at, broadcast_to(v, shape), axis=dim, depth=1)
    else:
        n = number_as(number("index_fill", value, "value", 3), x.value.dtype)
        result = picking.index_fill_p(wide, at, axis=dim, depth=1, value=n)
    return result if x.ndim else reshape_p(result, shape=())  # type: ignore[no-any-return]


@method(inplace=True)
def index_reduce(
    input: Tensor, dim: int, index: Tensor, source: Tensor, reduce: str, *, include_self: bool = True,
    out: Tensor | None = None,
) -> Tensor:  # fmt: skip
    """A copy whose slices along `dim` are combined with those of `source` that `index` sends to them.

    Args:
        input: Any tensor.
        dim: The axis.
        index: A vector of integers.
        source: As `input`, with as many slices as `index` has elements.
        reduce: "prod", "mean", "amax" or "amin".
        include_self: Whether a slice that receives something counts itself.
        out: Where to store the result.

    Raises:
        RuntimeError: Dtypes or shapes do not fit; out of bounds.
    """
    if reduce not in ("prod", "mean", "amax", "amin"):
        raise RuntimeError(f"reduce argument must be either prod, mean, amax or amin, got {reduce}.")
    x = tensor_argument("index_reduce", input)
    i, dim = _vector("index_reduce_", x, dim, index)
    if source.value.dtype != x.value.dtype:
        raise RuntimeError("index_reduce_(): self and source expected to have the same dtype, but got (self) "
                           f"{scalar_name(x.value.dtype)} and (source) {scalar_name(source.value.dtype)}")  # fmt: skip
    have = source.value.shape[dim] if source.ndim > dim else 1
    if i.value.shape[0] != have:
        raise IndexError(
            f"index_reduce_(): Number of indices ({i.value.shape[0]}) should be equal to source.size(dim) ({have})"
        )
    wide = x if x.ndim else reshape_p(x, shape=(1,))
    v = source if source.ndim else reshape_p(source, shape=(1,))
    at = _bounded(i, wide.value.shape[dim], dim, False)
    result = reduced(wide, at, v, reduce, include_self, dim, 1)
    return store(out, result if x.ndim else reshape_p(result, shape=()), "index_reduce")


# --- parts --------------------------------------------------------------------------------------


def _written(x: Tensor, src: Tensor, index: tuple[Any, ...], shape: tuple[int, ...]) -> Tensor:
    if tuple(src.value.shape) != shape:
        raise RuntimeError(
            "expected src to have a size equal to the slice of self. src size = "
            f"{list(src.value.shape)}, slice size = {list(shape)}"
        )
    return assign.set_slice(x, src, index)  # type: ignore[no-any-return]


@method()
def select_scatter(input: Tensor, src: Tensor, dim: int, index: int) -> Tensor:
    """A copy with `src` written at one place along an axis.

    Raises:
        RuntimeError: `src` has not the shape of the place.
        IndexError: Out of bounds.
    """
    dim = wrap_dim(dim, input.ndim)
    s = tuple(input.value.shape)
    if not -s[dim] <= index < s[dim]:
        raise IndexError(
            f"select(): index {index} out of range for tensor of size {list(s)} at dimension {dim}"
        )
    place = index + s[dim] if index < 0 else index
    return _written(input, src, (*(slice(None),) * dim, place, ...), (*s[:dim], *s[dim + 1 :]))


@method()
def slice_scatter(
    input: Tensor, src: Tensor, dim: int = 0, start: int | None = None, end: int | None = None, step: int = 1
) -> Tensor:
    """A copy with `src` written over a range along an axis.

    Raises:
        RuntimeError: `src` has not the shape of the range.
    """
    dim = wrap_dim(dim, input.ndim)
    s = tuple(input.value.shape)
    part = slice(start, end, step)
    n = len(range(*part.indices(s[dim])))
    return _written(input, src, (*(slice(None),) * dim, part, ...), (*s[:dim], n, *s[dim + 1 :]))


@method()
def diagonal_scatter(input: Tensor, src: Tensor, offset: int = 0, dim1: int = 0, dim2: int = 1) -> Tensor:
    """A copy with `src` written along diagonals.

    Raises:
        RuntimeError: `src` has not the shape of the diagonals.
    """
    rank = input.ndim
    dim1, dim2 = wrap_dim(dim1, rank), wrap_dim(dim2, rank)
    s = tuple(input.value.shape)
    rows, columns = s[dim1], s[dim2]
    n = diagonals.diagonal_length(rows, columns, offset)
    shape = (*[m for d, m in enumerate(s) if d not in (dim1, dim2)], n)
    if tuple(src.value.shape) != shape:
        raise RuntimeError(
            "expected src to have a size equal to the slice of self. src size = "
            f"{list(src.value.shape)}, slice size = {list(shape)}"
        )
    down, across = max(-offset, 0), max(offset, 0)
    index: list[Any] = [slice(None)] * rank
    index[dim1], index[dim2] = np.arange(n) + down, np.arange(n) + across
    values = src
    if abs(dim1 - dim2) == 1:  # the picked axis stands where the first of the two was
        values = move_axis(src, len(shape) - 1, min(dim1, dim2))
    else:  # axes apart come first
        values = move_axis(src, len(shape) - 1, 0)
    return assign.index_put(input, tuple(index), values)  # type: ignore[no-any-return]


__all__ = [
    "diagonal_scatter", "index_add", "index_copy", "index_fill", "index_reduce", "scatter", "scatter_add",
    "scatter_reduce", "select_scatter", "slice_scatter",
]  # fmt: skip
