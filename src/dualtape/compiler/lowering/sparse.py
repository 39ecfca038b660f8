"""Weighted sums of elements at places that are known already, along an axis: resampling, pooling, folding, and back.

A map is given for each result by the elements that it is made of, in rows that lie one behind the other. Its
transpose is another such map: nothing is added up in an order that depends on anything.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import inf, prod
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ...core.aval import Aval
from ...core.primitive import Primitive
from ...ops import padding, strided
from ...ops import pooling as pl
from ...ops import resampling as rs
from ...ops.arithmetic import div
from ...ops.axes import size_of
from ...ops.padding import constant_pad_p
from ...ops.shape import permute_p
from ...ops.stencils import places
from ...ops.windows import window_count
from ..emit import flow, memory
from .nodes import Ref, Shape
from .routine import Arguments, Function, Lowering, called, divided
from .scalars import supported
from .scalars.choice import larger

if TYPE_CHECKING:
    from .build import Build

FLOAT = np.dtype(np.float64)  # or any other
MOST = 1 << 16
"""Terms of a map that is part of the code."""
LANES = 16


class Rows(NamedTuple):
    """The terms of each result: from where in `index` on, the elements, and their weights (None: all 1)."""

    start: Any
    index: Any
    weight: Any

    @staticmethod
    def of(target: Any, source: Any, weight: Any, count: int) -> Rows:
        """The map with result[target] += weight * element[source], in this order for each result."""
        order = np.argsort(target, kind="stable")
        start = np.zeros(count + 1, np.int32)
        np.cumsum(np.bincount(target, minlength=count), out=start[1:])
        return Rows(
            start, source[order].astype(np.int32), None if weight is None else weight[order]
        )


def _combined(largest: bool, weighted: bool) -> Any:
    def body(a: Arguments) -> None:
        w = a.w
        x, start, index, *more, out = a.arrays
        n, count, r, many = a.sizes

        def block(i: flow.Value) -> None:
            def result(o: flow.Value) -> None:
                def lanes(width: int, j: flow.Value) -> None:
                    source, target = x.wide(width), out.wide(width)

                    def term(t: flow.Value, total: flow.Value) -> list[flow.Value]:
                        at = index[t].cast("sext", "i64")
                        v = source[(i * n + at) * r + j]
                        if largest:
                            return [larger(FLOAT, total, v)]
                        if weighted:
                            v = v * _splat(v, more[0][t])
                        return [total + v]

                    zero = flow.Value(w, target.t, target.t.constant(-inf if largest else 0))
                    first, last = (start[o + k].cast("sext", "i64") for k in (0, 1))
                    (total,) = flow.each(w, last, term, zero, start=first)
                    target[(i * count + o) * r + j] = total

                flow.across(w, r, LANES, lanes)

            flow.each(w, count, result)

        flow.each(w, many, block)

    return body


def _splat(like: flow.Value, one: flow.Value) -> flow.Value:
    return flow.Value(like.w, like.t, memory.splat(like.w, like.t, one.name))


def along(b: Build, x: Ref, axis: int, rows: Rows, largest: bool = False) -> Ref | None:
    """A map's results instead of the elements along an axis; None where its terms are too many."""
    count = len(rows.start) - 1
    if len(rows.index) > MOST or count > MOST:
        return None
    axis %= len(x.shape)
    many, n, r = divided(x.shape, axis)
    shape = (*x.shape[:axis], count, *x.shape[axis + 1 :])
    weighted = rows.weight is not None
    op = Function(
        f"{'largest' if largest else 'terms'}.{weighted}", _combined(largest, weighted),
        (n, count, r, many),
    )  # fmt: skip
    tables = [b.nodes.table(rows.start), b.nodes.table(rows.index)]
    if weighted:
        tables.append(b.nodes.table(np.asarray(rows.weight, x.dtype)))
    return called(b, op, [x, *tables], shape, x.dtype)


