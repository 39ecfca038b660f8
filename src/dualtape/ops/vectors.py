"""Cross products and Vandermonde matrices."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core import tracing
from ..core.aval import Aval
from ..core.errors import ShapeError
from ..core.forward import dtype_of
from ..core.kinds import broadcast_shapes, multilinear
from .axes import batch_in_front, normalize_axis
from .products import cumprod
from .shape import broadcast_to, concatenate, expand_dims

_NEXT, _AFTER = np.array([1, 2, 0]), np.array([2, 0, 1])


def _cross_eval(x: Any, y: Any, *, axis: int) -> Any:
    # np.cross takes 20 us for two vectors, most of it for moving axes.
    return x.take(_NEXT, axis) * y.take(_AFTER, axis) - x.take(_AFTER, axis) * y.take(_NEXT, axis)


# x . (y x z) does not change when the three are rotated.
cross_p = multilinear(
    "cross",
    _cross_eval,
    lambda ct, y, *, axis: cross_p(y, ct, axis=axis),
    lambda ct, x, *, axis: cross_p(ct, x, axis=axis),
    aval=lambda x, y, *, axis: Aval(x.shape, x.dtype),
    batch=batch_in_front(lambda: cross_p),
    grad_name="LinalgCrossBackward0",
    doc="The cross product along an axis (negative) of length 3.",
)


def cross(x: Any, y: Any, axis: int = -1) -> Any:
    """The cross product of vectors of length 3 along `axis`; the other axes broadcast.

    Raises:
        ShapeError: The ranks differ, or the length is not 3, in PyTorch's words.
    """
    if len(x.shape) != len(y.shape):
        raise ShapeError("linalg.cross: inputs must have the same number of dimensions.")
    rank = len(x.shape)
    at = normalize_axis(axis, rank)
    if x.shape[at] != 3 or y.shape[at] != 3:
        raise ShapeError(
            f"linalg.cross: inputs dimension {axis} must have length 3. Got {x.shape[at]} and "
            f"{y.shape[at]}"
        )
    shape = broadcast_shapes("cross", tuple(x.shape), tuple(y.shape))
    return cross_p(broadcast_to(x, shape), broadcast_to(y, shape), axis=at - rank)


def vander(x: Any, n: int | None = None) -> Any:
    """The powers 0, ..., n-1 of the elements of x (..., k), in a new last axis; n = k by default.

    Raises:
        ShapeError: Fewer than two powers.
    """
    n = x.shape[-1] if n is None and len(x.shape) else n
    if n is None or n <= 1:
        raise ShapeError("N must be greater than 1.")
    ones = tracing.ones((*x.shape, 1), dtype_of(x))
    repeated = broadcast_to(expand_dims(x, -1), (*x.shape, n - 1))
    return concatenate([ones, cumprod(repeated, -1)], -1)
