"""LU factors, and what is made of them: determinants, inverses, solutions. Read `matrices` first."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from ...core.aval import Aval
from ...core.primitive import Primitive
from ...ops import compare as c
from ...ops import factorisation as fa
from ...ops import solving as so
from ...ops.arithmetic import add, mul
from ...ops.exponential import exp, log
from ...ops.extrema import amax_p, amin_p
from ...ops.numbers import abs_
from ...ops.products import prod_p
from ...ops.reduce import any_p, sum_p
from ...ops.select import where
from ...ops.shape import transpose_p
from ..emit import flow
from ..emit.lapack import Caller
from . import lapack
from .checks import everywhere, finite
from .matrices import (
    INT32,
    Matrix,
    Parts,
    copy,
    made_of,
    memory,
    on_diagonal,
    real,
    returned,
    rows_to_columns,
    usable,
    wide,
)
from .nodes import Ref, Shape
from .routine import Arguments, Function, Lowering, called, rescued

if TYPE_CHECKING:
    from .build import Build


# LU


def _lu(a: Arguments, call: Caller, i: flow.Value) -> None:
    x, out = a.arrays[:2]
    _, m, n, k = a.sizes
    w = a.w
    pivots = memory(a, 0, f"i{8 * call.item}")
    here = out.past(i * (m * n + k + 1))
    rows_to_columns(a, x.past(i * m * n), here, m, n)
    info = call.call("getrf", m, n, here, m, pivots)

    def pivot(j: flow.Value) -> None:
        here[m * n + j] = real(a, pivots[j])

    flow.each(w, k, pivot)
    here[m * n + k] = real(a, info)


def _lu_without(a: Arguments) -> None:
    """Factors without exchanges, row by row; see `ops.factorisation.lu_in_place`."""
    x, out = a.arrays
    many, m, n, k = a.sizes
    w = a.w

    def one(i: flow.Value) -> None:
        rows = out.past(i * m * n)
        copy(a, x.past(i * m * n), rows, m * n)

        def eliminate(p: flow.Value) -> None:
            pivot = rows[p * n + p]

            def row(q: flow.Value) -> None:
                factor = rows[q * n + p] / pivot
                rows[q * n + p] = factor

                def element(j: flow.Value) -> None:
                    rows[q * n + j] = rows[q * n + j] - factor * rows[p * n + j]

                flow.each(w, n, element, start=p + 1)

            flow.each(w, m, row, start=p + 1)

        flow.each(w, k, eliminate)

    flow.each(w, many, one)


def factored(b: Build, x: Ref) -> tuple[Parts, Ref, Ref] | None:
    """LU factors with exchanges, packed, and the exchanges, from 1 and as floats."""
    *lead, m, n = x.shape
    k = min(m, n)
    parts = made_of(
        b, "lu", _lu, ("getrf",), [x], tuple(lead), m * n + k + 1, (m, n, k), k * lapack.integer(),
    )  # fmt: skip
    if parts is None:
        return None
    return parts, parts.read(0, (m, n), True), parts.read(m * n, (k,))


def _lowered_lu(b: Build, xs: list[Ref], outs: list[Aval], params: dict[str, Any]) -> Any:
    (x,) = xs
    if not usable(x):
        return None
    if not params["pivot"]:
        *lead, m, n = x.shape
        op = Function("lu_without", _lu_without, (prod(lead), m, n, min(m, n)))
        return [called(b, op, [x], x.shape, x.dtype), _from_one(b, outs[1].shape)]
    found = factored(b, x)
    if found is None:
        return None
    made = [found[1], b.cast(found[2], INT32)]
    return rescued(b, finite(b, found[1]), made, fa.lu_p, params, xs)


def _from_one(b: Build, shape: Shape) -> Ref:
    """1, 2, ... along the last axis."""
    return b.call(add, b.nodes.iota(shape, len(shape) - 1, INT32), b.nodes.literal(1, INT32))


def _determinant(b: Build, x: Ref) -> tuple[Ref, Ref] | None:
    """Sign, and the logarithm of the size: as NumPy does it, so that nothing overflows on the way."""
    found = factored(b, x) if usable(x) and x.shape[-1] else None
    if found is None:
        return None
    _, packed, pivots = found
    on = on_diagonal(b, packed)
    kept = b.call(c.eq, pivots, b.cast(_from_one(b, on.shape), x.dtype))
    one, less = b.nodes.literal(1, x.dtype), b.nodes.literal(-1, x.dtype)
    zero = b.nodes.literal(0, x.dtype)
    flip = b.call(where, b.call(c.lt, on, zero), less, one)
    signs = b.call(mul, flip, b.call(where, kept, one, less))
    axes = (len(on.shape) - 1,)
    sign = b.call(prod_p, signs, axes=axes, keepdims=False)
    size = b.call(sum_p, b.call(log, b.call(abs_, on)), axes=axes, keepdims=False)
    singular = b.call(any_p, b.call(c.eq, on, zero), axes=axes, keepdims=False)
    none = b.nodes.literal(-np.inf, x.dtype)
    return b.call(where, singular, zero, sign), b.call(where, singular, none, size)


def _det(b: Build, xs: list[Ref], outs: list[Aval], params: dict[str, Any]) -> Any:
    found = _determinant(b, wide(b, xs[0]))
    return found and [b.cast(b.call(mul, found[0], b.call(exp, found[1])), xs[0].dtype)]


def _slogdet(b: Build, xs: list[Ref], outs: list[Aval], params: dict[str, Any]) -> Any:
    found = _determinant(b, wide(b, xs[0]))
    return found and [b.cast(v, xs[0].dtype) for v in found]


def _zero_pivot(b: Build, xs: list[Ref], outs: list[Aval], params: dict[str, Any]) -> Any:
    (x,) = xs
    n = min(x.shape[-2:])
    if x.dtype.char not in "fd" or not prod(x.shape):
        return None
    on = on_diagonal(b, x)
    zero, none = b.nodes.literal(0, INT32), b.nodes.literal(n + 1, INT32)
    hit = b.call(c.eq, on, b.nodes.literal(0, x.dtype))
    first = b.call(where, hit, _from_one(b, on.shape), none)
    first = b.call(amin_p, first, axes=(len(on.shape) - 1,), keepdims=False)
    return [b.call(where, b.call(c.eq, first, none), zero, first)]


# Inverses and systems


def _solve(a: Arguments, call: Caller, i: flow.Value) -> None:
    x, y, out = a.arrays[:3]
    _, n, k = a.sizes
    item = x.t.bits // 8
    matrix = memory(a, 0, x.t.element)
    pivots = memory(a, n * n * item, f"i{8 * call.item}")
    here = out.past(i * (n * k + 1))
    rows_to_columns(a, x.past(i * n * n), matrix, n, n)
    rows_to_columns(a, y.past(i * n * k), here, n, k)
    info = call.call("gesv", n, k, matrix, n, pivots, here, n)
    here[n * k] = real(a, info)


def solved(b: Build, x: Ref, y: Ref) -> tuple[Parts, Ref] | None:
    """X with x X = y, for matrices y, before it is known whether there is one."""
    n, k = y.shape[-2:]
    lead = np.broadcast_shapes(x.shape[:-2], y.shape[:-2])
    if x.dtype != y.dtype:
        return None
    operands = [x.spread((*lead, n, n)), y.spread((*lead, n, k))]
    scratch = n * n * x.dtype.itemsize + n * lapack.integer()
    parts = made_of(b, "solve", _solve, ("gesv",), operands, lead, n * k + 1, (n, k), scratch)
    return parts and (parts, parts.read(0, (n, k), True))


def _lowered_solve(b: Build, xs: list[Ref], outs: list[Aval], params: dict[str, Any]) -> Any:
    if not usable(xs[0]) or xs[0].dtype != xs[1].dtype:
        return None
    found = solved(b, *[wide(b, x) for x in xs])
    return found and returned(b, found[0].well(b), [found[1]], outs, so.solve_p, params, xs)


def inverted(b: Build, x: Ref) -> tuple[Parts, Ref] | None:
    """The inverse, before it is known whether there is one."""
    one = (
        b.nodes.table(np.eye(x.shape[-1], dtype=x.dtype)) if x.shape[-1] <= 64 else _identity(b, x)
    )
    return solved(b, x, one)


def _identity(b: Build, x: Ref) -> Ref:
    shape = x.shape[-2:]
    ij = [b.nodes.iota(shape, k, INT32) for k in range(2)]
    return b.cast(b.call(c.eq, *ij), x.dtype)


def _lowered_inv(b: Build, xs: list[Ref], outs: list[Aval], params: dict[str, Any]) -> Any:
    found = inverted(b, wide(b, xs[0])) if usable(xs[0]) else None
    return found and returned(b, found[0].well(b), [found[1]], outs, so.inv_p, params, xs)


def _inv_info(b: Build, xs: list[Ref], outs: list[Aval], params: dict[str, Any]) -> Any:
    found = inverted(b, wide(b, xs[0])) if usable(xs[0]) else None
    if found is None:
        return None
    none = b.nodes.literal(0, INT32).spread(outs[0].shape)
    return rescued(b, found[0].well(b), [none], so.inv_info_p, params, xs)


def _norm(b: Build, x: Ref) -> Ref:
    """The largest sum of a column's sizes, for each matrix."""
    rank = len(x.shape)
    sums = b.call(sum_p, b.call(abs_, x), axes=(rank - 2,), keepdims=False)
    return b.call(amax_p, sums, axes=(rank - 2,), keepdims=False)


