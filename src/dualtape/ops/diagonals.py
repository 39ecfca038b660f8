"""Diagonals and triangles of matrices."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.aval import Aval
from ..core.errors import ShapeError
from ..core.kinds import linear
from .axes import in_front, normalize_axis, same_aval
from .reduce import sum as sum_of
from .views import clone, ravel


def _diagonal_eval(x: Any, *, offset: int, axis1: int, axis2: int) -> Any:
    out = x.diagonal(offset, axis1, axis2)
    # NumPy hands it out read-only, though it is as good a view as any.
    if x.flags.writeable:
        out.flags.writeable = True
    return out


def diagonal_length(rows: int, columns: int, offset: int) -> int:
    """How many elements the diagonal `offset` places above the main one has."""
    return max(min(rows, columns - offset) if offset >= 0 else min(rows + offset, columns), 0)


def _diagonal_aval(x: Aval, *, offset: int, axis1: int, axis2: int) -> Aval:
    rest = [n for i, n in enumerate(x.shape) if i not in (axis1, axis2)]
    n = diagonal_length(x.shape[axis1], x.shape[axis2], offset)
    return Aval((*rest, n), x.dtype)


def _place_eval(x: Any, *, shape: tuple[int, ...], offset: int, axis1: int, axis2: int) -> Any:
    out = np.zeros(shape, x.dtype)
    _diagonal_eval(out, offset=offset, axis1=axis1, axis2=axis2)[...] = x
    return out


def _shifted(params: dict[str, Any]) -> dict[str, Any]:
    return {**params, "axis1": params["axis1"] + 1, "axis2": params["axis2"] + 1}


diagonal_p = linear(
    "diagonal", _diagonal_eval,
    lambda ct, aval, **params: place_diagonal_p(ct, shape=aval.shape, **params),
    aval=_diagonal_aval,
    batch=lambda xs, where, n, **params: (
        diagonal_p(in_front(xs[0], where[0]), **_shifted(params)), 0
    ),
    view=True, masks=True, doc="The diagonal of the matrices in `axis1` and `axis2`, as the last axis.",
)  # fmt: skip

place_diagonal_p = linear(
    "place_diagonal", _place_eval,
    lambda ct, *, offset, axis1, axis2: diagonal_p(ct, offset=offset, axis1=axis1, axis2=axis2),
    aval=lambda x, *, shape, **_: Aval(shape, x.dtype),
    batch=lambda xs, where, n, *, shape, **params: (
        place_diagonal_p(in_front(xs[0], where[0]), shape=(n, *shape), **_shifted(params)), 0
    ),
    grad_name="DiagEmbedBackward0",
    doc="Zeros of `shape` with x on a diagonal: the transpose of `diagonal`.",
)  # fmt: skip


def diagonal(x: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    """The diagonal, `offset` places above the main one, of the matrices in two axes, as a view.

    Raises:
        ShapeError: The two axes are one.
    """
    rank = len(x.shape)
    a, b = normalize_axis(axis1, rank), normalize_axis(axis2, rank)
    if a == b:
        raise ShapeError(f"diagonal dimensions cannot be identical {axis1}, {axis2}")
    return diagonal_p(x, offset=offset, axis1=a, axis2=b)


def diag_embed(x: Any, offset: int = 0, axis1: int = -2, axis2: int = -1) -> Any:
    """Square matrices of zeros, in two new axes, with the last axis of `x` on a diagonal.

    Raises:
        ShapeError: The two axes are one.
    """
    s = tuple(x.shape)
    a, b = normalize_axis(axis1, len(s) + 1), normalize_axis(axis2, len(s) + 1)
    if a == b:
        raise ShapeError(f"diagonal dimensions cannot be identical {axis1}, {axis2}")
    n = s[-1] + abs(offset)
    shape = list(s[:-1])
    for axis in sorted((a, b)):
        shape.insert(axis, n)
    return place_diagonal_p(x, shape=tuple(shape), offset=offset, axis1=a, axis2=b)


def diag(x: Any, offset: int = 0) -> Any:
    """The diagonal of a matrix, as a copy, or a matrix with the vector `x` on its diagonal.

    Raises:
        ShapeError: `x` is neither.
    """
    rank = len(x.shape)
    if rank == 1:
        return diag_embed(x, offset)
    if rank == 2:
        return clone(diagonal_p(x, offset=offset, axis1=0, axis2=1))
    raise ShapeError(f"diag(): Supports 1D or 2D tensors. Got {rank}D")


def diagflat(x: Any, offset: int = 0) -> Any:
    """A matrix with all elements of `x` on a diagonal."""
    return diag_embed(ravel(x), offset)


def trace(x: Any) -> Any:
    """The sum of a matrix's diagonal.

    Raises:
        ShapeError: `x` is not a matrix.
    """
    rank = len(x.shape)
    if rank != 2:
        raise ShapeError(f"trace: expected a matrix, but got tensor with dim {rank}")
    return sum_of(diagonal_p(x, offset=0, axis1=0, axis2=1))


def _triangle(name: str, keep_lower: bool) -> Any:
    def eval(x: Any, *, offset: int) -> Any:
        rows, columns = x.shape[-2:]
        mask = np.tri(rows, columns, offset if keep_lower else offset - 1, bool)
        # where, not a product: what is cut away is zero, also where it was infinite or NaN.
        if not keep_lower:
            mask = ~mask
        return np.where(mask, x, np.zeros((), x.dtype))

    primitive = linear(
        name, eval, lambda ct, *, offset: primitive(ct, offset=offset), aval=same_aval,
        batch=lambda xs, where, n, *, offset: (
            primitive(in_front(xs[0], where[0]), offset=offset), 0
        ),
    )  # fmt: skip
    return primitive


tril_p = _triangle("tril", True)
triu_p = _triangle("triu", False)


def tril(x: Any, offset: int = 0) -> Any:
    """`x` with zeros above the diagonal that is `offset` places above the main one.

    Raises:
        ShapeError: Fewer than two axes.
    """
    return tril_p(_matrices("tril", x), offset=offset)


def triu(x: Any, offset: int = 0) -> Any:
    """`x` with zeros below the diagonal that is `offset` places above the main one.

    Raises:
        ShapeError: Fewer than two axes.
    """
    return triu_p(_matrices("triu", x), offset=offset)


def _matrices(name: str, x: Any) -> Any:
    if len(x.shape) < 2:
        raise ShapeError(f"{name}: input tensor must have at least 2 dimensions")
    return x
