"""Orders of rows, and what is read off them: sorted elements, medians, modes, ranks."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any

from ...core.aval import Aval
from ...core.primitive import Primitive
from ...ops import along as al
from ...ops import binning, quantile
from ...ops import compare as c
from ...ops import shape as sh
from ...ops import sorting as so
from ...ops.arithmetic import floor_divide, sub
from ...ops.reduce import any_p, sum_p
from ...ops.select import maximum, where
from ..emit import flow
from ..emit.sorting import key, merge_sort
from .nodes import Ref, Shape
from .picking import taken_along
from .routine import INT64, Arguments, Function, Lowering, called, divided
from .scalars import supported
from .selection import few, nth
from .views import _sliced

if TYPE_CHECKING:
    from .build import Build

FEW = 64
"""Elements up to which a row's largest are kept in order while it is gone through."""
LONG = 256
"""Elements from which on one is looked for without sorting the row."""


def _order(kind: str, packed: bool) -> Any:
    """The body that finds the order of rows.

    Args:
        kind: Of the dtype.
        packed: Elements of 32 bits at most and their places are sorted as one number each.
    """

    def body(a: Arguments) -> None:
        x, out, scratch = a.arrays
        n, r, many, descending = a.sizes
        w = a.w
        buffers = [
            flow.Array(w, flow.Array(w, scratch.pointer, flow.I64).past(n * k).pointer, flow.I64)
            for k in range(2 if packed else 4)
        ]
        half = len(buffers) // 2
        here, there = buffers[:half], buffers[half:]

        def row(base: flow.Value) -> None:
            def fill(k: flow.Value) -> None:
                one = key(x[base + k * r], kind, descending)
                here[0][k] = (one << 32) | k if packed else one
                if not packed:
                    here[1][k] = k

            flow.each(w, n, fill)
            order = merge_sort(w, n, here, there)[-1]

            def give(k: flow.Value) -> None:
                out[base + k * r] = order[k] & 0xFFFFFFFF if packed else order[k]

            flow.each(w, n, give)

        def rows(i: flow.Value) -> None:
            flow.each(w, r, lambda j: row(i * n * r + j))

        flow.each(w, many, rows)

    return body


def order(b: Build, x: Ref, axis: int, descending: bool) -> Ref | None:
    """The places that sort x stably along an axis."""
    if not supported(x.dtype) or x.dtype.kind not in "fiub" or not prod(x.shape) or not x.shape:
        return None
    many, n, r = divided(x.shape, axis)
    packed = x.dtype.itemsize <= 4 and n < 1 << 31
    found = b.known.get(key_ := ("order", x, axis, descending))
    if found is None:
        op = Function(
            f"order.{x.dtype.kind}.{packed}", _order(x.dtype.kind, packed),
            (n, r, many, -1 if descending else 0), n * 8 * (2 if packed else 4),
        )  # fmt: skip
        found = b.known[key_] = [called(b, op, [x], x.shape, INT64)]
    return found[0]


def _at(b: Build, x: Ref, axis: int, start: int, stop: int) -> Ref:
    return _sliced(x, index=sh.along(axis % len(x.shape), slice(start, stop)))


def _sort(b: Build, xs: list[Ref], outs: list[Aval], params: dict[str, Any]) -> Any:
    places = order(b, xs[0], params["axis"], params["descending"])
    return places and [taken_along(b, xs[0], places, params["axis"]), places]


def _argsort(b: Build, xs: list[Ref], outs: list[Aval], params: dict[str, Any]) -> Any:
    places = order(b, xs[0], params["axis"], params["descending"])
    return places and [places]


def _topk(b: Build, xs: list[Ref], outs: list[Aval], params: dict[str, Any]) -> Any:
    axis, k = params["axis"], params["k"]
    (x,) = xs
    if k and supported(x.dtype) and prod(x.shape) and k <= FEW and 16 * k <= x.shape[axis]:
        many, n, r = divided(x.shape, axis)
        sizes = (n, r, many, -1 if params["largest"] else 0, k)
        op = Function(f"few.{x.dtype.kind}", few(x.dtype.kind), sizes, 16 * k)
        places = called(b, op, [x], outs[1].shape, INT64)
        return [taken_along(b, x, places, axis), places]
    every = order(b, x, axis, params["largest"]) if k else None
    if every is None:
        return None
    places = _at(b, every, axis, 0, k)
    return [taken_along(b, x, places, axis), places]


def _one(b: Build, x: Ref, places: Ref, axis: int, outs: list[Aval]) -> list[Ref]:
    """Elements and their places, the axis kept in `places`."""
    values = taken_along(b, x, places, axis)
    return [b.reshape(v, o.shape) for v, o in zip((values, places), outs, strict=False)]


def kept(shape: Shape, axis: int) -> Shape:
    """A shape with one element along an axis."""
    axis %= len(shape)
    return (*shape[:axis], 1, *shape[axis + 1 :])


def ranked(b: Build, x: Ref, axis: int, rank: Ref) -> Ref | None:
    """Where the elements of a rank (from 0; the axis kept) stand along an axis."""
    if not supported(x.dtype) or not prod(x.shape) or not x.shape:
        return None
    many, n, r = divided(x.shape, axis)
    if n >= LONG and ("order", x, axis, False) not in b.known:
        bits = 64 if x.dtype.itemsize == 8 else 32
        op = Function(
            f"nth.{x.dtype.kind}.{bits}", nth(x.dtype.kind, bits), (n, r, many), 8 * (256 + n)
        )
        return called(b, op, [x, rank], kept(x.shape, axis), INT64)
    places = order(b, x, axis, False)
    return places and taken_along(b, places, rank, axis)


