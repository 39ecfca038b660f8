"""The error function, its complement, plain and scaled, and its inverse."""

from __future__ import annotations

from . import coefficients
from .exponential import (
    exp_of_reduced,
    expm1_of_reduced,
    plain_exp,
    power_of_two,
    reduced,
    scaled,
)
from .logarithmic import log
from .values import INFINITY, Value, fast_two_sum


def small_erf(x: Value) -> Value:
    """erf(x)/x - 1 for |x| <= 1."""
    return (x * x).polynomial(coefficients.ERF[x.t.bits])


def scaled_erfc(size: Value) -> Value:
    """(1 + x) * exp(x*x) * erfc(x) for x >= 1/2: a polynomial in (x - 3)/(x + 3)."""
    size = size.under(2.0**60)
    return ((size - 3.0) / (size + 3.0)).polynomial(coefficients.ERFC[size.t.bits])


def erf(x: Value) -> Value:
    """The error function: a polynomial up to 1, beyond that 1 - exp(p), p a polynomial for log(erfc)."""
    size = abs(x)
    near = size.mad(small_erf(x), size)
    inside = size.under(4.0 if x.t.bits == 32 else 6.0)  # from here on it is 1
    far = 1.0 - plain_exp(inside.polynomial(coefficients.LOG_ERFC[x.t.bits]))
    return (size < 1.0).where(near, far).copysign(x)


def erfc(x: Value) -> Value:
    """1 - erf(x), accurate for large x: exp(-x*x), with the rounding error of the square, times erfcx."""
    near = small_erfc(x)
    size = abs(x).under(10.2 if x.t.bits == 32 else 27.3)
    square, error = size.times(size)
    bits, r = reduced(-square)
    p = scaled_erfc(size)
    far = scaled(p.mad(expm1_of_reduced(r - error), p) / (size + 1.0), -square, bits)
    return (abs(x) < 0.5).where(near, (x < 0.0).where(2.0 - far, far))


def small_erfc(x: Value) -> Value:
    """1 - erf(x) for |x| <= 1/2."""
    base, rest = fast_two_sum(1.0, -x)
    return base + (rest - x * small_erf(x))


def erfcx(x: Value) -> Value:
    """exp(x*x) * erfc(x), which overflows for x below -9.38 (-26.6)."""
    size = abs(x)
    far = scaled_erfc(size) / (size + 1.0)
    inside = size.under(9.45 if x.t.bits == 32 else 26.65)
    square, error = inside.times(inside)
    bits, r = reduced(square)
    double = (
        exp_of_reduced(r + error) * power_of_two(bits, -1) * 4.0
    )  # 2*exp(x*x), which may overflow
    near = small_erfc(x) * (double * 0.5)
    return (size < 0.5).where(near, (x < 0.0).where(double - far, far))


def erfinv(x: Value) -> Value:
    """The inverse of erf: a polynomial up to 1/2, beyond that one in u = sqrt(-log(1 - |x|)), times u."""
    size = abs(x)
    near = size.mad((x * x).polynomial(coefficients.ERFINV[x.t.bits]), size)
    u = (-log(1.0 - size)).sqrt()
    far = ((u - 1.5) / (u + 1.5)).polynomial(coefficients.ERFINV_FAR[x.t.bits]) * u
    far = size.equals(1.0).where(INFINITY, far)
    return (size < 0.5).where(near, far).copysign(x)
