"""Elements moved, counted and compared by where they stand: strides, row orders, labels."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from ...core.aval import Aval
from ...core.primitive import Primitive
from ...ops import along as al
from ...ops import compare as c
from ...ops import distances, factorisation, grid, joining, lookup, loss, numbers, strided
from ...ops import picking as pk
from ...ops import pooling as pl
from ...ops.arithmetic import add, mul, sub
from ...ops.select import keep, maximum, where
from ..emit import flow
from .checks import checked, everywhere, guarded
from .joining import Part, joined
from .nodes import Ref, Shape
from .picking import Picking, taken_along
from .routine import INT64, Arguments, Function, Lowering, called
from .scalars import supported
from .scalars.numbers import EXPONENTS, MANTISSAS, UNRAVELED
from .sorting import order
from .views import _sliced

if TYPE_CHECKING:
    from .build import Build

BOOL, DOUBLE = np.dtype(bool), np.dtype(np.float64)


def _strides(shape: Shape, strides: Shape) -> Shape:
    return tuple([0 if n == 1 else s for n, s in zip(shape, strides, strict=True)])


def _as_strided(b: Build, xs: list[Ref], outs: list[Aval], params: dict[str, Any]) -> Any:
    x = xs[0]
    shape = params["shape"]
    if not prod(shape) or not supported(x.dtype):
        return None
    x = b.materialized(x)
    return [Ref(x.node, shape, _strides(shape, params["strides"]), params["offset"])]


def _strides_added(b: Build, xs: list[Ref], outs: list[Aval], params: dict[str, Any]) -> Any:
    (x,) = xs
    shape, like = params["shape"], params["like"]
    if x.dtype.char not in "fd" or not prod(shape) or not prod(like):
        return None
    at = b.nodes.literal(params["offset"], INT64).spread(shape)
    for k, (n, step) in enumerate(zip(shape, params["strides"], strict=True)):
        if n > 1 and step:
            index = b.call(mul, b.nodes.iota(shape, k, INT64), b.nodes.literal(step, INT64))
            at = b.call(add, at, index)
    op = Picking("add", 1, prod(like), 1, prod(shape), True)
    operands = (b.materialized(at), b.materialized(x))
    return [b.nodes.routine(op, operands, like, x.dtype, repr(op)).ref()]


def _pool_gather(b: Build, xs: list[Ref], outs: list[Aval], params: dict[str, Any]) -> Any:
    x, at = xs
    rank = params["rank"]
    if not supported(x.dtype) or not prod(x.shape) or not prod(at.shape):
        return None
    lead = x.shape[: len(x.shape) - rank]
    if at.shape[: len(lead)] != lead:
        return None
    n = prod(x.shape[len(lead) :])
    sure = checked(b, at, n, True, pl.pool_gather_p, params, xs)
    if sure is None:
        return None
    flat = b.reshape(sure, (*lead, prod(at.shape[len(lead) :])))
    out = taken_along(b, b.reshape(x, (*lead, n)), flat, -1)
    return [b.reshape(out, outs[0].shape)]


def _pool_scatter(b: Build, xs: list[Ref], outs: list[Aval], params: dict[str, Any]) -> Any:
    y, at = xs
    space, distinct = params["space"], params["distinct"]
    if y.dtype.char not in "fd" or not prod(y.shape) or not prod(space) or y.shape != at.shape:
        return None
    lead = y.shape[: len(y.shape) - len(space)]
    sure = checked(b, at, prod(space), distinct, pl.pool_scatter_p, params, xs)
    if sure is None:
        return None
    flat = (*lead, prod(y.shape[len(lead) :]))
    where_ = {"axis": -1, "length": prod(space), "unique": distinct}
    whole = Aval((*lead, prod(space)), y.dtype)
    operands = [b.reshape(v, flat) for v in (y, sure)]
    return [b.reshape(b.lowered(al.add_along_p, operands, [whole], where_)[0], outs[0].shape)]


def _block_diag(b: Build, xs: list[Ref], outs: list[Aval], params: dict[str, Any]) -> Any:
    if any(x.dtype != outs[0].dtype for x in xs):
        return None

    def parts(whole: Ref) -> list[Part]:
        offsets = joining._block_offsets(params["shapes"])
        return [(x, _sliced(whole, index=at)) for x, at in zip(xs, offsets, strict=True)]

    return joined(b, outs[0], parts, b.nodes.literal(0, outs[0].dtype)) if outs[0].size else None


def _embedding(b: Build, xs: list[Ref], outs: list[Aval], params: dict[str, Any]) -> Any:
    return b.lowered(pk.embedding_p, xs[:2], outs, params)


def _last(a: Arguments) -> None:
    """Which positions do not come again."""
    at, out, scratch = a.arrays
    count, _ = a.sizes
    w = a.w
    last = flow.Array(w, scratch.pointer, flow.I64)

    def note(k: flow.Value) -> None:
        last[at[k]] = k

    def tell(k: flow.Value) -> None:
        out[k] = last[at[k]].equals(k)

    flow.each(w, count, note)
    flow.each(w, count, tell)


def _retrieve(b: Build, xs: list[Ref], outs: list[Aval], params: dict[str, Any]) -> Any:
    x, i = xs
    axis, depth = params["axis"], params["depth"]
    n, count = prod(x.shape[axis : axis + depth]), prod(i.shape)
    if not supported(x.dtype) or not n or not count or not outs[0].size:
        return None
    at = checked(b, i, n, True, pk.retrieve_p, params, xs)
    if at is None:
        return None
    taken = b.lowered(pk.index_p, [x, at], outs, params)[0]
    last = called(b, Function("last", _last, (count, n), n * 8), [at], (count,), BOOL)
    flags = b.reshape(last, (*(1,) * axis, *i.shape, *(1,) * (len(x.shape) - axis - depth)))
    return [b.call(keep, flags.spread(outs[0].shape), taken)]


def _frequency(a: Arguments) -> None:
    x, places, out = a.arrays
    n, many = a.sizes
    w = a.w

    def row(i: flow.Value) -> None:
        base = i * n

        def stretch(start: flow.Value) -> list[flow.Value]:
            first = x[base + places[base + start]]

            def same(k: flow.Value) -> flow.Value:
                inside = k < n
                at = inside.where(k, start)
                return inside & x[base + places[base + at]].equals(first)

            (end,) = flow.during(w, [start + 1], same, lambda k: [k + 1])
            share = 1.0 / (end - start).cast("sitofp", "double")
            share = share.rounded(out.t.element)

            def give(k: flow.Value) -> None:
                out[base + places[base + k]] = share

            flow.each(w, end, give, start=start)
            return [end]

        flow.during(w, [flow.whole(w, 0)], lambda k: k < n, stretch)

    flow.each(w, many, row)


def _inverse_frequency(b: Build, xs: list[Ref], outs: list[Aval], params: dict[str, Any]) -> Any:
    (i,) = xs
    if i.dtype.kind not in "iu" or outs[0].dtype.char not in "fd" or not prod(i.shape):
        return None
    many = prod(i.shape[: params.get("lead", 0)])
    rows = b.reshape(i, (many, prod(i.shape) // many))
    places = order(b, rows, -1, False)
    if places is None:
        return None
    op = Function("frequency", _frequency, (rows.shape[1], many))
    return [called(b, op, [rows, places], outs[0].shape, outs[0].dtype)]


def _unravel(b: Build, xs: list[Ref], outs: list[Aval], params: dict[str, Any]) -> Any:
    (i,) = xs
    if not prod(i.shape):
        return None
    at = checked(b, i, prod(params["shape"]), False, lookup.unravel_p, params, xs)
    return at and [b.nodes.map(UNRAVELED, (at,), i.shape, INT64, "unravel_index", params)]


# Labels


def _others(b: Build, xs: list[Ref], outs: list[Aval], params: dict[str, Any]) -> Any:
    (target,) = xs
    if not outs[0].size:
        return None
    at = checked(b, target, params["classes"], False, loss.others, params, xs)
    if at is None:
        return None
    classes = b.nodes.iota(outs[0].shape, len(target.shape), INT64)
    return [b.call(c.ne, classes, b.reshape(at, (*target.shape, 1)))]


def _leading(a: Arguments) -> None:
    """Which elements come before the first negative one of their row."""
    x, out = a.arrays
    n, many = a.sizes
    w = a.w

    def row(i: flow.Value) -> None:
        def one(k: flow.Value, so_far: flow.Value) -> list[flow.Value]:
            so_far = so_far & (x[i * n + k] >= 0)
            out[i * n + k] = so_far
            return [so_far]

        flow.each(w, n, one, flow.Value(w, out.t, "true"))

    flow.each(w, many, row)


def _marked(a: Arguments) -> None:
    """Which numbers are among those of a row that count."""
    places, counts, out = a.arrays
    n, many = a.sizes
    w = a.w

    def clear(k: flow.Value) -> None:
        out[k] = flow.Value(w, out.t, "false")

    def row(i: flow.Value) -> None:
        def one(k: flow.Value) -> None:
            at = i * n + places[i * n + k]
            out[at] = out[at] | counts[i * n + k]

        flow.each(w, n, one)

    flow.each(w, many * n, clear)
    flow.each(w, many, row)


def _label_places(b: Build, xs: list[Ref], outs: list[Aval], params: dict[str, Any]) -> Any:
    (target,) = xs
    if not prod(target.shape) or target.dtype.kind != "i":
        return None
    classes = target.shape[-1]
    one, zero = b.nodes.literal(1, INT64), b.nodes.literal(0, INT64)
    raised = b.call(add, b.cast(target, INT64), one)
    sure = checked(b, raised, classes + 1, False, loss.label_places, params, xs)
    if sure is None:
        return None
    labels = b.call(sub, sure, one)
    sizes = classes, prod(target.shape) // classes
    listed = called(b, Function("leading", _leading, sizes), [labels], target.shape, BOOL)
    places = b.call(where, listed, labels, zero)
    marked = called(b, Function("marked", _marked, sizes), [places, listed], target.shape, BOOL)
    return [places, listed, marked]


# Rows


def _row_order(a: Arguments) -> None:
    """The permutation that exchanges of rows amount to, or its inverse."""
    pivots, out = a.arrays
    count, rows, many, back = a.sizes
    w = a.w

    def one(i: flow.Value) -> None:
        order = out.past(i * rows)

        def start(k: flow.Value) -> None:
            order[k] = k

        def exchange(k: flow.Value) -> None:
            # Backwards, the exchanges make the inverse.
            at = back.equals(0).where(k, count - 1 - k)
            j = pivots[i * count + at]
            first, second = order[at], order[j]
            order[at] = second
            order[j] = first

        flow.each(w, rows, start)
        flow.each(w, count, exchange)

    flow.each(w, many, one)


def _exchange(b: Build, xs: list[Ref], outs: list[Aval], params: dict[str, Any]) -> Any:
    x, pivots = xs
    shape = outs[0].shape
    rows, count = x.shape[-2], pivots.shape[-1]
    if not supported(x.dtype) or not prod(shape) or not prod(pivots.shape) or count > rows:
        return None
    first = b.call(sub, b.cast(pivots, INT64), b.nodes.literal(1, INT64))
    sure = checked(b, first, rows, True, factorisation.exchange_rows_p, params, xs)
    if sure is None:
        return None
    many = prod(pivots.shape[:-1])
    op = Function("row_order", _row_order, (count, rows, many, int(params["back"])))
    places = called(b, op, [sure], (*pivots.shape[:-1], rows), INT64)
    whole = b.reshape(places, (*places.shape, 1)).spread(shape)
    return [taken_along(b, x.spread(shape), whole, -2)]


# Elementwise


def _frexp(b: Build, xs: list[Ref], outs: list[Aval], params: dict[str, Any]) -> Any:
    (x,) = xs
    if x.dtype.char not in "fd":
        return None
    rules = (MANTISSAS, EXPONENTS)
    return [
        b.nodes.map(rule, (x,), x.shape, out.dtype, f"frexp {k}")
        for k, (rule, out) in enumerate(zip(rules, outs, strict=True))
    ]


def _raised(b: Build, xs: list[Ref], outs: list[Aval], params: dict[str, Any]) -> Any:
    (x,) = xs
    if x.dtype.char not in "fd" or not prod(x.shape):
        return None
    out = b.call(maximum, x, b.nodes.literal(params["low"], x.dtype))
    if not params["refuse_negative"]:
        return [out]
    good = b.call(c.logical_not, b.call(c.lt, x, b.nodes.literal(0, x.dtype)))
    after = b.cast(guarded(b, everywhere(b, good), distances.raised, params, xs), x.dtype)
    return [b.call(add, out, after)]


def _zeros(b: Build, xs: list[Ref], outs: list[Aval], params: dict[str, Any]) -> Any:
    if not supported(outs[0].dtype):
        return None
    return [b.nodes.literal(0, outs[0].dtype).spread(outs[0].shape)]


def _first(b: Build, xs: list[Ref], outs: list[Aval], params: dict[str, Any]) -> Any:
    return [xs[0]] if supported(xs[0].dtype) else None


ROUTINES: dict[Primitive, Lowering] = {
    strided.as_strided_p: _as_strided,
    strided.strides_added_p: _strides_added,
    pl.pool_gather_p: _pool_gather,
    pl.pool_scatter_p: _pool_scatter,
    joining.block_diag_p: _block_diag,
    lookup.embedding_with_padding_p: _embedding,
    lookup.inverse_frequency_p: _inverse_frequency,
    lookup.unravel_p: _unravel,
    pk.retrieve_p: _retrieve,
    loss.others: _others,
    loss.label_places: _label_places,
    factorisation.exchange_rows_p: _exchange,
    numbers.frexp: _frexp,
    distances.raised: _raised,
    grid.zero_slope: _zeros,
    grid.at_place: _first,
}