def _kth(b: Build, xs: list[Ref], outs: list[Aval], params: dict[str, Any]) -> Any:
    axis, k = params["axis"], params["k"] - 1
    rank = b.nodes.literal(k, INT64).spread(kept(xs[0].shape, axis))
    places = ranked(b, xs[0], axis, rank)
    return places and _one(b, xs[0], places, axis, outs)


def _numbers(b: Build, x: Ref, axis: int) -> Ref | None:
    """How many elements are not NaN, the axis kept; None where there is no NaN."""
    if x.dtype.kind != "f":
        return None
    good = b.cast(b.call(c.eq, x, x), INT64)
    return b.call(sum_p, good, axes=(axis % len(x.shape),), keepdims=True)


def _middle(b: Build, x: Ref, axis: int, skip_nan: bool) -> Ref | None:
    """Where medians stand: of rows with NaN the first NaN, or (`skip_nan`) that of the numbers."""
    if not prod(x.shape) or not x.shape:
        return None
    n = x.shape[axis]
    one, two = b.nodes.literal(1, INT64), b.nodes.literal(2, INT64)
    count = _numbers(b, x, axis)
    middle = b.nodes.literal((n - 1) // 2, INT64)
    if count is None:
        at = middle.spread(kept(x.shape, axis))
    elif skip_nan:
        last = b.call(maximum, b.call(sub, count, one), b.nodes.literal(0, INT64))
        at = b.call(floor_divide, last, two)
    else:  # NaNs come last, in their order
        at = b.call(where, b.call(c.lt, count, b.nodes.literal(n, INT64)), count, middle)
    return ranked(b, x, axis, at)


def _median(skip_nan: bool) -> Lowering:
    def lower(b: Build, xs: list[Ref], outs: list[Aval], params: dict[str, Any]) -> Any:
        places = _middle(b, xs[0], params["axis"], skip_nan)
        return places and _one(b, xs[0], places, params["axis"], outs)

    return lower


def _median_all(skip_nan: bool) -> Lowering:
    def lower(b: Build, xs: list[Ref], outs: list[Aval], params: dict[str, Any]) -> Any:
        (x,) = xs
        lead = params.get("lead", 0)
        if not prod(x.shape):
            return None
        rows = b.reshape(x, (*x.shape[:lead], prod(x.shape[lead:])))
        places = _middle(b, rows, -1, skip_nan)
        return places and _one(b, rows, places, -1, outs[:1])

    return lower


def _commonest(a: Arguments) -> None:
    x, places, out = a.arrays
    n, r, many = a.sizes
    w = a.w

    def row(base: flow.Value) -> flow.Value:
        zero = flow.whole(w, 0)
        first = places[base]

        def along(k: flow.Value, *state: flow.Value) -> list[flow.Value]:
            before, run, most, where_ = state
            at = places[base + k * r]
            v = x[base + at * r]
            run = v.equals(before).where(run + 1, zero)
            wins = run > most
            return [v, run, wins.where(run, most), wins.where(at, where_)]

        found = flow.each(w, n, along, x[base + first * r], zero, zero, first, start=1)
        return found[-1]

    def rows(i: flow.Value) -> None:
        def one(j: flow.Value) -> None:
            out[i * r + j] = row(i * n * r + j)

        flow.each(w, r, one)

    flow.each(w, many, rows)


def _mode(b: Build, xs: list[Ref], outs: list[Aval], params: dict[str, Any]) -> Any:
    (x,) = xs
    axis = params["axis"]
    places = order(b, x, axis, False)
    if places is None:
        return None
    many, n, r = divided(x.shape, axis)
    one = kept(x.shape, axis)
    found = called(b, Function("mode", _commonest, (n, r, many)), [x, places], one, INT64)
    return _one(b, x, found, axis, outs)


def _last_rank(b: Build, xs: list[Ref], outs: list[Aval], params: dict[str, Any]) -> Any:
    (x,) = xs
    n = x.shape[-1]
    if not params["skip_nan"]:
        return [b.nodes.literal(n - 1, x.dtype).spread(outs[0].shape)]
    count = _numbers(b, x, -1) if prod(x.shape) else None
    if count is None:
        return None
    one, zero = b.nodes.literal(1, INT64), b.nodes.literal(0, INT64)
    return [b.cast(b.call(maximum, b.call(sub, count, one), zero), x.dtype)]


def _row_has_nan(b: Build, xs: list[Ref], outs: list[Aval], params: dict[str, Any]) -> Any:
    (x,) = xs
    if not supported(x.dtype) or x.dtype.kind != "f" or not prod(x.shape):
        return None
    return [b.call(any_p, b.call(c.ne, x, x), axes=(len(x.shape) - 1,), keepdims=True)]


def _sorted_by(b: Build, xs: list[Ref], outs: list[Aval], params: dict[str, Any]) -> Any:
    return b.lowered(al.pick_along_p, xs, outs, {"axis": -1, "unique": False})


ROUTINES: dict[Primitive, Lowering] = {
    so.sort_p: _sort,
    so.argsort_p: _argsort,
    so.topk_p: _topk,
    so.kthvalue_p: _kth,
    so.median_p: _median(False),
    so.nanmedian_p: _median(True),
    so.median_all_p: _median_all(False),
    so.nanmedian_all_p: _median_all(True),
    so.mode_p: _mode,
    quantile.last_rank: _last_rank,
    quantile.row_has_nan: _row_has_nan,
    binning.sorted_by: _sorted_by,
}
