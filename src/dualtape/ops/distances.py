"""Distances and similarities of vectors."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.errors import ArgumentError, ShapeError
from ..core.forward import dtype_of
from ..core.kinds import broadcast_shapes, elementwise
from .along import pick_along_p
from .axes import AxesLike, normalize_axis
from .compare import exceeds
from .norms import vector_norm
from .reduce import sum
from .select import where
from .shape import broadcast_to, expand_dims


def _raised_eval(x: Any, *, low: float, refuse_negative: bool) -> Any:
    if refuse_negative and np.any(np.less(x, 0)):
        raise ArgumentError("var has negative entry/entries")
    return np.maximum(x, np.asarray(low, x.dtype))


# What PyTorch does where it clamps inside no_grad: the number is changed, the gradient is not.
raised: Any = elementwise(
    "raised", _raised_eval, lambda d: d,
    doc="max(x, low), with the derivative of x; `refuse_negative`: an error for negative "
    "variances.",
)  # fmt: skip


def dist(x: Any, y: Any, p: float = 2) -> Any:
    """The p-norm of x - y, all elements taken as one vector."""
    return vector_norm(x - y, p)


def pairwise_distance(
    x: Any, y: Any, p: float = 2.0, eps: float = 1e-6, keepdims: bool = False
) -> Any:
    """The p-norms of x - y + eps along the last axis."""
    return vector_norm(x - y + eps, p, -1, keepdims)


def cosine_similarity(x: Any, y: Any, axis: int = 1, eps: float = 1e-8) -> Any:
    """The cosines of the angles between vectors along `axis`, norms being `eps` at least.

    Raises:
        ShapeError: The shapes do not broadcast.
        IndexError: The axis is out of range.
    """
    shape = broadcast_shapes("cosine_similarity", tuple(x.shape), tuple(y.shape))
    axis = normalize_axis(axis, len(shape))
    x, y = broadcast_to(x, shape), broadcast_to(y, shape)
    units = [
        v / raised(vector_norm(v, 2, axis, True), low=eps, refuse_negative=False) for v in (x, y)
    ]
    return sum(units[0] * units[1], axis)


def cdist(x: Any, y: Any, p: float = 2.0) -> Any:
    """The p-norm distances of each of the vectors x from each of the vectors y.

    Args:
        x: Of shape (*, P, M).
        y: Of shape (*, R, M).
        p: The norm's order, not negative.

    Returns:
        Shape (*, P, R). Coinciding vectors have the subgradient 0.

    Raises:
        ShapeError: The vectors are not of one length, or x or y has no two axes.
        ArgumentError: `p` is negative.
    """
    if p < 0:
        raise ArgumentError("cdist only supports non-negative p values")
    for number, v in ((1, x), (2, y)):
        if len(v.shape) < 2:
            raise ShapeError(
                f"cdist only supports at least 2D tensors, X{number} got: {len(v.shape)}D"
            )
    if x.shape[-1] != y.shape[-1]:
        raise ShapeError(
            f"X1 and X2 must have the same number of columns. X1: {x.shape[-1]} X2: {y.shape[-1]}"
        )
    return vector_norm(expand_dims(x, -2) - expand_dims(y, -3), p, -1)


def pdist(x: Any, p: float = 2.0) -> Any:
    """The p-norm distances of all pairs of rows, the upper triangle of `cdist(x, x)` row by row.

    Raises:
        ShapeError: `x` is not 2-d.
        ArgumentError: `p` is negative.
    """
    if len(x.shape) != 2:
        raise ShapeError(f"pdist only supports 2D tensors, got: {len(x.shape)}D")
    if p < 0:
        raise ArgumentError("pdist only supports non-negative p values")
    pairs = np.triu_indices(x.shape[0], 1)
    first, second = (
        pick_along_p(x, np.broadcast_to(i[:, None], (len(i), x.shape[1])), axis=-2, unique=False)
        for i in pairs
    )
    return vector_norm(first - second, p, -1)


def renorm(x: Any, p: float, axis: int, maxnorm: float) -> Any:
    """Shrink the slices along `axis` whose p-norm is larger than `maxnorm` to it.

    Raises:
        ShapeError: `x` has fewer than two axes.
        ArgumentError: `p` is not positive, or `maxnorm` negative.
    """
    rank = len(x.shape)
    if rank < 2:
        raise ShapeError(f"renorm: input needs at least 2 dimensions, got {rank} dimensions")
    if p <= 0:
        raise ArgumentError("renorm: non-positive-norm not supported")
    if maxnorm < 0:
        raise ArgumentError(f"renorm: expected maxnorm to be >= 0 but got {maxnorm:g}")
    axis = normalize_axis(axis, rank)
    others: AxesLike = tuple(i for i in range(rank) if i != axis)
    size = vector_norm(x, p, others, True)
    # The norms are real; beside complex slices they need no cast, beside real ones they have their
    # dtype.
    factor = where(
        exceeds(size, bound=maxnorm), maxnorm / (size + 1e-7), np.ones((), dtype_of(size))
    )
    return x * factor
