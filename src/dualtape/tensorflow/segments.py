"""Reductions over segments: runs, or groups by number, of rows."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..core.boxes import Box
from ..core.tensor import plain
from ..ops import picking, scatter_reduce
from ..ops import shape as s
from ..ops.exponential import sqrt
from .convert import as_tensor, static
from .hosted import on_numbers
from .raising import kernel_error
from .tensor import EagerTensor, tensor


def _segments(
    op: str, data: Any, segment_ids: Any, count: int | None
) -> tuple[EagerTensor, Any, int]:
    """The data as [rows, ...], the rows' numbers and how many there are; rows numbered below 0 are left out."""
    x = as_tensor(data)
    ids = as_tensor(segment_ids).value
    if isinstance(ids, Box) and count is not None:
        return _segments_to_come(op, x, ids, count)
    ids = np.asarray(plain(ids))
    if count is None and ids.size and (np.any(np.diff(ids) < 0) or ids.min() < 0):
        raise kernel_error(op, "segment ids are not increasing")
    if ids.shape != x.value.shape[: ids.ndim]:
        raise kernel_error(
            op,
            f"data.shape = {list(x.value.shape)} does not start with segment_ids.shape = {list(ids.shape)}",
        )
    flat = ids.reshape(-1).astype(np.int64)
    n = (int(flat.max(initial=-1)) + 1) if count is None else count
    x = s.reshape(x, (flat.size, *x.value.shape[ids.ndim :]))
    if flat.size and flat.max() >= n:
        raise kernel_error(op, f"segment_ids = {flat.max()} is out of range [0, {n})")
    if (flat < 0).any():
        kept = np.flatnonzero(flat >= 0)
        x, flat = picking.index_p(x, tensor(kept), axis=0, depth=1), flat[kept]
    return x, flat, n


def _segments_to_come(
    op: str, x: EagerTensor, ids: Any, count: int
) -> tuple[EagerTensor, Any, int]:
    """`_segments` for numbers that are not known yet: rows that are left out go to one more segment."""
    rank = len(ids.shape)
    if ids.shape != x.value.shape[:rank]:
        raise kernel_error(
            op,
            f"data.shape = {list(x.value.shape)} does not start with segment_ids.shape = {list(ids.shape)}",
        )

    def places(ids: Any) -> Any:
        flat = ids.reshape(-1).astype(np.int64)
        if flat.size and flat.max() >= count:
            raise kernel_error(op, f"segment_ids = {flat.max()} is out of range [0, {count})")
        return np.where(flat < 0, count, flat)

    rows = math.prod(ids.shape)
    flat = on_numbers(places, (rows,), np.int64, ids)
    return s.reshape(x, (rows, *x.value.shape[rank:])), flat, count + 1


def _summed(x: EagerTensor, ids: Any, n: int) -> EagerTensor:
    return picking.deposit_p(x, tensor(ids), axis=0, depth=1, shape=(n, *x.value.shape[1:]))  # type: ignore[no-any-return]


def _counts(x: EagerTensor, ids: Any, n: int) -> Any:
    shape, dtype = (n, *(1,) * (len(x.value.shape) - 1)), x.value.dtype

    def counted(ids: Any) -> Any:
        return np.maximum(np.bincount(ids, minlength=n), 1).astype(dtype).reshape(shape)

    return on_numbers(counted, shape, dtype, ids)


def _mean(x: EagerTensor, ids: Any, n: int) -> EagerTensor:
    return _summed(x, ids, n) / tensor(_counts(x, ids, n))  # type: ignore[no-any-return]


def _sqrt_n(x: EagerTensor, ids: Any, n: int) -> EagerTensor:
    return _summed(x, ids, n) / tensor(sqrt(_counts(x, ids, n)))  # type: ignore[no-any-return]


