"""Sums of products over chosen axes: tensordot, Kronecker products, distances.

All are products of matrices, or of elements, between rearrangements.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .axes import size_of
from .matmul import mm_p
from .norms import vector_norm
from .shape import expand_dims, permute, reshape

def inner(x: Any, y: Any) -> Any:
    """The sums of products along the last axes of both, which have one length."""
    return tensordot(x, y, (len(x.shape) - 1,), (len(y.shape) - 1,))


def tensordot(x: Any, y: Any, first: Sequence[int], second: Sequence[int]) -> Any:
    """The sums of products over the axes `first` of x and `second` of y, pairwise of one length.

    Args:
        x: Any value.
        y: Any value of the same dtype.
        first: Non-negative, different axes of x.
        second: As many axes of y.

    Returns:
        The other axes of x, then those of y.
    """
    s, t = tuple(x.shape), tuple(y.shape)
    left = [a for a in range(len(s)) if a not in first]
    right = [a for a in range(len(t)) if a not in second]
    inside = size_of([s[a] for a in first])
    rows = reshape(permute(x, (*left, *first)), (size_of([s[a] for a in left]), inside))
    columns = reshape(permute(y, (*second, *right)), (inside, size_of([t[a] for a in right])))
    return reshape(mm_p(rows, columns), (*[s[a] for a in left], *[t[a] for a in right]))


def kron(x: Any, y: Any) -> Any:
    """Each element of x times all of y, as blocks; the one with fewer axes gets more in front."""
    rank = max(len(x.shape), len(y.shape))
    s, t = ((1,) * (rank - len(v.shape)) + tuple(v.shape) for v in (x, y))
    outer = reshape(x, [n for m in s for n in (m, 1)]) * reshape(y, [n for m in t for n in (1, m)])
    return reshape(outer, [m * n for m, n in zip(s, t, strict=True)])


def cdist(x: Any, y: Any, p: float = 2.0) -> Any:
    """The p-norm distances between all rows of x (*, n, d) and of y (*, m, d): (*, n, m).

    Computed from the differences themselves, so that near rows lose no digits; the derivative by rows
    that are equal is zero.
    """
    return vector_norm(expand_dims(x, -2) - expand_dims(y, -3), p, -1)
