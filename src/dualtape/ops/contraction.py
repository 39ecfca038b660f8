"""Sums of products over chosen axes: dot, matrix times vector, tensordot, Kronecker products, distances.

Everything but the two primitives for vectors is a product of matrices between rearrangements.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..core.aval import Aval
from ..core.forward import dtype_of
from ..core.kinds import multilinear
from .axes import size_of
from .complex import conj
from .matmul import matmul_p
from .norms import vector_norm
from .shape import expand_dims, permute, reshape, t_p

mm = matmul_p


def _dot_eval(x: Any, y: Any) -> Any:
    if x.dtype.itemsize == 2 and x.dtype.kind in "fV":  # half precision is added up in single
        return np.dot(x.astype(np.float32), y.astype(np.float32)).astype(x.dtype)
    return np.dot(x, y)


dot = multilinear(
    "dot", _dot_eval, lambda ct, y: ct * y, lambda ct, x: ct * x,
    aval=lambda x, y: Aval((), x.dtype), doc="The sum of the products of two vectors' elements.",
)  # fmt: skip

mv = multilinear(
    "mv", _dot_eval,
    lambda ct, y: expand_dims(ct, -1) * y, lambda ct, x: mv(t_p(x), ct),
    aval=lambda x, y: Aval(x.shape[:-1], x.dtype), doc="A matrix times a vector.",
)  # fmt: skip


def _batched_transpose(x: Any) -> Any:
    return permute(x, (0, 2, 1))


bmm = multilinear(
    "bmm", np.matmul,
    lambda ct, y: bmm(ct, _batched_transpose(y)), lambda ct, x: bmm(_batched_transpose(x), ct),
    aval=lambda x, y: Aval((*x.shape[:2], y.shape[2]), x.dtype),
    doc="Products of two batches of matrices with one batch axis each, of one length.",
)  # fmt: skip


def vdot(x: Any, y: Any) -> Any:
    """`dot` with the first vector conjugated."""
    return dot(conj(x) if dtype_of(x).kind == "c" else x, y)


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
    return reshape(mm(rows, columns), (*[s[a] for a in left], *[t[a] for a in right]))


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
