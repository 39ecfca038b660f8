"""Comparisons, logic, bits, and choosing between values, on lanes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ....core.primitive import Primitive
from ....ops import arithmetic as a
from ....ops import compare as c
from ....ops import cross_entropy as ce
from ....ops import logistic, piecewise, reduce
from ....ops import select as s
from ...vecmath.values import INFINITY, Value
from .rules import Dtype, Rule, convert, equal, less, number, plain, rule

ALL = "fiub"


def _compared(condition: Callable[[Dtype, Value, Value], Value]) -> Rule:
    return rule(condition, ALL, "common")


def _ne(d: Dtype, x: Value, y: Value) -> Value:
    return x.compare("une" if d.kind == "f" else "ne", y)


def _predicate(of_float: Callable[[Value], Value], otherwise: int) -> Rule:
    def test(d: Dtype, x: Value) -> Value:
        return (
            of_float(x)
            if d.kind == "f"
            else Value(x.w, x.t.of("i1"), x.t.of("i1").constant(otherwise))
        )

    return rule(test, ALL, "common")


def _true(d: Dtype, x: Value) -> Value:
    return x if d.kind == "b" else _ne(d, x, number(x, d, 0))


def _logic(f: Callable[[Value, Value], Value]) -> Rule:
    def both(out: Dtype, ins: tuple[Dtype, ...], x: Value, y: Value) -> Value:
        return f(_true(ins[0], x), _true(ins[1], y))

    return Rule(both, "", "own", ())


def _signbit(d: Dtype, x: Value) -> Value:
    return x.bits().compare("slt", 0) if d.kind == "f" else less(d, x, number(x, d, 0))


def _shift(d: Dtype, x: Value, y: Value, right: bool) -> Value:
    opcode = "shl" if not right else "ashr" if d.kind == "i" else "lshr"
    bits = d.itemsize * 8
    beyond = y.compare("uge", bits)
    shifted = Value(x.w, x.t, x.w.binary(opcode, x.t, x.name, beyond.where(y.number(0), y).name))
    rest = (x < 0).where(x.number(-1), x.number(0)) if right and d.kind == "i" else x.number(0)
    return beyond.where(rest, shifted)


def _where(out: Dtype, ins: tuple[Dtype, ...], k: Value, x: Value, y: Value) -> Value:
    return _true(ins[0], k).where(convert(x, ins[1], out), convert(y, ins[2], out))


def _keep(out: Dtype, ins: tuple[Dtype, ...], k: Value, x: Value) -> Value:
    return _true(ins[0], k).where(x, number(x, out, 0))


def _masked_fill(out: Dtype, ins: tuple[Dtype, ...], x: Value, k: Value, y: Value) -> Value:
    return _true(ins[1], k).where(convert(y, ins[2], out), convert(x, ins[0], out))


def larger(d: Dtype, x: Value, y: Value) -> Value:
    """The larger, NaN if one is."""
    out = less(d, y, x).where(x, y)
    return x.is_nan().where(x, out) if d.kind == "f" else out


def smaller(d: Dtype, x: Value, y: Value) -> Value:
    """The smaller, NaN if one is."""
    out = less(d, x, y).where(x, y)
    return x.is_nan().where(x, out) if d.kind == "f" else out


def _fmax(d: Dtype, x: Value, y: Value) -> Value:
    out = less(d, x, y).where(y, x)
    return x.is_nan().where(y, out) if d.kind == "f" else out


def _fmin(d: Dtype, x: Value, y: Value) -> Value:
    out = less(d, y, x).where(y, x)
    return x.is_nan().where(y, out) if d.kind == "f" else out


def clamp(d: Dtype, x: Value, *, low: Any, high: Any) -> Value:
    """Min(max(x, low), high), a bound may be None; NaN stays."""
    if low is not None:
        bound = number(x, d, low)
        x = less(d, x, bound).where(bound, x)
    if high is not None:
        bound = number(x, d, high)
        x = less(d, bound, x).where(bound, x)
    return x


def _winner(e: Value, x: Value, y: Value) -> Value:
    e = x.equals(y).where(e * 0.5, e)
    return x.compare("olt", y).where(e.number(0), e)


def _between(d: Dtype, x: Value, *, low: Any, high: Any) -> Value:
    tests = []
    if low is not None:
        tests.append(less(d, number(x, d, low), x, True))
    if high is not None:
        tests.append(less(d, x, number(x, d, high), True))
    return tests[0] if len(tests) == 1 else tests[0] & tests[1]


def _nan_to_num(d: Dtype, x: Value, *, nan: Any, posinf: Any, neginf: Any) -> Value:
    if d.kind != "f":
        return x
    info = np.finfo(d)
    x = x.is_nan().where(number(x, d, nan), x)
    high = number(x, d, info.max if posinf is None else posinf)
    low = number(x, d, info.min if neginf is None else neginf)
    x = x.equals(INFINITY).where(high, x)
    return x.equals(-INFINITY).where(low, x)


def _isclose(d: Dtype, x: Value, y: Value, *, rtol: float, atol: float, equal_nan: bool) -> Value:
    close = equal(d, x, y)
    if d.kind == "f" and equal_nan:
        close = close | (x.is_nan() & y.is_nan())
    if not rtol and not atol:
        return close
    if d.kind != "f":
        wide = np.dtype(np.float64)
        x, y = convert(x, d, wide), convert(y, d, wide)
    difference = abs(x - y)
    return close | ((difference < INFINITY) & (difference <= abs(y * rtol) + atol))


def _gate(passes: Callable[..., Value]) -> Rule:
    """(d, x) -> d where x passes, else 0."""
    return plain(lambda d, x, **params: passes(x, **params).where(d, d.number(0)))


def _counted(out: Dtype, ins: tuple[Dtype, ...], t: Value, *, ignore: int, **_: Any) -> Value:
    return convert(t.compare("ne", ignore), np.dtype(bool), out)


def _class(out: Dtype, ins: tuple[Dtype, ...], t: Value, *, ignore: int) -> Value:
    return convert(t.compare("eq", ignore).where(t.number(0), t), ins[0], out)


def _is_number(out: Dtype, ins: tuple[Dtype, ...], x: Value) -> Value:
    if ins[0].kind != "f":
        return convert(number(x, ins[0], 1), ins[0], out)
    return convert(x.compare("ord", x), np.dtype(bool), out)


RULES: dict[Primitive, Rule] = {
    c.eq: _compared(equal),
    c.ne: _compared(_ne),
    c.lt: _compared(less),
    c.le: _compared(lambda d, x, y: less(d, x, y, True)),
    c.gt: _compared(lambda d, x, y: less(d, y, x)),
    c.ge: _compared(lambda d, x, y: less(d, y, x, True)),
    c.isnan: _predicate(lambda x: x.is_nan(), 0),
    c.isinf: _predicate(lambda x: abs(x).equals(INFINITY), 0),
    c.isfinite: _predicate(lambda x: abs(x) < INFINITY, 1),
    c.isposinf: _predicate(lambda x: x.equals(INFINITY), 0),
    c.isneginf: _predicate(lambda x: x.equals(-INFINITY), 0),
    c.isreal: _predicate(lambda x: x.compare("true", x), 1),
    c.signbit: rule(_signbit, ALL, "common"),
    c.logical_and: _logic(lambda x, y: x & y),
    c.logical_or: _logic(lambda x, y: x | y),
    c.logical_xor: _logic(lambda x, y: x ^ y),
    c.logical_not: rule(lambda d, x: ~_true(d, x), ALL, "common"),
    c.bitwise_and: plain(lambda x, y: x & y, "iub"),
    c.bitwise_or: plain(lambda x, y: x | y, "iub"),
    c.bitwise_xor: plain(lambda x, y: x ^ y, "iub"),
    c.bitwise_not: plain(lambda x: ~x, "iub"),
    c.left_shift: rule(lambda d, x, y: _shift(d, x, y, False), "iu"),
    c.right_shift: rule(lambda d, x, y: _shift(d, x, y, True), "iu"),
    c.isclose_p: rule(_isclose, "fiu", "common"),
    c.exceeds: rule(lambda d, x, *, bound: less(d, number(x, d, bound), x), "f", "common"),
    c.less_than: rule(lambda d, x, *, bound: less(d, x, number(x, d, bound)), "f", "common"),
    c.between: rule(_between, "f", "common"),
    c.strictly_between: rule(
        lambda d, x, *, low, high: less(d, number(x, d, low), x) & less(d, x, number(x, d, high)),
        "f", "common",
    ),
    a.is_negative: rule(lambda d, x: ~less(d, number(x, d, 0), x, True), "fiu", "common"),
    a.y_not_zero: rule(
        lambda d, x, y: _ne(d, y, number(y, d, 0)) & equal(d, x, x), "fiu", "common"
    ),
    s.where: Rule(_where, "", "own", ()),
    s.keep: Rule(_keep, "", "own", ()),
    s.masked_fill: Rule(_masked_fill, "", "own", ()),
    s.winner: plain(_winner),
    s.maximum: rule(larger, "fiu"),
    s.minimum: rule(smaller, "fiu"),
    s.first_in_fmax: rule(
        lambda d, x, y: less(d, y, x, True) | ~equal(d, y, y), "fiu", "common"
    ),
    s.first_in_fmin: rule(
        lambda d, x, y: less(d, x, y, True) | ~equal(d, y, y), "fiu", "common"
    ),
    s.fmax: rule(_fmax, "fiu"),
    s.fmin: rule(_fmin, "fiu"),
    s.clamp_p: rule(clamp, "fiu"),
    s.clamp_between: rule(lambda d, x, low, high: smaller(d, larger(d, x, low), high), "fiu"),
    s.clamp_low: rule(larger, "fiu"),
    s.clamp_high: rule(smaller, "fiu"),
    s.within: rule(
        lambda d, x, low, high: less(d, low, x, True) & less(d, x, high, True), "fiu", "common"
    ),
    s.at_low: rule(lambda d, x, low, high: less(d, x, low) & less(d, low, high), "fiu", "common"),
    s.at_high: rule(lambda d, x, low, high: less(d, high, x) | less(d, high, low), "fiu", "common"),
    s.not_below: rule(lambda d, x, y: less(d, y, x, True), "fiu", "common"),
    s.below: rule(less, "fiu", "common"),
    s.nan_to_num_p: rule(_nan_to_num, "fiu"),
    piecewise.relu: rule(lambda d, x: clamp(d, x, low=0, high=None), "fiu"),
    piecewise.relu_backward: plain(lambda e, y: y.compare("ole", 0).where(e.number(0), e)),
    piecewise.threshold_backward: _gate(lambda x, *, threshold: ~(x <= threshold)),
    piecewise.hardtanh_backward: _gate(lambda x, *, low, high: ~((x <= low) | (x >= high))),
    piecewise.shrink_backward: _gate(lambda x, *, lambd: ~((x >= -lambd) & (x <= lambd))),
    piecewise.leaky_relu_backward: plain(lambda d, x, *, slope: (x > 0).where(d, d * slope)),
    piecewise.threshold_p: plain(
        lambda x, *, threshold, value: (x <= threshold).where(x.number(value), x)
    ),
    piecewise.hardtanh_p: rule(clamp),
    piecewise.leaky_relu_p: plain(lambda x, *, slope: (x > 0).where(x, x * slope)),
    ce.counted_p: Rule(_counted, "", "own", ()),
    ce.class_p: Rule(_class, "", "own", ()),
    reduce.is_number: Rule(_is_number, "", "own", ()),
    logistic.scaled_exceeds: rule(
        lambda d, x, *, beta, threshold: less(d, number(x, d, threshold), x * number(x, d, beta)),
        "f", "common",
    ),
}  # fmt: skip
