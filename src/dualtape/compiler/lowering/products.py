"""Products of matrices: which operands are read as they lie, which are copied, and what computes them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from math import gcd, prod
from typing import TYPE_CHECKING, Any

from ...core.aval import Aval
from ...core.primitive import Primitive
from ...ops import contraction as co
from ...ops import matmul as mm
from ...ops.arithmetic import mul
from ..native import target
from . import blas, packed, team
from .nodes import IOTA, LITERAL, Ref, Shape, contiguous
from .product import LINE, Product
from .reductions import reduced
from .scalars import ELEMENTS
from .views import reshaped, sliced

if TYPE_CHECKING:
    from .build import Build

SMALL = 48 * 48 * 48
"""Multiplications up to which a tile written for the sizes is quicker than BLAS's call and packing."""
MEDIUM = 64 * 64 * 64
"""The same for what lies well in the first cache, where there are registers for larger tiles."""
LONGEST = 4096
SETS, WAYS = 64, 8
"""Of the first cache, as small as it is where there are such registers."""
SHARE = 1 << 21
"""Multiplications that are worth a thread's while: some 20 us."""


def readable(x: Ref, rank: int) -> bool:
    """Whether BLAS can read a stack's matrices where they lie."""
    rows, columns = x.shape[rank:]
    a, b = x.strides[rank:]
    by_rows = (b == 1 or columns == 1) and (a >= columns or rows == 1)
    by_columns = (a == 1 or rows == 1) and (b >= rows or columns == 1)
    return by_rows or by_columns


