"""Distinct values, places in sorted boundaries, and counts: unique, searchsorted, bincount, histograms.

Through none of them anything flows back, but for the weights of `bincount` and the histograms, which PyTorch does
not differentiate either.
"""

from __future__ import annotations

from typing import Any

from ..core.tensor import Tensor as CoreTensor
from ..ops import binning as ops
from . import return_types
from ._tensor import Tensor
from .arguments import (
    integer,
    invalid_combination,
    is_number,
    not_implemented,
    number,
    tensor_argument,
)
from .promotion import as_operand, result_numpy
from .registry import method, store, store_all

# --- distinct values --------------------------------------------------------------------------------


def _chosen(found: ops.Unique, inverse: bool, counts: bool) -> Any:
    """The parts of the answer that were asked for."""
    parts = [found.values]
    if inverse:
        parts.append(found.inverse)
    if counts:
        parts.append(found.counts)
    return parts[0] if len(parts) == 1 else tuple(parts)


@method()
def unique(
    input: Any,
    sorted: bool = True,
    return_inverse: bool = False,
    return_counts: bool = False,
    dim: int | None = None,
) -> Any:
    """The distinct elements, or slices along `dim`, sorted; on request the inverse and the counts too.

    Raises:
        IndexError: The dimension is out of range.
    """
    x = tensor_argument("unique", input)
    return _chosen(
        ops.unique(x, None if dim is None else integer("unique", dim, "dim")),
        return_inverse,
        return_counts,
    )


@method()
def unique_consecutive(
    input: Any, return_inverse: bool = False, return_counts: bool = False, dim: int | None = None
) -> Any:
    """The elements, or slices along `dim`, that differ from the one before; see `unique`."""
    x = tensor_argument("unique_consecutive", input)
    axis = None if dim is None else integer("unique_consecutive", dim, "dim")
    return _chosen(ops.unique_consecutive(x, axis), return_inverse, return_counts)


# --- places -----------------------------------------------------------------------------------------


def searchsorted(
    sorted_sequence: Any, input: Any, *, out_int32: bool = False, right: bool = False, side: str | None = None,
    out: Any = None, sorter: Any = None,
) -> Tensor:  # fmt: skip
    """Where in sorted rows each number of `input` could be inserted.

    Args:
        sorted_sequence: Sorted along the last dimension: one row, or one for each row of `input`.
        input: A tensor or a number.
        out_int32: Whether to return int32 instead of int64.
        right: Whether to return the last such place instead of the first.
        side: "left" or "right", instead of `right`.
        out: Where to.
        sorter: Indices that sort `sorted_sequence`, which is then not sorted.

    Raises:
        RuntimeError: The shapes do not fit, or `side` contradicts `right`.
    """
    rows = tensor_argument("searchsorted", sorted_sequence, "sorted_sequence")
    if not isinstance(input, CoreTensor) and not is_number(input):
        raise invalid_combination("searchsorted", (sorted_sequence, input))
    rows, x = _same_dtype(rows, input)
    if sorter is not None:
        sorter = tensor_argument("searchsorted", sorter, "sorter", None)
    return store(
        out, ops.searchsorted(rows, x, bool(right), side, sorter, bool(out_int32)), "searchsorted"
    )


def _same_dtype(rows: Tensor, x: Any) -> tuple[Any, Any]:
    """Boundaries and numbers in one dtype; comparing an integer with a float as a float."""
    if not isinstance(x, CoreTensor):
        x = number("searchsorted", x, "input", 2)
    d = result_numpy(rows, x)
    return as_operand(rows, d, Tensor), as_operand(x, d, Tensor)


def bucketize(
    input: Any, boundaries: Any, *, out_int32: bool = False, right: bool = False, out: Any = None
) -> Tensor:
    """The number of the bucket between sorted `boundaries` that each number falls into.

    Raises:
        RuntimeError: The boundaries are not 1-d.
    """
    edges = tensor_argument("bucketize", boundaries, "boundaries", 2)
    if not isinstance(input, CoreTensor) and not is_number(input):
        raise invalid_combination("bucketize", (input, boundaries))
    edges, x = _same_dtype(edges, input)
    return store(out, ops.bucketize(x, edges, bool(right), bool(out_int32)), "bucketize")


