"""Exponentials, logarithms, angles, the logistic family and the smooth nonlinearities, on lanes."""

from __future__ import annotations

import math as numbers

import numpy as np

from ....core.primitive import Primitive
from ....ops import activation as act
from ....ops import exponential as e
from ....ops import logistic as lg
from ....ops import piecewise as pw
from ....ops import special as sp
from ....ops import trigonometric as t
from ...vecmath.values import INFINITY, NAN, Value
from .choice import clamp
from .rules import Dtype, Rule, function, less, math, number, plain, rule

SQRT1_2 = numbers.sqrt(0.5)
PDF_SCALE = 1 / numbers.sqrt(2 * numbers.pi)
GELU_SCALE = numbers.sqrt(2 / numbers.pi)
GELU_CUBIC = 0.044715
HALF = np.dtype(np.float64)


def _relu(x: Value) -> Value:
    return x.over(0.0)


def log1p_exp_minus(x: Value) -> Value:
    """log(1 + exp(-x)) for x >= 0."""
    return math("log1p", math("exp", -x))


def _logaddexp(x: Value, y: Value, base: int | None = None) -> Value:
    high = (x > y).where(x, y)
    same = x.equals(y)  # infinities too, whose difference would be NaN
    away = x - y
    if base is None:
        one, tail = numbers.log(2), log1p_exp_minus(abs(away))
    else:  # of 2; a product with log(2) in the exponent would cost half of the digits
        one, tail = 1.0, math("log1p", math("exp2", -abs(away))) * (1 / numbers.log(2))
    out = same.where(x + one, high + tail)
    return away.is_nan().where(same.where(out, x + y), out)


def _xlogy(x: Value, y: Value, name: str) -> Value:
    return (x.equals(0) & ~y.is_nan()).where(x.number(0), x * math(name, y))


def _softplus(d: Dtype, x: Value, *, beta: float, threshold: float) -> Value:
    scaled = x if beta == 1 else x * number(x, d, beta)
    u = math("log1p", math("exp", scaled.under(threshold)))
    if beta != 1:
        u = u / number(x, d, beta)
    return (scaled > threshold).where(x, u)


def _mish(x: Value) -> Value:
    return math("tanh", _relu(x) + log1p_exp_minus(abs(x))) * x


def _gelu(x: Value) -> Value:
    return (math("erf", x * SQRT1_2) + 1) * x * 0.5


def _gelu_slope(x: Value) -> Value:
    density = math("exp", x * x * -0.5) * x * PDF_SCALE
    return (math("erf", x * SQRT1_2) + 1) * 0.5 + density


def _gelu_tanh(x: Value) -> Value:
    return (math("tanh", (x * x * GELU_CUBIC + 1) * x * GELU_SCALE) + 1) * x * 0.5


def _elu(x: Value, *, positive: float, negative: float, rate: float) -> Value:
    low = x.under(0.0)
    low = math("expm1", low if rate == 1 else low * rate) * negative
    high = _relu(x)
    return low + (high if positive == 1 else high * positive)


def _elu_slope(x: Value, *, positive: float, negative: float, rate: float) -> Value:
    low = x.under(0.0)
    low = math("exp", low if rate == 1 else low * rate) * (negative * rate)
    return (x <= 0).where(low, low.number(positive))


def _hardsigmoid(x: Value) -> Value:
    return clamp(HALF, x + 3, low=0, high=6) / 6


def _hardswish_slope(x: Value) -> Value:
    middle = (x < 3).where(x / 3 + 0.5, x.number(1))
    return (x <= -3).where(x.number(0), middle)


def _softshrink(x: Value, *, lambd: float) -> Value:
    low = (x < -lambd).where(x + lambd, x * 0)
    return (x > lambd).where(x - lambd, low)


def _entr(x: Value) -> Value:
    out = x.equals(0).where(x.number(0), -x * math("log", x))
    return (x < 0).where(x.number(-INFINITY), out)


def _logit(x: Value) -> Value:
    return math("log", x / (1 - x))


def _logit_slope(x: Value) -> Value:
    return ((x >= 0) & (x <= 1)).where(1 / (x * (1 - x)), x.number(NAN))


def _logit_clamped(d: Dtype, x: Value, *, eps: float) -> Value:
    return _logit(clamp(d, x, low=eps, high=1 - eps))


