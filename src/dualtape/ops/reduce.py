"""Reductions over axes: sums, means, products, extrema, norms.

A primitive takes `axes`, a sorted tuple of non-negative ints, and `keepdims`. The op in front of it
accepts what users write: None, an int, negative axes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..core.aval import Aval
from ..core.kinds import linear
from ..core.vocabulary import vocabulary

Axes = tuple[int, ...]


def reduced_aval(x: Aval, *, axes: Axes, keepdims: bool, **_: Any) -> Aval:
    """The abstract value of a reduction that keeps the dtype."""
    return Aval(reduced_shape(x.shape, axes, keepdims), x.dtype)


def reduced_shape(shape: Sequence[int], axes: Axes, keepdims: bool) -> tuple[int, ...]:
    """The shape after reducing `axes`."""
    if keepdims:
        return tuple(1 if i in axes else n for i, n in enumerate(shape))
    return tuple(n for i, n in enumerate(shape) if i not in axes)


def restore_axes(ct: Any, shape: Sequence[int], axes: Axes, keepdims: bool) -> Any:
    """Broadcast the result of a reduction back to the shape that was reduced."""
    if not keepdims and axes:
        ct = vocabulary.reshape(ct, reduced_shape(shape, axes, True))
    return vocabulary.broadcast_to(ct, shape)


def _sum_eval(x: Any, *, axes: Axes, keepdims: bool) -> Any:
    dtype = x.dtype
    if dtype.itemsize == 2 and dtype.kind in "fV":  # add half precision up in single
        return np.add.reduce(x, axes, dtype=np.float32, keepdims=keepdims).astype(dtype)
    return np.add.reduce(x, axes, dtype=dtype, keepdims=keepdims)


sum_p = linear(
    "sum", _sum_eval,
    lambda ct, aval, *, axes, keepdims: restore_axes(ct, aval.shape, axes, keepdims),
    aval=reduced_aval,
)  # fmt: skip