def _combined(reduce: str) -> Any:
    def combine(x: EagerTensor, ids: Any, n: int) -> EagerTensor:
        dtype = x.value.dtype
        start = {"prod": 1, "amax": _lowest(dtype), "amin": _highest(dtype)}[reduce]
        base = tensor(np.full((n, *x.value.shape[1:]), start, dtype))
        if 0 in ids.shape:
            return base
        index = s.reshape(ids, (*ids.shape, *(1,) * (len(x.value.shape) - 1)))
        index = s.broadcast_to(index, tuple(x.value.shape))
        if not isinstance(index, Box):
            index = index.copy()
        return scatter_reduce.scatter_reduce(base, 0, tensor(index), x, reduce)  # type: ignore[no-any-return]

    return combine


def _lowest(dtype: np.dtype[Any]) -> Any:
    return np.iinfo(dtype).min if dtype.kind in "iu" else np.finfo(dtype).min


def _highest(dtype: np.dtype[Any]) -> Any:
    return np.iinfo(dtype).max if dtype.kind in "iu" else np.finfo(dtype).max


def _segment(op: str, combine: Any, empty: Any, doc: str) -> Any:
    def function(data: Any, segment_ids: Any, name: str | None = None) -> EagerTensor:
        x, ids, n = _segments(op, data, segment_ids, None)
        out = combine(x, ids, n)
        missing = np.setdiff1d(np.arange(n), ids)
        if missing.size and empty is not None:
            out = _filled(out, missing, empty)
        return out  # type: ignore[no-any-return]

    function.__doc__ = f"""{doc}

    Args:
        data: Rows.
        segment_ids: The segment of each row, not decreasing.
        name: Not used.

    Raises:
        InvalidArgumentError: The numbers decrease, or there is not one for each row.
    """
    return function


def _filled(x: EagerTensor, rows: np.ndarray[Any, Any], value: Any) -> EagerTensor:
    return picking.index_fill_p(x, tensor(rows), axis=0, depth=1, value=value)  # type: ignore[no-any-return]


def _unsorted(op: str, combine: Any, doc: str) -> Any:
    def function(
        data: Any, segment_ids: Any, num_segments: Any, name: str | None = None
    ) -> EagerTensor:
        count = int(static(num_segments))
        x, ids, n = _segments(op, data, segment_ids, count)
        out = combine(x, ids, n)
        return out if n == count else out[:count]  # type: ignore[no-any-return]

    function.__doc__ = f"""{doc}

    Args:
        data: Rows.
        segment_ids: The segment of each row, in any order; a negative one leaves the row out.
        num_segments: How many segments there are.
        name: Not used.

    Raises:
        InvalidArgumentError: A number is too large, or there is not one for each row.
    """
    return function


segment_sum = _segment("SegmentSum", _summed, None, "Return the sum of each segment.")


segment_mean = _segment("SegmentMean", _mean, None, "Return the mean of each segment.")


segment_prod = _segment(
    "SegmentProd", _combined("prod"), None, "Return the product of each segment."
)


segment_max = _segment(
    "SegmentMax", _combined("amax"), 0, "Return the maximum of each segment, 0 of an empty one."
)


segment_min = _segment(
    "SegmentMin", _combined("amin"), 0, "Return the minimum of each segment, 0 of an empty one."
)


unsorted_segment_sum = _unsorted("UnsortedSegmentSum", _summed, "Return the sum of each segment.")


unsorted_segment_mean = _unsorted("UnsortedSegmentMean", _mean, "Return the mean of each segment.")


unsorted_segment_sqrt_n = _unsorted(
    "UnsortedSegmentSqrtN", _sqrt_n, "Return the sum of each segment over the root of its size."
)


unsorted_segment_prod = _unsorted(
    "UnsortedSegmentProd", _combined("prod"), "Return the product of each segment."
)


unsorted_segment_max = _unsorted(
    "UnsortedSegmentMax", _combined("amax"), "Return the maximum of each segment."
)


unsorted_segment_min = _unsorted(
    "UnsortedSegmentMin", _combined("amin"), "Return the minimum of each segment."
)
