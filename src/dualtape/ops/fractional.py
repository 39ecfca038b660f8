"""Fractional maximum pooling: windows at pseudo-random places (B. Graham 2014)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..core.aval import Aval
from ..core.errors import ShapeError
from ..core.forward import dtype_of
from ..core.kinds import constant
from .axes import batch_in_front, size_of
from .pooling import pool_gather_p
from .shape import reshape
from .windows import Array, Ints, per_axis


def window_starts(sample: Array, size: int, count: int, kernel: int) -> Array:
    """Where `count` windows begin on an axis, for each sample in [0, 1): (..., count)."""
    if count == 0:
        return np.zeros((*sample.shape, 0), np.int64)
    last = np.full((*sample.shape, 1), size - kernel)
    if count == 1:
        return last
    alpha = sample.dtype.type((size - kernel) / (count - 1))
    u = sample[..., None]
    i = np.arange(count - 1, dtype=sample.dtype)
    starts = ((i + u) * alpha).astype(np.int64) - (u * alpha).astype(np.int64)
    return np.concatenate([starts, last], -1)


def _indices_eval(x: Array, samples: Array, *, kernel: Ints, counts: Ints) -> Array:
    rank = len(kernel)
    space = x.shape[-rank:]
    # Two axes are sampled in the order width, height; three in their own order: PyTorch's.
    order = (1, 0) if rank == 2 else range(rank)
    flat: Any = np.zeros((), np.int64)
    for axis in range(rank):
        starts = window_starts(samples[..., order[axis]], space[axis], counts[axis], kernel[axis])
        places = starts[..., None] + np.arange(kernel[axis])
        shape = [1] * (2 * rank)
        shape[axis], shape[rank + axis] = counts[axis], kernel[axis]
        step = size_of(space[axis + 1 :])
        flat = flat + places.reshape(*samples.shape[:-1], *shape) * step
    lead = x.shape[:-rank]
    flat = np.broadcast_to(flat, (*lead, *counts, *kernel))
    flat = flat.reshape(*lead, *counts, size_of(kernel))
    rows = x.reshape(*lead, size_of(space))
    seen = np.take_along_axis(rows, flat.reshape(*lead, size_of(flat.shape[-rank - 1 :])), -1)
    seen = seen.reshape(flat.shape)
    best = np.argmax(seen, -1)
    if x.dtype.kind in "fV" and (nan := np.isnan(seen)).any():  # of several NaNs the last
        final = flat.shape[-1] - 1 - np.argmax(nan[..., ::-1], -1)
        best = np.where(nan.any(-1), final, best)
    return np.take_along_axis(flat, best[..., None], -1)[..., 0]


fractional_indices_p = constant(
    "fractional_indices", _indices_eval, inputs="x samples",
    aval=lambda x, samples, *, kernel, counts: Aval((*x.shape[: -len(kernel)], *counts), np.dtype(np.int64)),
    batch=batch_in_front(lambda: fractional_indices_p),
    doc="Where the maxima of the windows lie that `samples`, one row for each example and channel, choose.",
)  # fmt: skip


def fractional_max_pool(
    x: Any,
    kernel_size: int | Sequence[int],
    output_size: int | Sequence[int],
    samples: Any,
    return_indices: bool = False,
    *,
    rank: int,
) -> Any:
    """The maxima of windows at places that `samples` choose.

    Args:
        x: (N, C, *S) or (C, *S).
        kernel_size: Length of the window, an int or one per axis.
        output_size: Number of windows, an int or one per axis.
        samples: (N, C, rank), or (1, C, rank) for a single example: numbers in [0, 1).
        return_indices: Also return where the maxima lie, as `max_pool` does.
        rank: Number of pooled axes, 2 or 3.

    Raises:
        ShapeError: The shapes do not fit.
    """
    name = f"fractional_max_pool{rank}d"
    kernel = per_axis(kernel_size, rank, "kernel_size", name)
    counts = per_axis(output_size, rank, "output_size", name)
    if len(x.shape) not in (rank + 1, rank + 2):
        raise ShapeError(
            f"{name}(): Expected {rank + 1}D or {rank + 2}D tensor, but got: {list(x.shape)}"
        )
    labels = ("time", "height", "width")[3 - rank :]
    for n, k, m, label in zip(x.shape[-rank:], kernel, counts, labels, strict=True):
        if m + k - 1 >= n:
            raise ShapeError(f"{name}(): pool {label} {k} too large relative to input {label} {n}")
    single = len(x.shape) == rank + 1
    wide = reshape(x, (1, *x.shape)) if single else x
    if tuple(samples.shape) != (*wide.shape[:2], rank):
        raise ShapeError(
            f"{name}(): samples must have shape {[*wide.shape[:2], rank]}, not {list(samples.shape)}"
        )
    if dtype_of(samples).kind != "f":
        raise ShapeError(f"{name}(): samples must be floating numbers in [0, 1)")
    at = fractional_indices_p(wide, samples, kernel=kernel, counts=counts)
    out = pool_gather_p(wide, at, rank=rank)
    if single:
        out, at = reshape(out, out.shape[1:]), reshape(at, at.shape[1:])
    return (out, at) if return_indices else out
