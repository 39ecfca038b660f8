"""Sums, products, quotients, remainders, powers, signs and roundings on lanes."""

from __future__ import annotations

from typing import Any

import numpy as np

from ....core.primitive import Primitive
from ....ops import arithmetic as a
from ....ops import complex as c
from ....ops import fused, guarded
from ....ops import numbers as n
from ....ops.stopping import stopped
from ...vecmath.values import Value
from .rules import Dtype, Rule, convert, math, number, plain, rule

REAL = "fiu"


def _logical(real: Any, of_bool: Any) -> Rule:
    return rule(lambda d, x, y: of_bool(x, y) if d.kind == "b" else real(x, y), "fiub")


def _nonzero(y: Value) -> Value:
    """A divisor that the processor can divide by: 1 for 0, whose quotient nobody looks at."""
    return y.equals(0).where(y.number(1), y)


def _quotient(d: Dtype, x: Value, y: Value) -> tuple[Value, Value]:
    """The quotient rounded towards zero and the remainder, of integers; NumPy's for the lowest divided by -1."""
    y = _nonzero(y)
    if d.kind == "u":
        return x / y, x % y
    minus = y.equals(-1)
    safe = minus.where(y.number(1), y)
    q = Value(x.w, x.t, x.w.binary("sdiv", x.t, x.name, safe.name))
    r = Value(x.w, x.t, x.w.binary("srem", x.t, x.name, safe.name))
    return minus.where(-x, q), r


def _floored(d: Dtype, x: Value, y: Value) -> Value:
    if d.kind == "f":
        return _float_floor_divide(x, y)
    q, r = _quotient(d, x, y)
    if d.kind == "u":
        return y.equals(0).where(q.number(0), q)
    down = ~r.equals(0) & (r ^ y).compare("slt", 0)
    out = down.where(q - 1, q)
    return y.equals(0).where(q.number(0), out)


def _float_remainder(x: Value, y: Value) -> tuple[Value, Value]:
    """C's fmod, and Python's remainder with the sign of y."""
    m = x % y
    odd = m.compare("une", 0) & ((m < 0) ^ (y < 0))
    return m, odd.where(m + y, m.equals(0).where(m.number(0).copysign(y), m))


def _float_floor_divide(x: Value, y: Value) -> Value:
    # As NumPy: from the exact remainder, so that 1 // 0.1 is 9.
    m = x % y
    q = (x - m) / y
    odd = m.compare("une", 0) & ((m < 0) ^ (y < 0))
    q = odd.where(q - 1, q)
    low = q.intrinsic("floor")
    low = ((q - low) > 0.5).where(low + 1, low)
    out = q.equals(0).where(q.number(0).copysign(x / y), low)
    return y.equals(0).where(x / y, out)


def _truncated(d: Dtype, x: Value, y: Value) -> Value:
    if d.kind == "f":
        return (x / y).intrinsic("trunc")
    q = _quotient(d, x, y)[0]
    return y.equals(0).where(q.number(0), q)


def _remainder(d: Dtype, x: Value, y: Value) -> Value:
    if d.kind == "f":
        return _float_remainder(x, y)[1]
    _, r = _quotient(d, x, y)
    if d.kind == "i":
        r = (~r.equals(0) & (r ^ y).compare("slt", 0)).where(r + y, r)
    return y.equals(0).where(r.number(0), r)


def _fmod(d: Dtype, x: Value, y: Value) -> Value:
    if d.kind == "f":
        return x % y
    r = _quotient(d, x, y)[1]
    return y.equals(0).where(r.number(0), r)


def _integer_power(d: Dtype, x: Value, exponent: int) -> Value:
    out: Value | None = None
    while exponent:
        if exponent & 1:
            out = x if out is None else out * x
        exponent >>= 1
        if exponent:
            x = x * x
    return out if out is not None else number(x, d, 1)


def _power(d: Dtype, x: Value, *, exponent: Any) -> Value:
    if exponent == 2:
        return x * x
    if exponent == 3:
        return x * x * x
    if d.kind in "iu":
        return _integer_power(d, x, int(exponent))
    if exponent == 0.5:
        return x.sqrt()
    if exponent == -1:
        return 1 / x
    if exponent == -0.5:
        return 1 / x.sqrt()
    if exponent == -2:
        return 1 / (x * x)
    if exponent == 1:
        return x
    if exponent == 0:
        return number(x, d, 1)
    if exponent == 4:
        return (x * x) * (x * x)
    return math("pow", x, number(x, d, exponent))


class _Power(Rule):
    """Powers need `pow` only for exponents without a formula; integers only exponents that are."""

    __slots__ = ()

    def fits_params(self, out: Dtype, params: dict[str, Any]) -> bool:
        """Whether the exponent is one that this can do without `pow`."""
        e = params["exponent"]
        if out.kind in "iu":
            return isinstance(e, int) and e >= 0
        return isinstance(e, (int, float))


def _rpow(d: Dtype, x: Value, *, base: Any) -> Value:
    if base == 2:
        return math("exp2", x)
    return math("pow", number(x, d, base), x)


def _power_slope(x: Value, y: Value) -> Value:
    return y.equals(0).where(x.number(0), y * math("pow", x, y - 1))


def _flat_at_zero(x: Value, y: Value) -> Value:
    return x.equals(0) & (y >= 0)


def _div_or_zero(x: Value, y: Value) -> Value:
    return y.equals(0).where(x.number(0), x / y)