def _cofactor(b: Build, xs: list[Ref], outs: list[Aval], params: dict[str, Any]) -> Any:
    """det(A) A^-T where that is as good as the way by singular values."""
    x = wide(b, xs[0])
    found = inverted(b, x) if usable(x) else None
    sized = _determinant(b, x)
    if found is None or sized is None:
        return None
    inverse = found[1]
    det = b.call(mul, sized[0], b.call(exp, sized[1]))
    condition = b.call(mul, _norm(b, x), _norm(b, inverse))
    limit = b.nodes.literal(0.001 / np.finfo(xs[0].dtype).eps, x.dtype)
    zero = b.nodes.literal(0, x.dtype)
    good = b.call(c.logical_and, b.call(c.lt, condition, limit), b.call(c.ne, det, zero))
    good = b.call(c.logical_and, everywhere(b, good), finite(b, det))
    good = b.call(c.logical_and, good, found[0].well(b))
    rank = len(x.shape)
    turned = b.call(transpose_p, inverse, axis0=rank - 2, axis1=rank - 1)
    scale = b.reshape(det, (*det.shape, 1, 1)).spread(x.shape)
    return returned(b, good, [b.call(mul, scale, turned)], outs, so.cofactor_p, params, xs)


def _triangular(upper: bool, unit: bool) -> Matrix:
    def matrix(a: Arguments, call: Caller, i: flow.Value) -> None:
        x, y, out = a.arrays[:3]
        _, n, k = a.sizes
        here = out.past(i * n * k)
        copy(a, y.past(i * n * k), here, n * k)
        # By rows these are X^T A^T = B^T by columns, with A^T on the right.
        call.call(
            "trsm", "R", "L" if upper else "U", "N", "U" if unit else "N", k, n, 1.0,
            x.past(i * n * n), n, here, k, info=False,
        )  # fmt: skip

    return matrix


