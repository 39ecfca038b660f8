"""Running sums, products, extrema and recurrences along an axis; several rows at once where they lie side by side."""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from ...core.aval import Aval
from ...core.primitive import Primitive
from ...ops import products, scan
from ..emit import flow
from ..vecmath.values import Value
from .nodes import Ref
from .picking import taken_along
from .routine import INT64, Arguments, Function, Lowering, called, divided, nothing
from .scalars import supported
from .scalars.functions import _logaddexp
from .views import sliced

if TYPE_CHECKING:
    from .build import Build

LANES = 8
"""Rows that a scan goes along at once, if there are as many."""
Step = Callable[[Value, Value], Value]
Place = Callable[[Value], Value]


def _wide(v: Value) -> Value:
    """In the precision that results are carried in: single in double."""
    return v.cast("fpext", "double") if v.t.element == "float" else v


def _narrow(v: Value, element: str) -> Value:
    return v.cast("fptrunc", "float") if element == "float" else v


def _rows(a: Arguments, width: int, row: Callable[[int, Place], None]) -> None:
    """Go over all rows, `width` at once where they lie side by side: row (lanes, from a place in it to the index)."""
    n, r, many, reverse = a.sizes
    w = a.w

    def outer(i: Value) -> None:
        base = i * n * r

        def lanes(lane: int, j: Value) -> None:
            def place(k: Value) -> Value:
                return base + (k + reverse * (n - 1 - k - k)) * r + j

            row(lane, place)

        flow.across(w, r, width, lanes)

    flow.each(w, many, outer)


def _running(step: Step) -> Callable[[Arguments], None]:
    """The body of a scan whose results follow from the one before and the element."""

    def body(a: Arguments) -> None:
        x, out = a.arrays
        element = x.t.element

        def row(lane: int, place: Place) -> None:
            source, target = x.wide(lane), out.wide(lane)
            zero = flow.whole(a.w, 0)
            first = source[place(zero)]
            target[place(zero)] = first

            def along(k: Value, total: Value) -> list[Value]:
                at = place(k)
                total = step(total, _wide(source[at]))
                target[at] = _narrow(total, element)
                return [total]

            flow.each(a.w, a.sizes[0], along, _wide(first), start=1)

        _rows(a, LANES, row)

    return body


def _recurrence(a: Arguments) -> None:
    factors, x, out = a.arrays
    element = x.t.element

    def row(lane: int, place: Place) -> None:
        f, source, target = (v.wide(lane) for v in (factors, x, out))
        zero = flow.whole(a.w, 0)
        first = source[place(zero)]
        target[place(zero)] = first

        def along(k: Value, total: Value) -> list[Value]:
            at = place(k)
            total = _wide(f[at]) * total + _wide(source[at])
            target[at] = _narrow(total, element)
            return [total]

        flow.each(a.w, a.sizes[0], along, _wide(first), start=1)

    _rows(a, LANES, row)


def _latest(kind: str, low: bool) -> Callable[[Arguments], None]:
    """The places of running extrema: of equals and of NaNs the latest; after a NaN no number takes over."""

    def body(a: Arguments) -> None:
        x, out = a.arrays

        def row(lane: int, place: Place) -> None:
            zero = flow.whole(a.w, 0)
            out[place(zero)] = zero

            def along(k: Value, best: Value, where: Value) -> list[Value]:
                at = place(k)
                v = x[at]
                if kind == "f":
                    wins = v.compare("ole" if low else "oge", best) | v.is_nan()
                else:
                    sign = "s" if kind == "i" else "u"
                    wins = v.compare(sign + ("le" if low else "ge"), best)
                best, where = wins.where(v, best), wins.where(k, where)
                out[at] = where
                return [best, where]

            flow.each(a.w, a.sizes[0], along, x[place(zero)], zero, start=1)

        _rows(a, 1, row)

    return body


def _sizes(shape: tuple[int, ...], axis: int, reverse: bool) -> tuple[int, ...]:
    many, n, r = divided(shape, axis)
    return n, r, many, int(reverse)


def _lowered(name: str, step: Step, kinds: str, slow: bool = False) -> Lowering:
    body = _running(step)

    def lower(b: Build, xs: list[Ref], outs: list[Aval], params: dict[str, Any]) -> Any:
        (x,) = xs
        if not supported(x.dtype) or x.dtype.kind not in kinds or x.dtype != outs[0].dtype:
            return None
        if not prod(x.shape):
            return nothing(b, outs)
        many, n, r = divided(x.shape, params["axis"])
        reverse = params.get("reverse", False)
        if (
            slow and r == 1 and many >= LANES
        ):  # several rows at once, then, for which they lie side by side
            columns = sliced(b.reshape(x, (many, n)), np.transpose)
            op = Function(name, body, _sizes((n, many), 0, reverse))
            rows = sliced(called(b, op, [columns], (n, many), x.dtype), np.transpose)
            return [b.reshape(rows, x.shape)]
        op = Function(name, body, (n, r, many, int(reverse)))
        return [called(b, op, xs, x.shape, x.dtype)]

    return lower


def _extremum(name: str, low: bool) -> Lowering:
    def lower(b: Build, xs: list[Ref], outs: list[Aval], params: dict[str, Any]) -> Any:
        (x,) = xs
        if not supported(x.dtype) or x.dtype.kind not in "fiu":
            return None
        if not prod(x.shape):
            return nothing(b, outs)
        op = Function(
            f"{name}.{x.dtype.kind}",
            _latest(x.dtype.kind, low),
            _sizes(x.shape, params["axis"], False),
        )
        places = called(b, op, xs, x.shape, INT64)
        return [taken_along(b, x, places, params["axis"]), places]

    return lower


def _linear(b: Build, xs: list[Ref], outs: list[Aval], params: dict[str, Any]) -> Any:
    f, x = xs
    if x.dtype.char not in "fd" or f.dtype != x.dtype or f.shape != x.shape:
        return None
    if not prod(x.shape):
        return nothing(b, outs)
    op = Function("recurrence", _recurrence, _sizes(x.shape, params["axis"], params["reverse"]))
    return [called(b, op, xs, x.shape, x.dtype)]


ROUTINES: dict[Primitive, Lowering] = {
    scan.cumsum_p: _lowered("cumsum", lambda a, x: a + x, "fiu"),
    products.cumprod_p: _lowered("cumprod", lambda a, x: a * x, "fiu"),
    scan.logcumsumexp_p: _lowered("logcumsumexp", _logaddexp, "f", True),
    scan.cummax_p: _extremum("cummax", False),
    scan.cummin_p: _extremum("cummin", True),
    products.linear_recurrence: _linear,
}
