"""Running sums and products."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..ops import rearrange, scan
from ..ops import shape as s
from . import kernels as k
from .convert import as_tensor, static, unified
from .kernels import check_dtype
from .raising import kernel_error
from .tensor import EagerTensor, tensor


def cumsum(
    x: Any, axis: Any = 0, exclusive: bool = False, reverse: bool = False, name: str | None = None
) -> EagerTensor:
    """Return running sums along an axis.

    Args:
        x: The tensor.
        axis: Along which.
        exclusive: Whether each sum leaves its own element out.
        reverse: Whether to start from the end.
        name: Not used.

    Raises:
        InvalidArgumentError: `axis` is out of range.
    """
    out, at = _scanned("Cumsum", x, axis)
    run = scan.cumsum_p(out, axis=at - len(out.value.shape), reverse=reverse)
    return _excluded(run, at, reverse, 0) if exclusive else run


def cumprod(
    x: Any, axis: Any = 0, exclusive: bool = False, reverse: bool = False, name: str | None = None
) -> EagerTensor:
    """Return running products along an axis; arguments as for `cumsum`.

    Raises:
        InvalidArgumentError: `axis` is out of range.
    """
    out, at = _scanned("Cumprod", x, axis)
    if reverse:
        out = rearrange.flip(out, at)
    run = scan.cumprod(out, at)
    if exclusive:
        run = _excluded(run, at, False, 1)
    return rearrange.flip(run, at) if reverse else run  # type: ignore[no-any-return]


def cumulative_logsumexp(
    x: Any, axis: Any = 0, exclusive: bool = False, reverse: bool = False, name: str | None = None
) -> EagerTensor:
    """Return running log(sum(exp)) along an axis; arguments as for `cumsum`.

    Raises:
        InvalidArgumentError: `axis` is out of range.
    """
    out, at = _scanned("CumulativeLogsumexp", x, axis)
    check_dtype("CumulativeLogsumexp", out.value.dtype, k.FLOATING)
    if reverse:
        out = rearrange.flip(out, at)
    run = scan.logcumsumexp(out, at)
    if exclusive:
        run = _excluded(run, at, False, float(np.finfo(run.value.dtype).min))
    return rearrange.flip(run, at) if reverse else run  # type: ignore[no-any-return]


def _scanned(op: str, x: Any, axis: Any) -> tuple[EagerTensor, int]:
    x = as_tensor(x)
    check_dtype(op, x.value.dtype, k.SUMMED)
    rank = len(x.value.shape)
    at = int(static(axis))
    if not -rank <= at < rank:
        raise kernel_error(
            op, f"ScanOp: Expected scan axis in the range [{-rank}, {rank}), but got {at}"
        )
    return x, at % rank


def _excluded(run: EagerTensor, axis: int, reverse: bool, start: Any) -> EagerTensor:
    """Running results moved on by one place, the neutral element moving in."""
    n = run.value.shape[axis]
    if not n:
        return run
    first = tensor(np.full(
        [1 if i == axis else m for i, m in enumerate(run.value.shape)], start, run.value.dtype
    ))  # fmt: skip
    kept = s.slice_p(run, index=s.along(axis, slice(1, n) if reverse else slice(0, n - 1)))
    return s.concatenate(unified([kept, first] if reverse else [first, kept]), axis)  # type: ignore[no-any-return]
