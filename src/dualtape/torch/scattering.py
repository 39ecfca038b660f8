"""Writing into a copy: at places that an index or a mask names, or into a part of the tensor."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.tensor import Tensor as CoreTensor
from ..ops import gather as picks
from ..ops import masked, slices
from ..ops import scatter_reduce as combining
from ._tensor import Tensor
from .arguments import number, number_as, tensor_argument
from .conversion import converted
from .dtypes import scalar_name
from .registry import method, store

_INTS = (np.dtype(np.int64), np.dtype(np.int32))


def _same(message: str, x: Tensor, v: Tensor) -> None:
    """Raise `message`, with the names of the dtypes, where they differ."""
    if x.value.dtype != v.value.dtype:
        raise RuntimeError(message.format(scalar_name(x.value.dtype), scalar_name(v.value.dtype)))


def _index(function: str, index: Any, position: int | None = 3) -> Tensor:
    i = tensor_argument(function, index, "index", position)
    if i.value.dtype not in _INTS and 0 not in i.value.shape:
        raise RuntimeError(f"{function}(): Expected dtype int32/int64 for index")
    return i


def _constant(x: Tensor, value: Any, function: str, name: str, position: int) -> Any:
    """A Python number, checked against the dtype of `x`."""
    n = number_as(number(function, value, name, position), x.value.dtype)
    return n if n.dtype.kind == "V" else n.item()


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
    if not isinstance(source, CoreTensor):
        source = _constant(x, source, "scatter", "value", 4)
    i = _index("scatter", index)
    result = (
        picks.scatter(x, dim, i, source)
        if reduce is None
        else combining.scatter_combine(x, dim, i, source, reduce)
    )
    return store(out, result, "scatter", exact=True)


@method(inplace=True)
def scatter_add(
    input: Tensor, dim: int, index: Tensor, src: Tensor, *, out: Tensor | None = None
) -> Tensor:
    """A copy with `src` added at the places that `index` names along `dim`.

    Raises:
        RuntimeError: Dtypes or shapes do not fit; out of bounds.
    """
    x = tensor_argument("scatter_add", input)
    v = tensor_argument("scatter_add", src, "src", 4)
    _same("scatter(): Expected self.dtype to be equal to src.dtype", x, v)
    return store(
        out, picks.scatter_add(x, dim, _index("scatter", index), v), "scatter_add", exact=True
    )


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
        raise RuntimeError(
            f"reduce argument must be either sum, prod, mean, amax or amin, got {reduce}"
        )
    x = tensor_argument("scatter_reduce", input)
    v = tensor_argument("scatter_reduce", src, "src", 4)
    _same("scatter(): Expected self.dtype to be equal to src.dtype", x, v)
    result = combining.scatter_reduce(x, dim, _index("scatter", index), v, reduce, include_self)
    return store(out, result, "scatter_reduce", exact=True)


# --- slices along an axis -----------------------------------------------------------------------


@method(inplace=True)
def index_add(
    input: Tensor,
    dim: int,
    index: Tensor,
    source: Tensor,
    *,
    alpha: Any = 1,
    out: Tensor | None = None,
) -> Tensor:
    """A copy with the slices of `alpha * source` added to those along `dim` that `index` names.

    Raises:
        RuntimeError: Dtypes or shapes do not fit; out of bounds.
    """
    x = tensor_argument("index_add", input)
    i = tensor_argument("index_add", index, "index", 3)
    v = tensor_argument("index_add", source, "source", 4)
    if i.value.dtype not in _INTS:
        raise RuntimeError(
            f"index_add_(): Expected dtype int32/int64 for index but got: {scalar_name(i.value.dtype)}"
        )
    _same("index_add_(): self ({}) and source ({}) must have the same scalar type", x, v)
    factor = _constant(x, alpha, "index_add", "alpha", 5)
    return store(out, slices.index_add(x, dim, i, v, factor), "index_add", exact=True)


@method(inplace=True)
def index_copy(
    input: Tensor, dim: int, index: Tensor, source: Tensor, *, out: Tensor | None = None
) -> Tensor:
    """A copy with the slices of `source` written over those along `dim` that `index` names.

    Raises:
        RuntimeError: Dtypes or shapes do not fit.
        IndexError: Wrong number of indices; out of bounds.
    """
    x = tensor_argument("index_copy", input)
    i = tensor_argument("index_copy", index, "index", 3)
    v = tensor_argument("index_copy", source, "source", 4)
    if i.value.dtype != np.int64:
        raise IndexError(
            "index_copy_(): Expected a long tensor for index, but got " + scalar_name(i.value.dtype)
        )
    _same(
        "index_copy_(): self and source expected to have the same dtype, but got (self) {} and (source) {}",
        x,
        v,
    )
    return store(out, slices.index_copy(x, dim, i, v), "index_copy", exact=True)


@method(inplace=True)
def index_fill(input: Tensor, dim: int, index: Tensor, value: Any) -> Tensor:
    """A copy with a number, or a 0-d tensor, in the slices along `dim` that `index` names.

    Raises:
        RuntimeError: The value has axes.
        IndexError: Out of bounds.
    """
    x = tensor_argument("index_fill", input)
    i = tensor_argument("index_fill", index, "index", 3)
    if i.value.dtype not in _INTS:
        raise IndexError("index_fill_(): Expected dtype int64 for index.")
    is_tensor = isinstance(value, CoreTensor)
    filled = (
        converted(value, x.dtype) if is_tensor else _constant(x, value, "index_fill", "value", 4)
    )
    return slices.index_fill(x, dim, i, filled)  # type: ignore[no-any-return]


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
        raise RuntimeError(
            f"index_reduce(): Expected reduce to be one of prod, mean, amax or amin but got {reduce}."
        )
    x = tensor_argument("index_reduce", input)
    i = tensor_argument("index_reduce", index, "index", 3)
    v = tensor_argument("index_reduce", source, "source", 4)
    if i.value.dtype not in _INTS:
        raise RuntimeError("index_reduce(): Expected dtype int32/int64 for index")
    _same(
        "index_reduce(): Expected self and source to have the same dtype, but got {} and {}", x, v
    )
    result = combining.index_reduce(x, dim, i, v, reduce, include_self)
    return store(out, result, "index_reduce", exact=True)


# --- places in a row, masks ---------------------------------------------------------------------


@method(inplace=True)
def put(input: Tensor, index: Tensor, source: Tensor, accumulate: bool = False) -> Tensor:
    """A copy with `source` written (or added) at places of the tensor read as one row.

    Raises:
        RuntimeError: Dtypes or numbers of elements differ.
        IndexError: Out of bounds.
    """
    if index.value.dtype != np.int64:
        raise RuntimeError(
            f"put_(): Expected a long tensor for index, but got {scalar_name(index.value.dtype)}"
        )
    _same(
        "put_(): self and source expected to have the same dtype, but got self.dtype = {} and source.dtype = {}",
        input, source,
    )  # fmt: skip
    return masked.put(input, index, source, accumulate)  # type: ignore[no-any-return]


@method(inplace=True)
def masked_scatter(input: Tensor, mask: Tensor, source: Tensor) -> Tensor:
    """A copy with the first elements of `source`, in order, where the mask is true.

    Raises:
        RuntimeError: Wrong dtypes; too few elements.
    """
    _same(
        "masked_scatter: expected self and source to have same dtypes but got{} and {}",
        input,
        source,
    )
    if mask.value.dtype.kind != "b":
        raise RuntimeError(
            f"masked_scatter_ only supports boolean masks, but got mask with dtype {scalar_name(mask.value.dtype)}"
        )
    return masked.masked_scatter(input, mask, source)  # type: ignore[no-any-return]


# --- parts --------------------------------------------------------------------------------------


@method()
def select_scatter(input: Tensor, src: Tensor, dim: int, index: int) -> Tensor:
    """A copy with `src` written at one place along an axis.

    Raises:
        RuntimeError: `src` has not the shape of the place.
        IndexError: Out of bounds.
    """
    return slices.select_scatter(input, src, dim, index)  # type: ignore[no-any-return]


@method()
def slice_scatter(
    input: Tensor,
    src: Tensor,
    dim: int = 0,
    start: int | None = None,
    end: int | None = None,
    step: int = 1,
) -> Tensor:
    """A copy with `src` written over a range along an axis.

    Raises:
        RuntimeError: `src` has not the shape of the range.
    """
    return slices.slice_scatter(input, src, dim, start, end, step)  # type: ignore[no-any-return]


@method()
def diagonal_scatter(
    input: Tensor, src: Tensor, offset: int = 0, dim1: int = 0, dim2: int = 1
) -> Tensor:
    """A copy with `src` written along diagonals.

    Raises:
        RuntimeError: `src` has not the shape of the diagonals.
    """
    return slices.diagonal_scatter(input, src, offset, dim1, dim2)  # type: ignore[no-any-return]


__all__ = [
    "diagonal_scatter", "index_add", "index_copy", "index_fill", "index_reduce", "masked_scatter", "put", "scatter",
    "scatter_add", "scatter_reduce", "select_scatter", "slice_scatter",
]  # fmt: skip
