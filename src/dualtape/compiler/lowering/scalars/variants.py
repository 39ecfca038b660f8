"""Elementwise operations that differ from plain ones in their derivatives, or at single points."""

from __future__ import annotations

from typing import Any

import numpy as np

from ....core.primitive import Primitive
from ....ops import activation as act
from ....ops import grid, lookup, quantile, random, scatter_reduce
from ....ops import numbers as n
from ....ops import tf_choices as tc
from ....ops import tf_slopes as ts
from ...vecmath.values import Value
from .choice import larger, smaller
from .functions import _elu, _xlogy
from .rules import Dtype, Rule, convert, function, math, number, plain, rule


def _unless_zero(x: Value, out: Value) -> Value:
    return x.equals(0).where(out.number(0), out)


def _flag(out: Dtype, ins: tuple[Dtype, ...], x: Value, wanted: bool) -> Value:
    zero = convert(x, ins[0], np.dtype(bool))
    return convert(zero if wanted else ~zero, np.dtype(bool), out)


def _log_or_nothing(x: Value) -> Value:
    has = x > 0
    return has.where(math("log", has.where(x, x.number(1))), x.number(0))


def _reciprocal_or_nothing(x: Value) -> Value:
    has = x > 0
    return has.where(1 / has.where(x, x.number(1)), x.number(0))


def _own(index: int) -> Rule:
    """The operand of that number, cast to the result's dtype."""

    def pick(out: Dtype, ins: tuple[Dtype, ...], *xs: Value, **_: Any) -> Value:
        return convert(xs[index], ins[index], out)

    return Rule(pick, "", "own", ())


RULES: dict[Primitive, Rule] = {
    ts.not_zero: Rule(lambda out, ins, x: _flag(out, ins, x, True), "", "own", ()),
    scatter_reduce.is_zero: Rule(lambda out, ins, x: _flag(out, ins, x, False), "", "own", ()),
    ts.masked_div: plain(lambda x, y: _unless_zero(x, x / y)),
    ts.xdivy: plain(lambda x, y: _unless_zero(x, x / y)),
    ts.masked_mul: plain(lambda x, y: _unless_zero(x, x * y)),
    ts.sqrt_slope: plain(lambda x, y: _unless_zero(x, x / (y + y))),
    ts.sqrt_masked: plain(lambda x: x.sqrt()),
    ts.rsqrt_masked: plain(lambda x: 1 / x.sqrt()),
    ts.reciprocal_masked: plain(lambda x: 1 / x),
    ts.log_by_reciprocal: function("log"),
    ts.log1p_by_reciprocal: function("log1p"),
    ts.asin_by_root: function("asin"),
    ts.acos_by_root: function("acos"),
    ts.acosh_by_sinh: function("acosh"),
    ts.atanh_by_reciprocal: function("atanh"),
    tc.maximum_first: rule(larger, "fiu"),
    tc.minimum_first: rule(smaller, "fiu"),
    tc.log_or_nothing: plain(_log_or_nothing, needs="log"),
    tc.reciprocal_or_nothing: plain(_reciprocal_or_nothing),
    tc.pow_bare: plain(lambda x, y: math("pow", x, y), needs="pow"),
    tc.atan2_bare: function("atan2"),
    tc.xlogy_masked: plain(lambda x, y: _xlogy(x, y, "log"), needs="log"),
    tc.xlog1py_masked: plain(lambda x, y: _xlogy(x, y, "log1p"), needs="log1p"),
    tc.selu_right: plain(
        lambda x: _elu(
            x, positive=act._SELU_SCALE, negative=act._SELU_ALPHA * act._SELU_SCALE, rate=1.0
        ),
        needs="expm1",
    ),
    lookup.scaled_gradient_p: _own(0),
    random.drawn: _own(1),
    quantile.as_place: _own(0),
    n.ldexp: plain(lambda x, y: x * math("exp2", y), needs="exp2"),
    grid.grid_floor: plain(lambda x: x.intrinsic("floor")),
    grid.grid_inside: rule(lambda d, at: at.compare("oge" if d.kind == "f" else "sge", 0), "fi", "common"),
    grid.grid_clamped: rule(lambda d, at: larger(d, at, number(at, d, 0)), "fi"),
}  # fmt: skip
