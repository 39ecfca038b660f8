"""Places of coordinates in an image, on lanes: the formulas of `ops.grid`."""

from __future__ import annotations

from typing import Any

import numpy as np

from ....core.primitive import Primitive
from ....ops import grid
from ...vecmath.values import Value
from .rules import Dtype, Rule, convert, math

INT64 = np.dtype(np.int64)


def _unnormalized(g: Value, n: int, align: bool) -> Value:
    if align:
        return (g + 1) * 0.5 * (n - 1)
    return ((g + 1) * n - 1) * 0.5


def _reflected(x: Value, n: int, align: bool) -> tuple[Value, Value]:
    """`x` folded back between the borders, and the derivative, 1 or -1."""
    low, high = (0.0, n - 1.0) if align else (-0.5, n - 0.5)
    span = high - low
    if span == 0:
        return x.number(0), x.number(0)
    away = x - low
    sign = (away < 0).where(x.number(-1), x.number(1))
    away = abs(away)
    rest = math("fmod", away, away.number(span))
    turns = (away / span).intrinsic("floor")
    odd = math("fmod", turns, turns.number(2)).equals(1)
    return odd.where(high - rest, rest + low), odd.where(-sign, sign)


def _clipped(x: Value, n: int) -> tuple[Value, Value]:
    """`x` between 0 and n - 1 (NaN at 0), and the derivative, which is 0 at the ends."""
    inside = (x > 0) & (x < n - 1)
    moved = x.is_nan().where(x.number(0), x).over(0.0).under(float(n - 1))
    return moved, inside.where(x.number(1), x.number(0))


def _place(g: Value, n: int, align: bool, padding: str) -> tuple[Value, Value]:
    x = _unnormalized(g, n, align)
    factor = g.number((n - 1) / 2 if align else n / 2)
    if padding == "reflection":
        x, sign = _reflected(x, n, align)
        factor = factor * sign
    if padding != "zeros":
        x, inside = _clipped(x, n)
        factor = factor * inside
    return x, factor


def _node(
    out: Dtype, ins: tuple[Dtype, ...], x: Value, *, offset: int, nearest: bool, n: int,
    align: bool, padding: str,
) -> Value:  # fmt: skip
    at = x.intrinsic("rint" if nearest else "floor") + offset
    if padding != "zeros":
        if padding == "reflection":
            at = _reflected(at, n, align)[0].intrinsic("rint")
        return convert(_clipped(at, n)[0], ins[0], INT64)
    inside = (at >= 0) & (at < n)
    return convert(inside.where(at, at.number(-1)), ins[0], INT64)


class _OfFloats(Rule):
    """A rule for floating operands."""

    __slots__ = ()

    def fits(self, ins: tuple[Dtype, ...], out: Dtype) -> bool:
        """Whether they are."""
        return ins[0].char in "fd" and Rule.fits(self, ins, out)


def _part(k: int) -> Rule:
    def formula(out: Dtype, ins: tuple[Dtype, ...], g: Value, **params: Any) -> Value:
        return _place(g, **params)[k]

    return _OfFloats(formula, "", "own", ("fmod",))


RULES: dict[Primitive, Rule] = {
    grid.grid_place: _part(0),
    grid.grid_slope: _part(1),
    grid.grid_node: _OfFloats(_node, "", "own", ("fmod",)),
}
