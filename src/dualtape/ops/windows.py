"""Sliding windows over the trailing, spatial axes of an array: what convolution and pooling share.

Shapes are written (N, C, *S): examples, channels, space. A window moves over S padded by `padding`,
one pair (before, after) per axis, in steps of `stride`; its elements lie `dilation` apart.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided

from ..core.errors import ShapeError

Ints = tuple[int, ...]
Pairs = tuple[tuple[int, int], ...]
Array = np.ndarray[Any, Any]


def per_axis(value: int | Sequence[int], rank: int, what: str, of: str) -> Ints:
    """One int per spatial axis from an int, a sequence of `rank` ints, or a sequence of one.

    Raises:
        ShapeError: Another number of ints, in PyTorch's words for `what` of the operation `of`.
    """
    if isinstance(value, (int, np.integer)):
        return (int(value),) * rank
    ints = tuple(int(v) for v in value)
    if len(ints) == 1:
        return ints * rank
    if len(ints) != rank:
        raise ShapeError(
            f"{of}: expected {what} to be a single integer value or a list of {rank} values, "
            f"but got {what}={list(ints)}"
        )
    return ints


def window_count(size: int, kernel: int, stride: int, pad: tuple[int, int], dilation: int) -> int:
    """How many whole windows fit along an axis of length `size`."""
    return (size + pad[0] + pad[1] - dilation * (kernel - 1) - 1) // stride + 1


def padded(x: Array, padding: Pairs) -> Array:
    """`x` with zeros around its spatial axes; `x` itself where nothing is added."""
    if not any(lo or hi for lo, hi in padding):
        return x
    space = x.shape[-len(padding) :]
    shape = tuple(n + lo + hi for n, (lo, hi) in zip(space, padding, strict=True))
    out = np.zeros((*x.shape[: -len(padding)], *shape), x.dtype)
    out[interior(space, padding)] = x
    return out


def interior(space: Ints, padding: Pairs) -> tuple[Any, ...]:
    """The index of the part of a padded array that is not padding."""
    return (..., *(slice(lo, lo + n) for n, (lo, _) in zip(space, padding, strict=True)))


def windows(x: Array, kernel: Ints, stride: Ints, dilation: Ints, counts: Ints) -> Array:
    """A read-only view (N, C, *kernel, *counts) of all windows of a padded array."""
    rank = len(kernel)
    steps = x.strides[-rank:]
    return as_strided(
        x,
        (*x.shape[:-rank], *kernel, *counts),
        (
            *x.strides[:-rank],
            *(d * s for d, s in zip(dilation, steps, strict=True)),
            *(m * s for m, s in zip(stride, steps, strict=True)),
        ),
        writeable=False,
    )


def add_windows(columns: Array, out: Array, stride: Ints, dilation: Ints) -> None:
    """Add windows (N, C, *kernel, *counts) into a padded array: the transpose of `windows`."""
    rank = len(stride)
    kernel, counts = columns.shape[-2 * rank : -rank], columns.shape[-rank:]
    if not all(counts):
        return
    lead = (slice(None),) * (columns.ndim - 2 * rank)
    for offset in np.ndindex(*kernel):
        place = tuple(
            slice(k * d, k * d + (n - 1) * s + 1, s)
            for k, d, n, s in zip(offset, dilation, counts, stride, strict=True)
        )
        target: Any = (..., *place)
        out[target] += columns[(*lead, *offset)]