def _power_or_zero(d: Dtype, x: Value, *, exponent: float) -> Value:
    out = _power(d, x, exponent=exponent)
    return out if exponent >= 0 else x.equals(0).where(x.number(0), out)


def _sign(d: Dtype, x: Value) -> Value:
    if d.kind == "b":
        return x
    if d.kind == "u":
        return x.compare("ugt", 0).where(x.number(1), x.number(0))
    up = (x > 0).where(x.number(1), x.number(0))
    return (x < 0).where(x.number(-1), up)


def _signum(d: Dtype, x: Value) -> Value:
    out = _sign(d, x)
    return x.is_nan().where(x, out) if d.kind == "f" else out


def _abs(d: Dtype, x: Value) -> Value:
    if d.kind == "f":
        return abs(x)
    return x if d.kind in "ub" else (x < 0).where(-x, x)


def _cast(out: Dtype, ins: tuple[Dtype, ...], x: Value, **_: Any) -> Value:
    return convert(x, ins[0], out)


def _addcmul(d: Dtype, x: Value, y: Value, z: Value, *, value: Any) -> Value:
    return x + (y * z if value == 1 else y * z * number(x, d, value))


def _addcdiv(d: Dtype, x: Value, y: Value, z: Value, *, value: Any) -> Value:
    return x + (y / z if value == 1 else y / z * number(x, d, value))


def _lerp(x: Value, y: Value, w: Value) -> Value:
    difference = y - x
    return (abs(w) < 0.5).where(x + w * difference, y - difference * (1 - w))


def _lerp_number(x: Value, y: Value, *, weight: float) -> Value:
    return x + (y - x) * weight if abs(weight) < 0.5 else y - (y - x) * (1 - weight)


def _round_decimals(d: Dtype, x: Value, *, decimals: int) -> Value:
    scale = float(d.type(10.0 ** abs(decimals)))
    if decimals > 0:
        return (x * scale).intrinsic("rint") / scale
    return (x / scale).intrinsic("rint") * scale


def _constant(value: int) -> Rule:
    return rule(lambda d, x: number(x, d, value), "fiub")


def _heaviside(x: Value, y: Value) -> Value:
    return x.equals(0).where(y, (x > 0).where(x.number(1), x.number(0)))


def _copysign_slope(x: Value, y: Value) -> Value:
    one = x.equals(0).where(x.number(0), x.number(1))
    return one.copysign(y) * _sign(np.dtype(np.float64), x)


RULES: dict[Primitive, Rule] = {
    a.add: _logical(lambda x, y: x + y, lambda x, y: x | y),
    a.mul: _logical(lambda x, y: x * y, lambda x, y: x & y),
    a.sub: plain(lambda x, y: x - y, REAL),
    a.div: plain(lambda x, y: x / y),
    a.neg: plain(lambda x: -x, REAL),
    a.reciprocal: plain(lambda x: 1 / x),
    a.square: plain(lambda x: x * x, REAL),
    a.zeros_like: _constant(0),
    a.ones_like: _constant(1),
    a.floor_divide: rule(_floored, REAL),
    a.div_floor: rule(_floored, REAL),
    a.truncated_quotient: rule(_truncated, REAL),
    a.div_trunc: rule(_truncated, REAL),
    a.remainder: rule(_remainder, REAL),
    a.fmod: rule(_fmod, REAL),
    a.power: _Power(_power, REAL, "out", ()),
    a.rpow: rule(_rpow, needs="pow exp2"),
    a.pow: plain(lambda x, y: math("pow", x, y), needs="pow"),
    a.power_slope: plain(_power_slope, needs="pow"),
    a.log_or_zero: plain(
        lambda x, y: _flat_at_zero(x, y).where(x.number(0), math("log", x)), needs="log"
    ),
    a.reciprocal_or_zero: plain(lambda x, y: _flat_at_zero(x, y).where(x.number(0), 1 / x)),
    guarded.div_or_zero: plain(_div_or_zero),
    guarded.power_or_zero_p: rule(_power_or_zero, needs="pow"),
    n.sgn: rule(_sign, "fiub"),
    n.sign: rule(_sign, "fiub"),
    n.signum: rule(_signum, REAL),
    n.abs_: rule(_abs, "fiub"),
    n.copysign_slope: plain(_copysign_slope),
    n.copysign: plain(lambda x, y: abs(x).copysign(y)),
    n.floor: plain(lambda x: x.intrinsic("floor")),
    n.ceil: plain(lambda x: x.intrinsic("ceil")),
    n.trunc: plain(lambda x: x.intrinsic("trunc")),
    n.round_p: plain(lambda x: x.intrinsic("rint")),
    n.round_decimals: rule(_round_decimals),
    n.frac: plain(lambda x: x - x.intrinsic("trunc")),
    n.heaviside: plain(_heaviside),
    n.angle: plain(lambda x: (x < 0).where(x.number(np.pi), x.is_nan().where(x, x.number(0)))),
    c.cast_p: Rule(_cast, "", "own", ()),
    c.cast_constant: Rule(_cast, "", "own", ()),
    c.conj: plain(lambda x: x, REAL),
    c.real: plain(lambda x: x, REAL),
    c.imag: _constant(0),
    stopped: plain(lambda x: x, "fiub"),
    fused.addcmul_p: rule(_addcmul, REAL),
    fused.addcdiv_p: rule(_addcdiv),
    fused.lerp_p: plain(_lerp),
    fused.lerp_number_p: plain(_lerp_number),
}
