"""Sorting and ranks: sort, topk, kthvalue, median, mode, quantile."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..core.tensor import Tensor as CoreTensor
from ..ops import quantile as _quantile
from ..ops import sorting as ops
from . import return_types
from ._tensor import Tensor
from .arguments import (
    check_keepdim,
    integer,
    invalid_combination,
    is_number,
    not_implemented,
    number,
    numpy_names,
    tensor_argument,
)
from .registry import method, store, store_all


def _sortable(name: str, input: Any) -> Tensor:
    """The tensor to sort.

    Raises:
        RuntimeError: Complex numbers.
    """
    x = tensor_argument(name, input)
    if x.value.dtype.kind == "c":
        raise RuntimeError(
            f" {name.capitalize() if name == 'sort' else name} does not support complex dtypes on CPU"
        )
    return x


@method()
def sort(
    input: Any,
    dim: int = -1,
    descending: bool = False,
    stable: bool | None = None,
    *,
    out: Any = None,
    **names: Any,
) -> Any:
    """Sort along `dim`, stably; NaN is greatest. A named tuple of values and the indices they came from.

    Raises:
        RuntimeError: Complex numbers.
        IndexError: The dimension is out of range.
    """
    dim, _ = numpy_names("sort", names, dim, False)
    x = _sortable("sort", input)
    return store_all(
        out,
        ops.sort(x, integer("sort", dim, "dim", 2), bool(descending)),
        "sort",
        return_types.sort,
    )


@method()
def argsort(
    input: Any, dim: int = -1, descending: bool = False, stable: bool = False, **names: Any
) -> Tensor:
    """The indices that sort along `dim`; see `sort`."""
    dim, _ = numpy_names("argsort", names, dim, False)
    x = _sortable("sort", input)
    return ops.argsort(x, integer("argsort", dim, "dim", 2), bool(descending))  # type: ignore[no-any-return]


@method()
def msort(input: Any, *, out: Any = None) -> Tensor:
    """Sort along the first dimension; the values only."""
    return store(out, ops.msort(_sortable("sort", input)), "msort")


@method()
def topk(
    input: Any, k: Any, dim: int = -1, largest: bool = True, sorted: bool = True, *, out: Any = None
) -> Any:
    """The `k` largest (or smallest) elements along `dim` in order, and their indices; a named tuple.

    Raises:
        RuntimeError: There are fewer than `k`, or complex numbers.
        IndexError: The dimension is out of range.
    """
    x = _sortable("topk", input)
    count, along = integer("topk", k, "k", 2), integer("topk", dim, "dim", 3)
    return store_all(out, ops.topk(x, count, along, bool(largest)), "topk", return_types.topk)


@method()
def kthvalue(input: Any, k: Any, dim: int = -1, keepdim: bool = False, *, out: Any = None) -> Any:
    """The `k`-th smallest elements along `dim`, k from 1, and their indices; a named tuple.

    Raises:
        RuntimeError: There are fewer than `k`.
        IndexError: The dimension is empty or out of range.
        NotImplementedError: Complex numbers or booleans.
    """
    x = tensor_argument("kthvalue", input)
    if x.value.dtype.kind in "bc":
        raise not_implemented("kthvalue_cpu", x.value.dtype)
    check_keepdim("kthvalue", keepdim, 4)
    count, along = integer("kthvalue", k, "k", 2), integer("kthvalue", dim, "dim", 3)
    return store_all(
        out, ops.kthvalue(x, count, along, bool(keepdim)), "kthvalue", return_types.kthvalue
    )


def _middle(name: str, whole: Callable[..., Any], along: Callable[..., Any]) -> Callable[..., Any]:
    make = getattr(return_types, name)

    def function(
        input: Any, dim: Any = None, keepdim: bool = False, *, out: Any = None, **names: Any
    ) -> Any:
        dim, keepdim = numpy_names(name, names, dim, keepdim)
        x = tensor_argument(name, input)
        if x.value.dtype.kind in "bc":
            raise not_implemented("median_cpu", x.value.dtype)
        if dim is None:
            return whole(x)
        check_keepdim(name, keepdim)
        return store_all(out, along(x, integer(name, dim, "dim", 2), bool(keepdim)), name, make)

    function.__name__ = function.__qualname__ = name
    function.__doc__ = (
        f"The lower median{' of what is not NaN' if name[0] == 'n' else ''}: of all elements, or along `dim` with its "
        "index in a named tuple.\n\n"
        "Raises:\n    IndexError: The dimension is empty or out of range.\n    NotImplementedError: Complex numbers."
    )
    setattr(Tensor, name, function)
    return function


median = _middle("median", ops.median, ops.median_along)
nanmedian = _middle("nanmedian", ops.nanmedian, ops.nanmedian_along)


@method()
def mode(input: Any, dim: int = -1, keepdim: bool = False, *, out: Any = None) -> Any:
    """The commonest elements along `dim`, the smallest of several, and an index of each; a named tuple.

    Raises:
        IndexError: The dimension is empty or out of range.
        RuntimeError: Complex numbers.
    """
    x = tensor_argument("mode", input)
    if x.value.dtype.kind == "c":
        raise not_implemented("mode_cpu", x.value.dtype)
    check_keepdim("mode", keepdim)
    return store_all(
        out, ops.mode(x, integer("mode", dim, "dim", 2), bool(keepdim)), "mode", return_types.mode
    )


def _at_fractions(name: str, operation: Callable[..., Any]) -> Callable[..., Tensor]:
    def function(
        input: Any,
        q: Any,
        dim: Any = None,
        keepdim: bool = False,
        *,
        interpolation: str = "linear",
        out: Any = None,
    ) -> Tensor:
        x = tensor_argument(name, input)
        if isinstance(q, CoreTensor):
            q = tensor_argument(name, q, "q", 2)
        elif is_number(q):
            q = float(number(name, q, "q", 2))
        else:
            raise invalid_combination(name, (input, q))
        axis = None if dim is None else integer(name, dim, "dim", 3)
        check_keepdim(name, keepdim, 4)
        return store(out, operation(x, q, axis, bool(keepdim), interpolation), name)

    function.__name__ = function.__qualname__ = name
    function.__doc__ = (
        f"The {'quantiles of what is not NaN' if name[0] == 'n' else 'quantiles'} at the fractions `q`, a number or a "
        "tensor, of all elements or along `dim`.\n\n"
        "Raises:\n    RuntimeError: Fractions outside [0, 1], other dtypes than float32 and float64, or nothing to "
        "rank."
    )
    setattr(Tensor, name, function)
    return function


quantile = _at_fractions("quantile", _quantile.quantile)
nanquantile = _at_fractions("nanquantile", _quantile.nanquantile)

__all__ = [
    "argsort", "kthvalue", "median", "mode", "msort", "nanmedian", "nanquantile", "quantile", "sort", "topk",
]  # fmt: skip
