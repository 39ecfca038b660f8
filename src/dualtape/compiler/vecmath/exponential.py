"""Exponentials: exp, exp2, expm1, and the logistic function."""

from __future__ import annotations

import math

from . import coefficients
from .values import Value, fast_two_sum

# Arguments beyond these are as good as these; the last is where expm1 is -1.
BOUNDS = {32: (-104.0, 89.0, -40.0), 64: (-746.0, 710.0, -60.0)}


def reduced(x: Value) -> tuple[Value, Value]:
    """Split x = n*ln(2) + r with |r| <= ln(2)/2: n as the low bits of integers, and r."""
    high, low = coefficients.LN2[x.t.bits]
    n, bits = (x * math.log2(math.e)).nearest()
    return bits, n.fma(-low, n.fma(-high, x))


def power_of_two(bits: Value, plus: int = 0) -> Value:
    """2**(n + plus) for n in the low bits, where that is a normal number."""
    mantissa, bias = (23, 127) if bits.t.bits == 32 else (52, 1023)
    return ((bits + (bias + plus)) << mantissa).real()


def scaled(y: Value, x: Value, bits: Value) -> Value:
    """Return y * 2**n, which may overflow or be denormal; n has the sign of x.

    In two steps: first with an exponent nearer to 0 by 32 (128), then a constant power of two, which
    rounds. A product with y, not an addition to its exponent, so that NaN stays NaN.
    """
    step = 32 if x.t.bits == 32 else 128
    negative = x < 0.0
    mantissa, bias = (23, 127) if bits.t.bits == 32 else (52, 1023)
    near = negative.where(bias + step, bias - step, like=bits)
    far = negative.where(2.0**-step, 2.0**step, like=x)
    return y * ((bits + near) << mantissa).real() * far


def exp_of_reduced(r: Value) -> Value:
    """e**r for |r| <= ln(2)/2."""
    return expm1_of_reduced(r) + 1.0


def expm1_of_reduced(r: Value) -> Value:
    """e**r - 1 for |r| <= ln(2)/2."""
    return (r * r).mad(r.polynomial(coefficients.EXP[r.t.bits]), r)


def exp(x: Value) -> Value:
    """e**x."""
    low, high, _ = BOUNDS[x.t.bits]
    inside = x.over(low).under(high)
    bits, r = reduced(inside)
    return scaled(zero_below(low, x, exp_of_reduced(r)), inside, bits)


def zero_below(low: float, x: Value, y: Value) -> Value:
    """y, but 0 where x is so low that y * 2**n is: a product that is rounded to 0 costs a hundred cycles, one with 0 none."""
    return (x < low).where(0.0, y)


def plain_exp(x: Value, plus: int = 0) -> Value:
    """e**x * 2**plus where that power of two is a normal number, or infinite."""
    bits, r = reduced(x)
    return exp_of_reduced(r) * power_of_two(bits, plus)


def half_exp(x: Value) -> Value:
    """e**x / 2 for x >= 0."""
    # The last step overflows by itself; at these bounds it does.
    return plain_exp(x.under(89.5 if x.t.bits == 32 else 711.0), -3) * 4.0


def exp2(x: Value) -> Value:
    """2**x: the nearest integer is the exponent."""
    low, high = (-151.0, 129.0) if x.t.bits == 32 else (-1076.0, 1025.0)
    inside = x.over(low).under(high)
    n, bits = inside.nearest()
    r = inside - n
    y = r.mad(r.polynomial(coefficients.EXP2[r.t.bits]), 1.0)
    return scaled(zero_below(low, x, y), inside, bits)


def expm1(x: Value) -> Value:
    """e**x - 1, exact near 0.

    (2**n - 1) + 2**n*r is taken with its rounding error, to which the rest of 2**n * (e**r - 1) is added.
    """
    _, high, low = BOUNDS[x.t.bits]
    inside = x.over(low).under(high)
    bits, r = reduced(inside)
    half = power_of_two(bits, -1)  # 2**n itself may overflow
    total, rest = fast_two_sum(half - 0.5, half * r)
    q = r.polynomial(coefficients.EXP[x.t.bits])
    y = ((half * (r * r)).mad(q, rest) + total) * 2.0
    return keep_tiny(x, y)


def keep_tiny(x: Value, y: Value) -> Value:
    """y, but x itself where it is tiny: for y = x + O(x**2), with signed zeros and denormals."""
    return (abs(x) < (2.0**-25 if x.t.bits == 32 else 2.0**-54)).where(x, y)


def sigmoid(x: Value) -> Value:
    """1 / (1 + exp(-x)), as 1/2 / (1/2 + exp(-x)/2).

    At the upper bound the half is infinite, at the lower one nothing beside 1/2.
    """
    x = (-x).over(-40.0).under(89.5 if x.t.bits == 32 else 710.5)
    return 0.5 / (plain_exp(x, -1) + 0.5)
