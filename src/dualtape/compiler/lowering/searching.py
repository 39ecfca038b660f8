"""Places in sorted rows, and counts of what falls into bins."""

from __future__ import annotations

from math import isfinite, prod
from typing import TYPE_CHECKING, Any

import numpy as np

from ...core.aval import Aval
from ...core.primitive import Primitive
from ...ops import binning, scatter_reduce
from ...ops import compare as c
from ...ops.arithmetic import add, sub
from ...ops.extrema import amax_p, amin_p
from ...ops.select import where
from ..emit import flow
from .checks import checked, finite
from .nodes import Ref
from .routine import INT64, Arguments, Function, Lowering, called, rescued
from .scalars import supported
from .scalars.rules import less

if TYPE_CHECKING:
    from .build import Build

DOUBLE = np.dtype(np.float64)


def _search(dtype: np.dtype[Any], right: bool) -> Any:
    """The body of a binary search; NaN counts as the largest number."""

    def before(a: flow.Value, b: flow.Value) -> flow.Value:
        out = less(dtype, a, b)
        return out | (b.is_nan() & ~a.is_nan()) if dtype.kind == "f" else out

    def body(a: Arguments) -> None:
        rows, x, out = a.arrays
        n, m, many, step = a.sizes
        w = a.w

        def one(base: flow.Value, at: flow.Value) -> None:
            v = x[at]

            def halve(low: flow.Value, high: flow.Value) -> list[flow.Value]:
                middle = (low + high) >> 1
                there = rows[base + middle]
                on = ~before(v, there) if right else before(there, v)
                return [on.where(middle + 1, low), on.where(high, middle)]

            low, _ = flow.during(w, [flow.whole(w, 0), n], lambda low, high: low < high, halve)
            out[at] = low if out.t.element == "i64" else low.cast("trunc", "i32")

        flow.each(w, many, lambda i: flow.each(w, m, lambda j: one(i * step, i * m + j)) and None)

    return body


def _searchsorted(b: Build, xs: list[Ref], outs: list[Aval], params: dict[str, Any]) -> Any:
    rows, x = xs
    if not all(supported(v.dtype) and v.dtype.kind in "fiu" and prod(v.shape) for v in xs):
        return None
    dtype = np.result_type(rows.dtype, x.dtype)
    if not supported(dtype):
        return None
    n = rows.shape[-1]
    many = prod(rows.shape[:-1])
    m = prod(x.shape) // many
    name = f"search.{dtype.kind}.{params['right']}"
    op = Function(name, _search(dtype, params["right"]), (n, m, many, n))
    operands = [b.cast(v, dtype) for v in xs]
    return [called(b, op, operands, outs[0].shape, outs[0].dtype)]


def _histogram(a: Arguments) -> None:
    x, lows, highs, out = a.arrays
    n, bins, many = a.sizes
    w = a.w

    def row(i: flow.Value) -> None:
        counts = out.past(i * bins)
        low, high = lows[i], highs[i]
        scale = bins.cast("sitofp", "double")
        bottom, top = low.rounded(x.t.element), high.rounded(x.t.element)

        def clear(k: flow.Value) -> None:
            counts[k] = flow.whole(w, 0)

        def one(k: flow.Value) -> None:
            v = x[i * n + k]

            def count() -> None:
                at = ((v.rounded("double") - low) / (high - low) * scale).cast("fptosi", "i64")
                at = (at < bins).where(at, bins - 1)
                counts[at] = counts[at] + 1

            flow.when(w, (v >= bottom) & (v <= top), count)

        flow.each(w, bins, clear)
        flow.each(w, n, one)

    flow.each(w, many, row)


def _histc(b: Build, xs: list[Ref], outs: list[Aval], params: dict[str, Any]) -> Any:
    (x,) = xs
    lead, bins = params.get("lead", 0), params["bins"]
    many, n = prod(x.shape[:lead]), prod(x.shape[lead:])
    if x.dtype.char not in "fd" or not many * n:
        return None
    ends = [params["low"], params["high"]]
    if not isfinite(ends[1] - ends[0]) or ends[0] > ends[1]:
        return None
    low, high = (b.nodes.literal(v, DOUBLE).spread((many,)) for v in ends)
    good = None
    if ends[0] == ends[1]:
        rows = b.reshape(x, (many, n))
        low, high = (
            b.cast(b.call(p, rows, axes=(1,), keepdims=False), DOUBLE) for p in (amin_p, amax_p)
        )
        one = b.nodes.literal(1, DOUBLE)
        flat = b.call(c.eq, low, high)
        good = finite(b, b.call(sub, high, low))
        low, high = (
            b.call(where, flat, b.call(p, v, one), v) for p, v in ((sub, low), (add, high))
        )
    op = Function("histogram", _histogram, (n, bins, many))
    counts = called(b, op, [x, low, high], outs[0].shape, INT64)
    out = [b.cast(counts, x.dtype)]
    return out if good is None else rescued(b, good, out, binning.histc_p, params, xs)


def _counts(a: Arguments) -> None:
    x, out = a.arrays
    n, size = a.sizes
    w = a.w

    def clear(k: flow.Value) -> None:
        out[k] = flow.whole(w, 0)

    def one(k: flow.Value) -> None:
        at = x[k]
        out[at] = out[at] + 1

    flow.each(w, size, clear)
    flow.each(w, n, one)


def counted(b: Build, at: Ref, size: int) -> Ref:
    """How often each number below `size` comes in integers that are known to be such."""
    op = Function("counts", _counts, (prod(at.shape), size))
    return called(b, op, [at], (size,), INT64)


def _occurrences(b: Build, xs: list[Ref], outs: list[Aval], params: dict[str, Any]) -> Any:
    size = params["size"]
    if not prod(xs[0].shape) or not size:
        return None
    at = checked(b, xs[0], size, False, scatter_reduce.occurrences_p, params, xs)
    return at and [counted(b, at, size)]


ROUTINES: dict[Primitive, Lowering] = {
    binning.searchsorted_p: _searchsorted,
    binning.histc_p: _histc,
    scatter_reduce.occurrences_p: _occurrences,
}