def _seen(stencil: Any, size: int) -> tuple[Any, Any, Any]:
    """Results, elements and weights of a stencil's terms, tap by tap."""
    known = places(stencil, size)
    tap, target = np.nonzero(known.index >= 0)
    weight = None if known.weight is None else known.weight[tap, target]
    return target, known.index[tap, target], weight


def gathered(b: Build, x: Ref, stencils: Any, divide: Any) -> Ref | None:
    """`resample`."""
    space = x.shape[-len(stencils) :]
    out: Ref | None = x
    for a in rs._order(stencils, space):
        assert out is not None
        target, source, weight = _seen(stencils[a], out.shape[a])
        out = along(b, out, a, Rows.of(target, source, weight, stencils[a].count))
        if out is None:
            return None
    assert out is not None
    return out if divide is None else _divided(b, out, stencils, space, divide)


def _divided(b: Build, x: Ref, stencils: Any, space: Shape, divide: Any) -> Ref:
    by = np.asarray(rs.divisor(stencils, space, divide, x.dtype))
    whole = b.nodes.table(by) if by.ndim else b.nodes.literal(by, x.dtype)
    return b.call(div, x, whole)


def scattered(b: Build, y: Ref, space: Shape, stencils: Any, divide: Any) -> Ref | None:
    """`resample_transpose`."""
    out: Ref | None = y
    if divide is not None:
        out = _divided(b, y, stencils, space, divide)
    for a in reversed(rs._order(stencils, space)):
        assert out is not None
        target, source, weight = _seen(stencils[a], space[a])
        out = along(b, out, a, Rows.of(source, target, weight, space[a]))
        if out is None:
            return None
    return out


def _resample(b: Build, xs: list[Ref], outs: list[Aval], params: dict[str, Any]) -> Any:
    if xs[0].dtype.char not in "fd":
        return None
    if not prod(xs[0].shape) or not outs[0].size:
        return None
    out = gathered(b, xs[0], params["stencils"], params["divide"])
    return out and [out]


def _transposed(b: Build, xs: list[Ref], outs: list[Aval], params: dict[str, Any]) -> Any:
    if xs[0].dtype.char not in "fd" or not prod(xs[0].shape) or not outs[0].size:
        return None
    out = scattered(b, xs[0], **params)
    return out and [out]


def _largest(b: Build, xs: list[Ref], outs: list[Aval], params: dict[str, Any]) -> Any:
    (x,) = xs
    stencils = params["stencils"]
    if x.dtype.char not in "fd" or not prod(x.shape) or not outs[0].size:
        return None
    out: Ref | None = x
    for k, s in enumerate(stencils):
        assert out is not None
        target, source, _ = _seen(s, out.shape[k - len(stencils)])
        if len(np.unique(target)) < s.count:
            return None
        out = along(b, out, k - len(stencils), Rows.of(target, source, None, s.count), True)
        if out is None:
            return None
    return out and [out]


def _copies_added(b: Build, xs: list[Ref], outs: list[Aval], params: dict[str, Any]) -> Any:
    (x,) = xs
    shape, mode = params["shape"], params["mode"]
    if x.dtype.char not in "fd" or not prod(x.shape) or not prod(shape):
        return None
    out: Ref | None = x
    for axis in reversed(range(len(shape))):
        before, after = params["pads"][axis]
        if not before and not after:
            continue
        at = padding.source_indices(shape[axis], before, after, mode)
        assert out is not None
        out = along(b, out, axis, Rows.of(at, np.arange(len(at)), None, shape[axis]))
        if out is None:
            return None
    return out and [out]


def _unfolded(b: Build, xs: list[Ref], outs: list[Aval], params: dict[str, Any]) -> Any:
    """`im2col`: windows are read where they lie in padded memory."""
    (x,) = xs
    if not supported(x.dtype) or not prod(x.shape) or not outs[0].size:
        return None
    kernel, rank = params["kernel"], len(params["kernel"])
    lead = len(x.shape) - rank
    counts = tuple(
        map(
            window_count,
            x.shape[-rank:],
            kernel,
            params["stride"],
            params["padding"],
            params["dilation"],
        )
    )
    if any(p for pair in params["padding"] for p in pair):
        x = b.call(constant_pad_p, x, pads=((0, 0),) * lead + tuple(params["padding"]), value=0)
    steps = x.strides[lead:]
    strides = (
        *x.strides[:lead],
        *[
            d * s if k != 1 else 0
            for d, s, k in zip(params["dilation"], steps, kernel, strict=True)
        ],
        *[d * s if k != 1 else 0 for d, s, k in zip(params["stride"], steps, counts, strict=True)],
    )
    windows = Ref(x.node, (*x.shape[:lead], *kernel, *counts), strides, x.offset)
    return [b.reshape(b.materialized(windows), outs[0].shape)]


