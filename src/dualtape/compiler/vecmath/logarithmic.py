"""Logarithms: log, log2, log10, log1p."""

from __future__ import annotations

from . import coefficients
from .exponential import exp, keep_tiny
from .values import INFINITY, NAN, Value

SMALLEST = {32: 2.0**-126, 64: 2.0**-1022}


def split(x: Value) -> tuple[Value, Value]:
    """Split x = 2**k * m with sqrt(1/2) <= m < sqrt(2), for finite x > 0: k as a float, and m."""
    single = x.t.bits == 32
    mantissa, bias = (23, 127) if single else (52, 1023)
    up = 32 if single else 64
    denormal = x < SMALLEST[x.t.bits]
    bits = denormal.where(x * 2.0**up, x).bits()
    root = 0x3F3504F3 if single else 0x3FE6A09E667F3BCD  # sqrt(1/2)
    offset = (bias << mantissa) - root
    shifted = bits + offset
    m = ((shifted & ((1 << mantissa) - 1)) + root).real()
    # The exponent as low bits of 2**23 (2**52): no conversion of integers, which AVX2 lacks for doubles.
    magic = 0x4B000000 if single else 0x4330000000000000
    exponent = ((shifted >> mantissa) | magic).real()
    base = 2.0**mantissa + bias
    return exponent - denormal.where(base + up, base, like=x), m


def finish(x: Value, y: Value) -> Value:
    """y, but NaN below 0, -inf at 0, and x itself where it is inf or NaN."""
    y = (x < INFINITY).where(y, x)
    y = (x < 0.0).where(NAN, y)
    return x.equals(0.0).where(-INFINITY, y)


def tail_of_log(f: Value) -> Value:
    """log(1 + f) - f for sqrt(1/2) <= 1 + f < sqrt(2).

    Floats by a polynomial in f; doubles through s = f/(2 + f), log(1 + f) = 2*atanh(s), where
    2*s = f - s*f turns into f - f**2/2 + s*(f**2/2 + s**2*R(s**2)) so that f is a term by itself.
    """
    if f.t.bits == 32:
        square = f * f
        return square.mad(-0.5, square * f * f.polynomial(coefficients.LOG[32]))
    s = f / (f + 2.0)
    z = s * s
    half = f * (f * 0.5)
    return s * z.mad(z.polynomial(coefficients.LOG_S[64]), half) - half


def log(x: Value) -> Value:
    """The natural logarithm."""
    k, m = split(x)
    return finish(x, log_sum(k, m - 1.0))


def log_sum(k: Value, f: Value, more: Value | None = None) -> Value:
    """k*log(2) + log(1 + f), plus a small `more`."""
    high, low = coefficients.LN2_SHORT[f.t.bits]
    tail = tail_of_log(f)
    if more is not None:
        tail = tail + more
    return k.mad(high, f + k.mad(low, tail))


def log1p(x: Value) -> Value:
    """log(1 + x), exact near 0."""
    return keep_tiny(x, finish_log1p(x, log_of_sum(1.0, x)))


def log_of_sum(
    one: Value | float, x: Value, more: Value | None = None, add: Value | None = None
) -> Value:
    """log(one + x + more) + add*log(2) for a positive sum, `one` being 1 or 0 and `more` tiny.

    The sum rounded gives the exponent k; f = (one + x)/2**k - 1 is then taken from x itself.
    """
    mantissa, bias = (23, 127) if x.t.bits == 32 else (52, 1023)
    k, _ = split(x + one)
    # 2**(2 - k), not 2**-k, which may be denormal; products with it are exact.
    magic = 1.5 * 2.0**mantissa + 2 + bias
    scale = ((magic - k).bits() << mantissa).real()
    f = (x * 0.25).mad(scale, (scale * 0.25) * one - 1.0)
    if more is not None:
        more = more * (scale * 0.25) * f.mad(f.mad(0.9, -1.0), 1.0)  # about 1/(1 + f)
    return log_sum(k if add is None else k + add, f, more)


def finish_log1p(x: Value, y: Value) -> Value:
    """As `finish`, of 1 + x."""
    y = (x < INFINITY).where(y, x)
    y = (x < -1.0).where(NAN, y)
    return x.equals(-1.0).where(-INFINITY, y)


def log2(x: Value) -> Value:
    """The binary logarithm; exact at powers of two."""
    k, m = split(x)
    f = m - 1.0
    high, low = coefficients.LOG2_E[x.t.bits]
    # f*log2(e) in one rounding at the end, the rest before it.
    rest = tail_of_log(f).mad(high, f * low)
    return finish(x, k + f.fma(high, rest))


def log10(x: Value) -> Value:
    """The decimal logarithm."""
    k, m = split(x)
    f = m - 1.0
    high, low = coefficients.LOG10_E[x.t.bits]
    two_high, two_low = coefficients.LOG10_2[x.t.bits]
    rest = tail_of_log(f).mad(high, f.mad(low, k * two_low))
    return finish(x, k.mad(two_high, f.fma(high, rest)))


def log1pexp(x: Value) -> Value:
    """log(1 + e**x), which is x + log(1 + e**-x) for positive x."""
    e = exp(-abs(x))
    # e <= 1 makes the reduction of `log_of_sum` a choice.
    big = e > 0.41421356
    k = big.where(1.0, 0.0, like=e)
    return x.over(0.0) + keep_tiny(e, log_sum(k, big.where(e.mad(0.5, -0.5), e)))
