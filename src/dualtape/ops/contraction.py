"""Sums of products over chosen axes: contractions, tensordot, Kronecker products, distances.

A contraction is a product of matrices between rearrangements, in one primitive: `einsum` is made of
it. Axes are named by single characters. A name that both operands have and the result lacks is
summed over; every other name of an operand the result has too. The transpose by either operand is
then a contraction again.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from ..core.aval import Aval
from ..core.kinds import multilinear
from .axes import in_front, size_of
from .matmul import mm_p
from .norms import vector_norm
from .shape import expand_dims, permute, reshape

Ints = tuple[int, ...]


class Layout(NamedTuple):
    """How to bring two operands into the form of matrices.

    Attributes:
        x, y: The orders of axes (kept by both, own, summed) and (kept by both, summed, own).
        swapped: Whether x is the second factor: where the result's last axis is its own, which then lies innermost.
        both, left, right, inside: How many axes are kept by both, own of x, own of y, summed.
        out: The order of axes that the result is brought into, None if it is right.
    """

    swapped: bool
    x: Ints
    y: Ints
    both: int
    left: int
    right: int
    inside: int
    out: Ints | None


@lru_cache(maxsize=1024)
def layout(x_names: str, y_names: str, out: str) -> Layout:
    """How to contract two operands; where it is `swapped`, of the second and the first."""
    swapped = bool(out) and out[-1] not in y_names
    if swapped:
        x_names, y_names = y_names, x_names
    both = [n for n in out if n in x_names and n in y_names]
    left = [n for n in out if n not in y_names]
    right = [n for n in out if n not in x_names]
    inside = [n for n in x_names if n not in out]
    have = both + left + right
    order = tuple([have.index(n) for n in out])
    return Layout(
        swapped,
        tuple([x_names.index(n) for n in both + left + inside]),
        tuple([y_names.index(n) for n in both + inside + right]),
        len(both), len(left), len(right), len(inside),
        None if order == tuple(range(len(order))) else order,
    )  # fmt: skip


def _contract_eval(x: Any, y: Any, *, x_names: str, y_names: str, out: str) -> Any:
    p = layout(x_names, y_names, out)
    dtype = x.dtype
    half = dtype.itemsize == 2 and dtype.kind in "fV"  # multiplied and added up in single
    if half:
        x, y = x.astype(np.float32), y.astype(np.float32)
    if p.swapped:
        x, y = y, x
    x, y = x.transpose(p.x), y.transpose(p.y)
    s, t = x.shape, y.shape
    kept, own, rest = s[: p.both], s[p.both : p.both + p.left], t[p.both + p.inside :]
    if not p.inside:
        x = x.reshape((*kept, *own, *(1,) * p.right))
        z = x * y.reshape((*kept, *(1,) * p.left, *rest))
    else:
        k = size_of(s[p.both + p.left :])
        # A single vector stays one: BLAS has a faster product for it.
        x = x.reshape((*kept, *((size_of(own),) if p.left or p.both else ()), k))
        y = y.reshape((*kept, k, *((size_of(rest),) if p.right or p.both else ())))
        z = np.matmul(x, y) if p.both else x.dot(y)
        z = z.reshape((*kept, *own, *rest))
    if half:
        z = z.astype(dtype)
    return z if p.out is None else z.transpose(p.out)


def _contract_aval(x: Aval, y: Aval, *, x_names: str, y_names: str, out: str) -> Aval:
    size = dict(zip(x_names + y_names, x.shape + y.shape, strict=True))
    return Aval(tuple([size[n] for n in out]), x.dtype)


def _contract_batch(
    xs: list[Any], where: list[Any], n: int, *, x_names: str, y_names: str, out: str
) -> tuple[Any, int]:
    used = x_names + y_names
    new = next(c for c in map(chr, range(0x1000, 0x2000)) if c not in used)
    x, y = [v if a is None else in_front(v, a) for v, a in zip(xs, where, strict=True)]
    x_names = x_names if where[0] is None else new + x_names
    y_names = y_names if where[1] is None else new + y_names
    return contract_p(x, y, x_names=x_names, y_names=y_names, out=new + out), 0


contract_p = multilinear(
    "contract", _contract_eval,
    lambda ct, y, *, x_names, y_names, out: contract_p(
        ct, y, x_names=out, y_names=y_names, out=x_names
    ),
    lambda ct, x, *, x_names, y_names, out: contract_p(
        x, ct, x_names=x_names, y_names=out, out=y_names
    ),
    aval=_contract_aval, batch=_contract_batch, grad_name="BmmBackward0",
    doc="The sum of products over the axes whose names the result lacks.",
)  # fmt: skip


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

    Computed from the differences themselves, so that near rows lose no digits; the derivative by
    rows that are equal is zero.
    """
    return vector_norm(expand_dims(x, -2) - expand_dims(y, -3), p, -1)