def _folded(b: Build, xs: list[Ref], outs: list[Aval], params: dict[str, Any]) -> Any:
    """`col2im`: one axis after the other."""
    (y,) = xs
    space, kernel = params["space"], params["kernel"]
    if y.dtype.char not in "fd" or not prod(y.shape) or not outs[0].size:
        return None
    rank = len(kernel)
    counts = tuple(
        map(window_count, space, kernel, params["stride"], params["padding"], params["dilation"])
    )
    lead = (*y.shape[:-2], y.shape[-2] // size_of(kernel))
    apart = b.reshape(y, (*lead, *kernel, *counts))
    first = len(lead)
    order = (*range(first), *[axis for i in range(rank) for axis in (first + i, first + rank + i)])
    apart = b.call(permute_p, apart, axes=order) if rank > 1 else apart
    out: Ref | None = b.reshape(
        apart, (*lead, *[k * c for k, c in zip(kernel, counts, strict=True)])
    )
    for i in range(rank):
        k, c = np.divmod(np.arange(kernel[i] * counts[i]), counts[i])
        at = k * params["dilation"][i] + c * params["stride"][i] - params["padding"][i][0]
        out = _placed(b, out, first + i, at, space[i])
        if out is None:
            return None
    return out and [out]


def _placed(b: Build, x: Ref | None, axis: int, at: Any, size: int) -> Ref | None:
    """Elements added up at places along an axis, those outside left out."""
    assert x is not None
    kept = np.flatnonzero((at >= 0) & (at < size))
    return along(b, x, axis, Rows.of(at[kept], kept, None, size))


def _fold_windows(b: Build, xs: list[Ref], outs: list[Aval], params: dict[str, Any]) -> Any:
    (x,) = xs
    axis, size, length = params["axis"], params["size"], params["length"]
    if x.dtype.char not in "fd" or not prod(x.shape) or not outs[0].size:
        return None
    last = len(x.shape) - 1
    n = x.shape[axis]
    order = (*range(axis + 1), last, *range(axis + 1, last))
    moved = b.call(permute_p, x, axes=order)
    flat = b.reshape(moved, (*x.shape[:axis], n * size, *x.shape[axis + 1 : last]))
    i, k = np.divmod(np.arange(n * size), size)
    out = _placed(b, flat, axis, i * params["step"] + k, length)
    return out and [out]


def either(first: Lowering | None, second: Lowering) -> Lowering:
    """The first lowering, or the second where that has none."""

    def lower(b: Build, xs: list[Ref], outs: list[Aval], params: dict[str, Any]) -> Any:
        out = first(b, xs, outs, params) if first is not None else None
        return second(b, xs, outs, params) if out is None else out

    return lower


AVERAGES: Sequence[Primitive] = [
    *rs.avg_pool_ps.values(), *rs.adaptive_avg_pool_ps.values(), rs.resample_p, *rs.upsample_ps.values(),
]  # fmt: skip
MAXIMA = [*pl.max_pool_ps.values(), *pl.adaptive_max_pool_ps.values()]

ROUTINES: dict[Primitive, Lowering] = {
    **dict.fromkeys(AVERAGES, _resample),
    **dict.fromkeys(MAXIMA, _largest),
    rs.resample_transpose_p: _transposed,
    padding.copies_added_p: _copies_added,
    pl.unfold_p: _unfolded,
    pl.fold_p: _folded,
    strided.fold_p: _fold_windows,
}