def _lowered_triangular(b: Build, xs: list[Ref], outs: list[Aval], params: dict[str, Any]) -> Any:
    x, y = xs
    upper, unit = params["upper"], params["unit"]
    if not usable(x) or x.dtype != y.dtype or not prod(y.shape):
        return None
    n, k = y.shape[-2:]
    lead = outs[0].shape[:-2]
    operands = [x.spread((*lead, n, n)), y.spread((*lead, n, k))]
    name = f"triangular.{upper}.{unit}"
    parts = made_of(b, name, _triangular(upper, unit), ("trsm",), operands, lead, n * k, (n, k))
    if parts is None:
        return None
    out = parts.read(0, (n, k))
    if unit:
        return [out]
    good = b.call(c.ne, on_diagonal(b, x), b.nodes.literal(0, x.dtype))  # or there are infinities
    return rescued(b, everywhere(b, good), [out], so.solve_triangular_p, params, xs)


ROUTINES: dict[Primitive, Lowering] = {
    fa.lu_p: _lowered_lu,
    fa.zero_pivot_p: _zero_pivot,
    so.det_p: _det,
    so.slogdet_p: _slogdet,
    so.cofactor_p: _cofactor,
    so.solve_p: _lowered_solve,
    so.solve_triangular_p: _lowered_triangular,
    so.inv_p: _lowered_inv,
    so.inv_info_p: _inv_info,
}