# --- counts -----------------------------------------------------------------------------------------


@method()
def bincount(input: Any, weights: Any = None, minlength: int = 0) -> Tensor:
    """How often each of 0, 1, 2, ... occurs, or the sum of the weights of its occurrences.

    Raises:
        RuntimeError: Not 1-d or negative, or weights that do not fit.
        NotImplementedError: Not integers.
    """
    x = tensor_argument("bincount", input)
    if x.value.dtype.kind not in "iu":
        raise not_implemented("bincount_cpu", x.value.dtype)
    w = None if weights is None else tensor_argument("bincount", weights, "weights", 2)
    return ops.bincount(x, w, integer("bincount", minlength, "minlength", 3))  # type: ignore[no-any-return]


@method()
def histc(
    input: Any, bins: int = 100, min: float = 0, max: float = 0, *, out: Any = None
) -> Tensor:
    """Counts of the elements in equal bins from `min` to `max` (of the data where both are equal).

    Raises:
        RuntimeError: No bins, or bounds in the wrong order or not finite.
        NotImplementedError: Not a floating dtype.
    """
    x = tensor_argument("histc", input)
    if x.value.dtype.kind in "biuc":
        raise not_implemented("histogram_cpu", x.value.dtype)
    low, high = float(number("histc", min, "min")), float(number("histc", max, "max"))
    return store(out, ops.histc(x, integer("histc", bins, "bins", 2), low, high), "histc")


def _edges(function: str, bins: Any) -> Any:
    """Bins as a number, or as a tensor of edges."""
    if isinstance(bins, CoreTensor):
        return tensor_argument(function, bins, "bins", 2)
    return integer(function, bins, "bins", 2)


@method()
def histogram(
    input: Any,
    bins: Any,
    *,
    range: Any = None,
    weight: Any = None,
    density: bool = False,
    out: Any = None,
) -> Any:
    """Counts of the elements in bins, and the bins' edges; a named tuple.

    Args:
        input: Floating.
        bins: How many, or their edges.
        range: The outer edges, for a number of bins; those of the data by default.
        weight: What each element counts.
        density: Whether to divide by the total and the widths.
        out: Where to.

    Raises:
        RuntimeError: What is given does not fit.
        NotImplementedError: Not a floating dtype.
    """
    x = tensor_argument("histogram", input)
    if x.value.dtype.kind in "biuc":
        raise not_implemented("histogramdd", x.value.dtype)
    w = None if weight is None else tensor_argument("histogram", weight, "weight", None)
    found = ops.histogram(x, _edges("histogram", bins), range, w, bool(density))
    return store_all(out, tuple(found), "histogram", return_types.histogram)


def histogramdd(
    input: Any,
    bins: Any,
    *,
    range: Any = None,
    weight: Any = None,
    density: bool = False,
    out: Any = None,
) -> Any:
    """Counts of points in a grid of bins, and the bins' edges for each dimension; a named tuple.

    Raises:
        RuntimeError: What is given does not fit.
        NotImplementedError: Not a floating dtype.
    """
    x = tensor_argument("histogramdd", input)
    if x.value.dtype.kind in "biuc":
        raise not_implemented("histogramdd", x.value.dtype)
    w = None if weight is None else tensor_argument("histogramdd", weight, "weight", None)
    given = (
        [_edges("histogramdd", b) for b in bins]
        if isinstance(bins, (list, tuple))
        else _edges("histogramdd", bins)
    )
    counts, edges = ops.histogramdd(x, given, range, w, bool(density))
    return return_types.histogramdd((store(out, counts, "histogramdd"), tuple(edges)))


__all__ = [
    "bincount", "bucketize", "histc", "histogram", "histogramdd", "searchsorted", "unique", "unique_consecutive",
]  # fmt: skip
