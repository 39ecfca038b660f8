"""Parts and neighbours of numbers, and integers' divisors, on lanes."""

from __future__ import annotations

from typing import Any

import numpy as np

from ....core.primitive import Primitive
from ....ops import compare, spectral
from ....ops import numbers as n
from ...emit import flow
from ...vecmath.values import Value
from .rules import Dtype, Rule, apart, convert, plain, rule

INT64, DOUBLE = np.dtype(np.int64), np.dtype(np.float64)
MANTISSA = {32: 23, 64: 52}
BIAS = {32: 127, 64: 1023}


def _next(x: Value, y: Value) -> Value:
    bits = x.bits()
    grows = (x < y) ^ (x < 0)
    moved = grows.where(bits + 1, bits - 1).real()
    least = bits.number(1).real()
    moved = x.equals(0).where(abs(least).copysign(y), moved)
    return x.compare("uno", y).where(x + y, x.equals(y).where(y, moved))


def _scaled(x: Value) -> tuple[Value, Value, Value]:
    """Bits with denormals made normal, the exponent that goes with them, and where there is none."""
    size = x.t.bits
    tiny = abs(x) < 2.0 ** (2 - BIAS[size])
    y = tiny.where(x * 2.0 ** (MANTISSA[size] + 2), x).bits()
    exponent = (y >> MANTISSA[size]) & (2 * BIAS[size] + 1)
    exponent = exponent - tiny.where(
        exponent.number(BIAS[size] - 1 + MANTISSA[size] + 2), exponent.number(BIAS[size] - 1)
    )
    none = x.equals(0) | ~(abs(x) < float("inf"))
    return y, exponent, none


def _mantissa(x: Value) -> Value:
    bits, _, none = _scaled(x)
    size = x.t.bits
    kept = bits & ~((2 * BIAS[size] + 1) << MANTISSA[size])
    return none.where(x, (kept | ((BIAS[size] - 1) << MANTISSA[size])).real())


def _exponent(out: Dtype, ins: tuple[Dtype, ...], x: Value) -> Value:
    _, exponent, none = _scaled(x)
    exponent = none.where(exponent.number(0), exponent)
    return exponent if exponent.t.bits == 32 else exponent.cast("trunc", "i32")


MANTISSAS, EXPONENTS = plain(_mantissa), Rule(_exponent, "", "own", ())


def _power_of_half(out: Dtype, ins: tuple[Dtype, ...], y: Value, **_: Any) -> Value:
    e = -convert(y, ins[0], INT64)
    e = (e > 2000).where(e.number(2000), e)
    e = (e < -2000).where(e.number(-2000), e)
    power = None
    for k in range(4):  # so that each factor is normal
        quarter = Value(e.w, e.t, e.w.binary("ashr", e.t, (e + k).name, e.number(2).name))
        factor = ((quarter + 1023) << 52).real()
        power = factor if power is None else power * factor
    assert power is not None
    return convert(power, DOUBLE, out)


def _divisor(a: Value, b: Value) -> Value:
    def more(a: Value, b: Value) -> Value:
        return (~b.equals(0)).any()

    def less(a: Value, b: Value) -> list[Value]:
        done = b.equals(0)
        rest = a % done.where(b.number(1), b)
        return [done.where(a, b), done.where(b, rest)]

    return flow.during(a.w, [a, b], more, less)[0]


def _size(d: Dtype, x: Value) -> Value:
    return (x < 0).where(-x, x) if d.kind == "i" else x


def _gcd(d: Dtype, x: Value, y: Value) -> Value:
    return apart("gcd", _divisor, _size(d, x), _size(d, y))


def _lcm(d: Dtype, x: Value, y: Value) -> Value:
    x, y = _size(d, x), _size(d, y)
    common = apart("gcd", _divisor, x, y)
    none = common.equals(0)
    return none.where(common, x / none.where(common.number(1), common) * y)


def _unraveled(
    out: Dtype, ins: tuple[Dtype, ...], i: Value, *, shape: tuple[int, ...], axis: int
) -> Value:
    step = 1
    for k in shape[axis + 1 :]:
        step *= k
    at = convert(i, ins[0], INT64)
    return at / step % shape[axis] if step > 1 else at % shape[axis]


UNRAVELED = Rule(_unraveled, "", "own", ())

RULES: dict[Primitive, Rule] = {
    n.nextafter: plain(_next),
    n.power_of_half: Rule(_power_of_half, "", "own", ()),
    compare.gcd: rule(_gcd, "iu"),
    compare.lcm: rule(_lcm, "iu"),
    spectral.ratio: plain(lambda x, y: x.equals(0).where(x, x / y)),
}