def near(y: Ref) -> bool:
    """Whether the matrices of a right operand can be read again and again as they lie: their rows fit into the first cache's ways."""
    k, n = y.shape[-2:]
    item = y.dtype.itemsize
    if not target.has_wide_registers() or y.strides[-1] != 1 or n * item % LINE:
        return False
    apart = gcd(max(y.strides[-2] * item // LINE, 1), SETS)
    return k * n * item <= WAYS * SETS * LINE // 2 and k <= WAYS * (SETS // apart)


def thin(b: Build, x: Ref, y: Ref) -> Ref | None:
    """Small products of a column and a row, or of rows and one column, as elementwise products, which join what is around."""
    if x.shape[-1] == 1:
        return b.call(mul, x, y)
    k = y.shape[-2]
    column = Ref(y.node, (*y.shape[:-2], 1, k), (*y.strides[:-2], 0, y.strides[-2]), y.offset)
    return reduced(b.nodes, "add", b.call(mul, x, column), (len(x.shape) - 1,), keepdims=True)


def product(
    b: Build, x: Ref, y: Ref, stack: Shape, laid: tuple[Shape, Shape, int] | None = None
) -> Ref | None:
    """The products of stacks (*stack, m, k) and (*stack, k, n).

    Args:
        b: The nodes.
        x, y: The operands.
        stack: Sizes of the common axes.
        laid: The result's shape, its strides along `stack` and of rows; None for (*stack, m, n), row-major.
    """
    m, k = x.shape[-2:]
    n = y.shape[-1]
    if x.dtype != y.dtype or x.dtype.char not in "fd":
        return None
    rank = len(stack)
    shape, places, row = laid or ((*stack, m, n), contiguous((*stack, m, n))[:rank], n)
    if not prod((*stack, m, n, k)):
        return b.nodes.literal(0, x.dtype).spread(shape)
    how = "blas"
    if max(m, n, k) <= LONGEST and (m * n * k <= SMALL or (m * n * k <= MEDIUM and near(y))):
        how = "tile"
    elif packed.suits(m, n, x.dtype.itemsize):
        how = "panels"
    elif blas.find().interface == "":
        return None
    if how == "tile" and laid is None and (k == 1 or (n == 1 and x.strides[-1] in (0, 1))):
        return thin(b, x, y)
    if how == "tile" and y.strides[-1] != 1 and n > 1:
        y = b.materialized(y)
    elif how == "blas":
        x, y = [v if readable(v, rank) else b.materialized(v) for v in (x, y)]
    x, y = [b.materialized(v) if v.node.kind in (LITERAL, IOTA) else v for v in (x, y)]
    threads = team.size(prod((*stack, m, n, k)) // SHARE)
    op = Product(stack, m, n, k, how, ELEMENTS[x.dtype.char], places, row, threads)
    if threads > 1 and not op.shareable(x, y):
        op = replace(op, team=1)
    return b.nodes.routine(op, (x, y), shape, x.dtype, repr(op)).ref()


def _mm(b: Build, xs: list[Ref], outs: list[Aval], params: dict[str, Any]) -> list[Ref] | None:
    out = product(b, xs[0], xs[1], ())
    return None if out is None else [out]


def _times_vector(b: Build, matrix: Ref, vector: Ref, axis: int) -> Ref | None:
    """The sums over an axis of a matrix times a vector along it, as a map and a reduction in the matrix's own order."""
    if not prod(matrix.shape) or matrix.dtype.char not in "fd" or matrix.dtype != vector.dtype:
        return None
    if 0 < matrix.strides[0] < matrix.strides[1]:
        matrix = sliced(matrix, lambda a: a.T)
        axis = 1 - axis
    if axis == 0:
        vector = b.reshape(vector, (vector.shape[0], 1))
    return reduced(b.nodes, "add", b.call(mul, matrix, vector), (axis,))


def _mv(b: Build, xs: list[Ref], outs: list[Aval], params: dict[str, Any]) -> list[Ref] | None:
    out = _times_vector(b, xs[0], xs[1], 1)
    return None if out is None else [out]


def _vm(b: Build, xs: list[Ref], outs: list[Aval], params: dict[str, Any]) -> list[Ref] | None:
    out = _times_vector(b, xs[1], xs[0], 0)
    return None if out is None else [out]


def _stacks(b: Build, xs: list[Ref], outs: list[Aval], params: dict[str, Any]) -> list[Ref] | None:
    x, y = xs
    stack = outs[0].shape[:-2]
    if len(y.shape) == 2:  # one product instead of many
        rows = reshaped(x, (prod(x.shape[:-1]), x.shape[-1]))
        if rows is not None:
            out = product(b, rows, y, ())
            return None if out is None else [b.reshape(out, outs[0].shape)]
    x, y = x.spread((*stack, *x.shape[-2:])), y.spread((*stack, *y.shape[-2:]))
    out = product(b, x, y, stack)
    return None if out is None else [out]


def turned(x: Ref) -> Ref:
    """Transposed in its last two axes."""
    return sliced(x, lambda a: a.swapaxes(-1, -2))


def _as_wanted(p: co.Layout, kept: Shape, own: Shape, rest: Shape) -> Any:
    """Whether to exchange the operands so that the result can be written in its final order, and that order.

    The columns then come last, and so do the rows before them, but for common axes anywhere in between. None if there is
    no such way.
    """
    sizes = (*kept, *own, *rest)
    order = p.out or tuple(range(len(sizes)))
    shape = tuple([sizes[i] for i in order])
    steps = contiguous(shape)
    at = dict(zip(order, steps, strict=True))
    left = list(range(len(kept), len(kept) + len(own)))
    right = list(range(len(kept) + len(own), len(sizes)))
    for swap, rows, columns in ((False, left, right), (True, right, left)):
        if not columns or list(order[-len(columns) :]) != columns or not rows:
            continue
        if any(at[i] != at[j] * sizes[j] and sizes[i] != 1 for i, j in pairwise(rows)):
            continue
        row = at[rows[-1]] or prod([sizes[i] for i in columns])
        return swap, shape, tuple([at[i] for i in range(len(kept))]), row
    return None


def _contract(
    b: Build, xs: list[Ref], outs: list[Aval], params: dict[str, Any]
) -> list[Ref] | None:
    p = co.layout(params["x_names"], params["y_names"], params["out"])
    x, y = reversed(xs) if p.swapped else xs
    x = sliced(x, lambda a: a.transpose(p.x))
    y = sliced(y, lambda a: a.transpose(p.y))
    s, t = x.shape, y.shape
    kept, own, rest = s[: p.both], s[p.both : p.both + p.left], t[p.both + p.inside :]
    if not p.inside:
        x = b.reshape(x, (*kept, *own, *(1,) * p.right))
        y = b.reshape(y, (*kept, *(1,) * p.left, *rest))
        out = b.call(mul, x, y)
    else:
        k = prod(s[p.both + p.left :])
        x = b.reshape(x, (*kept, prod(own), k))
        y = b.reshape(y, (*kept, k, prod(rest)))
        laid = _as_wanted(p, kept, own, rest)
        if laid is not None:
            swap, *place = laid
            if swap:
                x, y = turned(y), turned(x)
            made = product(b, x, y, kept, tuple(place))
            return None if made is None else [made]
        made = product(b, x, y, kept)
        if made is None:
            return None
        out = b.reshape(made, (*kept, *own, *rest))
    if p.out is not None:
        order = p.out
        out = sliced(out, lambda a: a.transpose(order))
    return [out]


ROUTINES: dict[Primitive, Callable[..., list[Ref] | None]] = {
    mm.mm_p: _mm,
    mm.mv_p: _mv,
    mm.vm_p: _vm,
    mm.bmm_p: _stacks,
    mm.matmul_p: _stacks,
    co.contract_p: _contract,
}