def _hypot(x: Value, y: Value) -> Value:
    x, y = abs(x), abs(y)
    swap = x < y
    high, low = swap.where(y, x), swap.where(x, y)
    ratio = high.equals(0).where(low.number(0), low / high)
    out = high * (ratio * ratio + 1).sqrt()
    infinite = x.equals(INFINITY) | y.equals(INFINITY)
    nan = x.is_nan().where(x, y.is_nan().where(y, out))
    return infinite.where(out.number(INFINITY), nan)


def _sinc(x: Value) -> Value:
    x = x.equals(0).where(x.number(1e-20), x) * numbers.pi
    return math("sin", x) / x


def _silu(x: Value) -> Value:
    return math("sigmoid", x) * x


RULES: dict[Primitive, Rule] = {
    e.exp: function("exp"),
    e.exp2: function("exp2"),
    e.expm1: function("expm1"),
    e.log: function("log"),
    e.log2: function("log2"),
    e.log10: function("log10"),
    e.log1p: function("log1p"),
    e.sqrt: plain(lambda x: x.sqrt()),
    e.rsqrt: plain(lambda x: 1 / x.sqrt()),
    e.cbrt: function("cbrt"),
    e.logaddexp: plain(_logaddexp, needs="exp log1p"),
    e.logaddexp2: plain(lambda x, y: _logaddexp(x, y, 2), needs="exp2 log1p"),
    e.has_log: rule(
        lambda d, x, y: ~x.equals(0) | ~less(d, y, number(y, d, 0), True), "f", "common"
    ),
    e.has_log1p: rule(
        lambda d, x, y: ~x.equals(0) | ~less(d, y, number(y, d, -1), True), "f", "common"
    ),
    e.xlogy: plain(lambda x, y: _xlogy(x, y, "log"), needs="log"),
    e.xlog1py: plain(lambda x, y: _xlogy(x, y, "log1p"), needs="log1p"),
    t.sin: function("sin"),
    t.cos: function("cos"),
    t.tan: function("tan"),
    t.asin: function("asin"),
    t.acos: function("acos"),
    t.atan: function("atan"),
    t.sinh: function("sinh"),
    t.cosh: function("cosh"),
    t.tanh: function("tanh"),
    t.asinh: function("asinh"),
    t.acosh: function("acosh"),
    t.atanh: function("atanh"),
    t.atan2: function("atan2"),
    t.tanh_backward: plain(lambda x, y: (1 - y * y) * x),
    t.hypot: plain(_hypot),
    t.deg2rad: plain(lambda x: x * (numbers.pi / 180)),
    t.rad2deg: plain(lambda x: x * (180 / numbers.pi)),
    t.sinc: plain(_sinc, needs="sin"),
    lg.sigmoid: function("sigmoid"),
    lg.sigmoid_backward: plain(lambda x, y: (1 - y) * y * x),
    lg.log_sigmoid: plain(
        lambda x: x.under(0.0) - log1p_exp_minus(abs(x)), needs="exp log1p"
    ),
    lg.softplus_p: rule(_softplus, needs="exp log1p"),
    lg.logit_p: plain(_logit, needs="log"),
    lg.logit_slope: plain(_logit_slope),
    lg.logit_clamped_p: rule(_logit_clamped, needs="log"),
    act.elu_p: plain(_elu, needs="expm1"),
    act.elu_slope: plain(_elu_slope, needs="exp"),
    act.silu: plain(_silu, needs="sigmoid"),
    act.mish: plain(_mish, needs="tanh exp log1p"),
    act.gelu_p: plain(_gelu, needs="erf"),
    act.gelu_slope: plain(_gelu_slope, needs="erf exp"),
    act.gelu_tanh_p: plain(_gelu_tanh, needs="tanh"),
    pw.hardsigmoid: plain(_hardsigmoid),
    pw.hardswish: plain(lambda x: _hardsigmoid(x) * x),
    pw.hardswish_slope: plain(_hardswish_slope),
    pw.prelu_p: plain(lambda x, weight: (x > 0).where(x, weight * x)),
    pw.hardshrink_p: plain(
        lambda x, *, lambd: ((x >= -lambd) & (x <= lambd)).where(x.number(0), x)
    ),
    pw.softshrink_p: plain(_softshrink),
    sp.erf: function("erf"),
    sp.erfc: function("erfc"),
    sp.erfinv: function("erfinv"),
    sp.erfcx: function("erfcx"),
    sp.ndtr: plain(lambda x: math("erfc", x * -SQRT1_2) * 0.5, needs="erfc"),
    sp.lgamma: function("lgamma"),
    sp.digamma: function("digamma"),
    sp.entr: plain(_entr, needs="log"),
}  # fmt: skip
