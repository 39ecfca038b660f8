"""Extrema of all that meets in one place, and who has a share in them."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from ...core.aval import Aval
from ...core.primitive import Primitive
from ...ops import compare as c
from ...ops import picking as pk
from ...ops import scatter_reduce as sr
from ...ops.arithmetic import div
from ...ops.select import keep, where
from ..emit import flow
from .checks import checked
from .nodes import Ref
from .picking import Picking, around
from .routine import INT64, Arguments, Function, Lowering, called
from .scalars import supported
from .scalars.choice import larger, smaller
from .searching import counted

if TYPE_CHECKING:
    from .build import Build

DOUBLE = np.dtype(np.float64)


def _extremum(dtype: np.dtype[Any], reduce: str, include_self: bool) -> Any:
    choose = larger if reduce == "amax" else smaller
    lowest = np.asarray(sr._lowest(dtype, reduce), dtype).item()

    def body(a: Arguments) -> None:
        x, at, v, out = a.arrays
        many, n, r, count = a.sizes
        w = a.w

        def copy(k: flow.Value) -> None:
            out[k] = x[k]

        def every(do: Any) -> None:
            def block(i: flow.Value) -> None:
                def one(k: flow.Value) -> None:
                    row = (i * n + at[k]) * r
                    flow.each(w, r, lambda j: do(row + j, (i * count + k) * r + j))

                flow.each(w, count, one)

            flow.each(w, many, block)

        def clear(target: flow.Value, _: flow.Value) -> None:
            out[target] = flow.Value(w, out.t, out.t.constant(lowest))

        def meet(target: flow.Value, source: flow.Value) -> None:
            out[target] = choose(dtype, out[target], v[source])

        flow.each(w, many * n * r, copy)
        if not include_self:
            every(clear)
        every(meet)

    return body


def _scatter_extremum(b: Build, xs: list[Ref], outs: list[Aval], params: dict[str, Any]) -> Any:
    x, i, v = xs
    reduce, kept = params["reduce"], params["include_self"]
    sizes = around(x.shape, params["axis"], params["depth"])
    count = prod(i.shape)
    if not supported(x.dtype) or x.dtype.kind not in "fiu" or v.dtype != x.dtype:
        return None
    if not prod(sizes) or not count:
        return None
    at = checked(b, i, sizes[1], True, sr.scatter_extremum_p, params, xs)
    if at is None:
        return None
    name = f"meet.{reduce}.{kept}.{x.dtype.kind}"
    op = Function(name, _extremum(x.dtype, reduce, kept), (*sizes, count))
    return [called(b, op, [x, at, v], x.shape, x.dtype)]


def _same(b: Build, x: Ref, y: Ref) -> Ref:
    nans = b.call(c.logical_and, b.call(c.ne, x, x), b.call(c.ne, y, y))
    return b.call(c.logical_or, b.call(c.eq, x, y), nans)


def _shares(b: Build, xs: list[Ref], outs: list[Aval], params: dict[str, Any]) -> Any:
    x, i, v, out = xs
    at_ = {"axis": params["axis"], "depth": params["depth"]}
    sizes = around(out.shape, **at_)
    count = prod(i.shape)
    if x.dtype.char not in "fd" or any(y.dtype != x.dtype for y in (v, out)):
        return None
    if not prod(sizes) or not count or x.shape != out.shape:
        return None
    at = checked(b, i, sizes[1], True, sr.shares_p, params, xs)
    if at is None:
        return None
    own = _same(b, x, out)
    if not params["include_self"]:
        free = b.call(c.eq, counted(b, at, sizes[1]), b.nodes.literal(0, INT64))
        wide = b.reshape(free, (1, sizes[1], 1)).spread(sizes)
        own = b.call(c.logical_and, own, b.reshape(wide, out.shape))
    arrived = Aval(v.shape, x.dtype)
    taken = b.reshape(b.lowered(pk.index_p, [out, at], [arrived], at_)[0], v.shape)
    theirs = _same(b, v, taken)
    start = b.materialized(b.cast(own, DOUBLE))
    op = Picking("add", *sizes, count)
    operands = (start, b.materialized(at), b.materialized(b.cast(theirs, DOUBLE)))
    winners = b.nodes.routine(op, operands, out.shape, DOUBLE, repr(op)).ref()
    zero = b.nodes.literal(0, DOUBLE)
    share = b.call(div, b.nodes.literal(1, DOUBLE), winners)
    share = b.cast(b.call(where, b.call(c.gt, winners, zero), share, zero), x.dtype)
    sent = b.reshape(b.lowered(pk.index_p, [share, at], [arrived], at_)[0], v.shape)
    return [b.call(keep, own, share), b.call(keep, theirs, sent)]


ROUTINES: dict[Primitive, Lowering] = {
    sr.scatter_extremum_p: _scatter_extremum,
    sr.shares_p: _shares,
}
